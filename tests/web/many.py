"""As many diagnoses as one likes, as they come: many codes, namespaces and nodes, a few of them taken over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from diagnostics.models import Activity, Cluster, Diagnosis, Occurrence
from diagnostics.rules import rules
from diagnostics.rules.model import Severity
from tests.web.rows import a_verdict

OPENED, RESOLVED = timedelta(days=3), timedelta(days=90)  # Over which the ones were opened, the others resolved.
NAMESPACES, NODES, BATCH = 200, 100, 5_000
SEVERITIES = (Severity.LOW, Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM, Severity.LOW, Severity.CRITICAL)
STATES = ("new", "ongoing", "ongoing", "regressed")


def add_diagnoses(cluster: Cluster, numbers: range, now: datetime, *, resolved: bool = False) -> None:
    """Stores a diagnosis with its occurrence and its opening for each number."""
    rows = _diagnoses(cluster, numbers, now, resolved=resolved)
    while batch := Diagnosis.objects.bulk_create(islice(rows, BATCH)):
        Occurrence.objects.bulk_create(
            Occurrence(
                diagnosis=row,
                started_at=row.first_seen,
                ended_at=row.resolved_at,
                pods_peak=row.pods_affected,
                verdict=row.verdict,
            )
            for row in batch
        )
        Activity.objects.bulk_create(Activity(diagnosis=row, kind="opened", at=row.opened_at) for row in batch)


def _diagnoses(cluster: Cluster, numbers: range, now: datetime, *, resolved: bool) -> Iterator[Diagnosis]:
    codes, body = sorted(rules()), msgspec.to_builtins(a_verdict(first_seen=now))
    for n in numbers:
        at = now - (RESOLVED if resolved else OPENED) * (n % 4_999) / 5_000
        began, severity = at - timedelta(hours=resolved), SEVERITIES[n % len(SEVERITIES)]
        said = {
            "code": codes[n * 7 % len(codes)],
            "namespace": f"ns-{n % NAMESPACES}",
            "summary": f"Container app of w{n} stops at start: VARIABLE_{n % 50} is not set.",
        }
        yield Diagnosis(
            cluster=cluster,
            fingerprint=f"{'resolved' if resolved else 'open'}-{n}",
            state="resolved" if resolved else STATES[n % len(STATES)],
            severity=severity,
            confidence="certain",
            workload_kind="Deployment",
            workload_name=f"w{n}",
            container="app",
            node=f"node-{n % NODES}" if n % 3 else "",
            pods_affected=n * 13 % 150,
            pods_total=150,
            verdict={**body, **said, "severity": severity.word},
            first_seen=began,
            last_seen=at if resolved else now,
            opened_at=began,
            resolved_at=at if resolved else None,
            acknowledged_at=now if n % 20 == 3 else None,
            snoozed_until=now + timedelta(days=1) if n % 100 == 7 else None,
            **said,
        )
