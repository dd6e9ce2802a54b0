"""Pages over 0, 5, 500 and 50,000 open diagnoses, and many resolved ones: time, queries and bytes.

`python -m bench.pages [OPEN [RESOLVED]]` prints for each page the milliseconds of the server, of the first request over
a new connection to the database and of the quickest later one, against that over five diagnoses in the same run; the
queries; and the size of the HTML, as it is and gzipped. On the database of `DATABASE_URL`, else on a SQLite file.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.database import migrated

TARGET_MS, TARGET_KB = 300, 200
WARM = 5  # Requests of which the quickest counts: noise only ever adds.
BASE = 5  # Open diagnoses to which the others are compared.
RESOLVED_ONE_BY_ONE = 5_000
LOOKED_AT = "open-1"  # The fingerprint of the diagnosis whose page is measured.

LISTS = {
    "triage": "/",
    "by newest": "/?sort=newest",
    "review": "/?tab=review",
    "mine": "/?tab=mine",
    "snoozed": "/?tab=snoozed",
    "resolved": "/?tab=resolved",
    "by cause": "/?group=cause",
    "by workload": "/?group=workload",
    "by node": "/?group=node",
    "by namespace": "/?group=namespace",
    "one severity": "/?severity=critical",
    "one namespace": "/?namespace=ns-7",
    "a search": "/?q=VARIABLE_7",
    "a vain search": "/?q=nothing-is-called-so",
    "a common search": "/?q=VARIABLE",
    "among resolved": "/?tab=resolved&q=VARIABLE",
    "of them in vain": "/?tab=resolved&q=nothing-is-called-so",
    "one cluster": "/?cluster=bench",
    "one by one": "/?group=nothing",
    "page 40": "/?group=nothing&page=40",
    "resolved page 40": "/?tab=resolved&page=40",
}
OTHERS = {
    "timeline": "/timeline",
    "timeline, 14 days": "/timeline?span=14d",
    "its map": "/timeline?span=14d&view=heat",
    "its chart": "/timeline/chart?span=14d",
    "wallboard": "/tv",
    "search": "/search?q=VARIABLE",
    "search in vain": "/search?q=nothing-is-called-so",
    "clusters": "/clusters/",
    "codes": "/codes/",
    "notifications": "/notifications/",
    "settings": "/settings/people",
    "system": "/settings/system",
    "evidence kept": "/settings/retention",
    "signal": "/live/changes?since=0",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of the first request and of a later one, queries, bytes of HTML as it is and gzipped."""

    first: float
    warm: float
    queries: int
    raw: int
    gzipped: int


def measure(most: int, resolved: int, vendor: str) -> None:
    """Measures and prints."""
    from tests.web.many import add_diagnoses  # noqa: PLC0415 - needs Django set up, as the others do.
    from tests.web.rows import a_cluster  # noqa: PLC0415

    client, cluster, now = _reader(), a_cluster("bench"), datetime.now(UTC)
    print(f"the first request of the process: {_timed(client, '/')[0]:.0f} ms")
    print(f"pages on {vendor}: first request, later ones, queries, kB of HTML (gzipped)")
    base: dict[str, Cost] = {}
    done = 0
    for size in (0, BASE, 500, most):
        add_diagnoses(cluster, range(done, size), now)
        if done < BASE <= size:
            _keep_a_pod(now)
        done = max(done, size)
        base |= _report(f"{size:,} open", client, base, keep=size == BASE)
    if resolved:
        add_diagnoses(cluster, range(RESOLVED_ONE_BY_ONE), now, resolved=True)
        _multiply(resolved // RESOLVED_ONE_BY_ONE - 1)
        _report(f"{most:,} open, {resolved:,} resolved", client, base, keep=False)


def _keep_a_pod(now: datetime) -> None:
    """Of the diagnosis that is looked at: a pod with a log as long as they are kept, and as many ended runs."""
    from diagnostics.models import Diagnosis, EndedRun  # noqa: PLC0415
    from diagnostics.operations.packing import pack  # noqa: PLC0415
    from diagnostics.operations.pruning import ENDED_RUNS_KEPT  # noqa: PLC0415
    from tests.operations.watched import crashing_pod  # noqa: PLC0415
    from tests.web.rows import a_kept_log, a_kept_pod  # noqa: PLC0415

    row = Diagnosis.objects.get(fingerprint=LOOKED_AT)
    pod = a_kept_pod(row, body=pack(msgspec.json.encode(crashing_pod("cart", row.namespace))))
    a_kept_log(row, *(f"2026-11-23T03:00:00Z INFO line {n} of a log that is as long as they are" for n in range(500)))
    named = {"namespace": row.namespace, "workload_kind": row.workload_kind, "workload_name": row.workload_name}
    EndedRun.objects.bulk_create(
        EndedRun(
            **named,
            cluster_id=row.cluster_id,
            pod_uid=pod.uid,
            container="app",
            restart=n,
            exit_code=137,
            reason="OOMKilled",
            ended_at=now - n * timedelta(minutes=5),
        )
        for n in range(ENDED_RUNS_KEPT)
    )


def _multiply(times: int) -> None:
    """Stores every resolved diagnosis and its occurrence so many times more, by the database alone."""
    from django.db import connection  # noqa: PLC0415

    from diagnostics.models import Diagnosis  # noqa: PLC0415

    uuid = "lower(hex(randomblob(16)))" if connection.vendor == "sqlite" else "gen_random_uuid()"
    made = {"uuid": uuid, **{name: f"{name} || '-' || copy.n" for name in ("fingerprint", "workload_name")}}
    columns = [str(field.column) for field in Diagnosis._meta.concrete_fields if not field.primary_key]  # noqa: SLF001
    values = ", ".join(made.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO diagnostics_diagnosis ({', '.join(columns)})"  # noqa: S608 - our own names
            " WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < %s)"
            f" SELECT {values} FROM diagnostics_diagnosis CROSS JOIN copy WHERE state = 'resolved'",
            [times],
        )
        cursor.execute(
            "INSERT INTO diagnostics_occurrence (diagnosis_id, started_at, ended_at, pods_peak, verdict)"
            " SELECT number, first_seen, resolved_at, pods_affected, '{}' FROM diagnostics_diagnosis"
            " WHERE number NOT IN (SELECT diagnosis_id FROM diagnostics_occurrence)"
        )
        if connection.vendor == "postgresql":  # As its autovacuum does.
            cursor.execute("VACUUM ANALYZE")


def _reader() -> Any:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from tests.people import a_person  # noqa: PLC0415

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    client = Client(headers={"host": "localhost"})
    client.force_login(a_person("bench", "admin"))
    return client


def _report(title: str, client: Any, base: dict[str, Cost], *, keep: bool) -> dict[str, Cost]:
    print(f"{title}")
    found = {}
    for name, path in _pages():
        if name not in base:
            client.get(path)  # Its templates are read once a process.
        found[name] = cost = _cost(client, path)
        times = f"{cost.warm / base[name].warm:5.1f} times" if name in base else ""
        missed = " <- above target" * (cost.first > TARGET_MS or cost.raw > TARGET_KB * 1_000)
        sizes = f"{cost.queries:3} queries {cost.raw / 1e3:6.1f} kB ({cost.gzipped / 1e3:4.1f})"
        print(f"  {name:18} {cost.first:6.0f} ms {cost.warm:6.0f} ms {times:12} {sizes}{missed}", flush=True)
    return found if keep else {}


def _pages() -> Iterator[tuple[str, str]]:
    """Every page with its address; those of a diagnosis and a pod once there is one."""
    from diagnostics.models import Diagnosis  # noqa: PLC0415

    yield from LISTS.items()
    for row in Diagnosis.objects.filter(fingerprint=LOOKED_AT):
        yield "diagnosis", f"/d/{row.number}"
        yield "pod", f"/c/bench/p/{row.verdict['pods'][0]['uid']}"
        yield "restarts", f"/d/{row.number}/restarts"
    yield from OTHERS.items()


def _cost(client: Any, path: str) -> Cost:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    connection.close()
    first, answer = _timed(client, path)
    warm = min(_timed(client, path)[0] for _ in range(WARM))
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    body = answer.getvalue()
    return Cost(first, warm, len(queries), len(body), len(gzip.compress(body, 6)))


def _timed(client: Any, path: str) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - started) * 1e3
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return took, answer


if __name__ == "__main__":
    with migrated() as vendor:
        given = [int(word) for word in sys.argv[1:]]
        most, resolved = (*given, *(50_000, 20_000)[len(given) :])
        measure(most, resolved, vendor)
