"""The life of a diagnosis: opened, seen again, clean, resolved, failing again. Changes rows in memory, stores nothing.

All times are the API server's clock, so that the time of a fault and the time of its resolution compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from diagnostics.engine.verdict import Verdict
from diagnostics.models import Activity, Diagnosis
from diagnostics.rules.model import Severity

HOLD = timedelta(minutes=2)  # Clean for so long before a diagnosis is resolved.
CRASH_HOLD = timedelta(minutes=10)  # A crash loop backs off for up to five minutes and looks healthy meanwhile.
REGRESSES_WITHIN = timedelta(days=1)
NEW_FOR = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=1)  # How exact `last_seen` is where nothing else changed.
PODS_NAMED = 500  # Pods that a stored verdict names; `pods_affected` counts them all.
SYMPTOMS_NAMED = 500  # Symptoms that it names, of a cause that many workloads share.


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to a row: `told` if a reader sees it, `touched` if it is to be stored at all."""

    told: bool = False
    touched: bool = False
    activity: Activity.Kind | None = None
    detail: dict[str, Any] = field(default_factory=dict)


STILL = Step()


def opened(cluster_id: int, verdict: Verdict, now: datetime) -> Diagnosis:
    """A new diagnosis, with what its fingerprint stands for: none of that ever changes."""
    row = Diagnosis(
        cluster_id=cluster_id,
        fingerprint=verdict.fingerprint,
        code=verdict.code,
        namespace=verdict.namespace or "",
        workload_kind=verdict.workload.kind,
        workload_name=verdict.workload.name,
        container=verdict.container or "",
        opened_at=now,
        first_seen=verdict.first_seen,
        notice_due_at=verdict.notify_at,
    )
    _fill(row, verdict, now)
    return row


def seen(row: Diagnosis, verdict: Verdict, now: datetime) -> Step:
    """An open diagnosis is found again."""
    before = {"severity": row.severity, "confidence": str(row.confidence)}
    held, row.clean_since = row.clean_since, None
    stale = now - row.last_seen >= SEEN_EVERY
    told = _fill(row, verdict, now)
    if row.state != Diagnosis.State.ONGOING and now - row.opened_at >= NEW_FOR:
        row.state, told = Diagnosis.State.ONGOING, True
    detail = {name: {"from": old, "to": new} for name, old in before.items() if (new := getattr(row, name)) != old}
    if "severity" in detail or row.snoozed_until is not None:
        row.notice_due_at = now  # It may be worse than what was told, or than when it was snoozed.
    return Step(told, told or stale or held is not None, Activity.Kind.CHANGED if detail else None, detail)


def missed(row: Diagnosis, now: datetime) -> Step:
    """An open diagnosis is not found any more: it is held for a while, then resolved."""
    if row.clean_since is None:
        row.clean_since = now
        return Step(touched=True)
    if now < row.clean_since + _hold(row):
        return STILL
    row.state, row.resolved_at, row.clean_since, row.notice_due_at = Diagnosis.State.RESOLVED, now, None, now
    return Step(told=True, touched=True, activity=Activity.Kind.RESOLVED)


def clean_until(row: Diagnosis) -> datetime | None:
    """When a diagnosis that is clean now will be resolved; None for one that is not clean."""
    return row.clean_since + _hold(row) if row.clean_since else None


def _hold(row: Diagnosis) -> timedelta:
    return CRASH_HOLD if row.code.startswith("crash-") else HOLD


def reopened(row: Diagnosis, verdict: Verdict, now: datetime) -> Step:
    """A resolved diagnosis is found again: regressed if it was resolved lately, else new once more."""
    if row.resolved_at is None or is_old_news(verdict, row.resolved_at):
        return STILL
    lately = now - row.resolved_at <= REGRESSES_WITHIN
    row.state = Diagnosis.State.REGRESSED if lately else Diagnosis.State.NEW
    row.first_seen = max(verdict.first_seen, row.resolved_at)
    row.opened_at, row.resolved_at, row.clean_since = now, None, None
    row.acknowledged_at = row.acknowledged_by = None  # That somebody knew of it then says nothing of now.
    row.explained_by = None
    row.notice_due_at = max(verdict.notify_at, now)
    row.occurrences_count += 1
    _fill(row, verdict, now)
    return Step(told=True, touched=True, activity=Activity.Kind.REGRESSED if lately else Activity.Kind.OPENED)


def is_old_news(verdict: Verdict, resolved_at: datetime) -> bool:
    """Whether nothing but history speaks for a verdict, and all of it from before the resolution.

    Events, log lines and last terminations tell of the past and may be read late; whatever else a verdict quotes is
    how things stand now, since when does not matter.
    """
    return all(
        (item.source in ("event", "log") or ".lastState." in item.path)
        and item.at is not None
        and item.at <= resolved_at
        for item in verdict.evidence
    )


# "nothing for 28m", "15 restarts in 1h4m": that time goes by is no news.
_AGES = re.compile(r"\b\d+[smhd](?:\d+[smh])?\b")


def _fill(row: Diagnosis, verdict: Verdict, now: datetime) -> bool:
    """Takes a verdict over into a row; returns whether a reader sees a difference."""
    row.last_seen = now
    # The row has seen more than this one look, so its times count; `last_seen` alone is no news.
    said = msgspec.structs.replace(
        verdict,
        pods=verdict.pods[:PODS_NAMED],
        symptoms=verdict.symptoms[:SYMPTOMS_NAMED],
        first_seen=row.first_seen,
        last_seen=row.first_seen,
    )
    ageless = msgspec.structs.replace(said, summary=_AGES.sub("", said.summary), cause=_AGES.sub("", said.cause))
    digest = blake2b(msgspec.json.encode(ageless), digest_size=16).hexdigest()
    if row.verdict_digest == digest:
        return False
    row.verdict_digest = digest
    row.verdict = _json(msgspec.structs.replace(said, last_seen=now))
    row.severity, row.confidence = int(Severity[verdict.severity.upper()]), verdict.confidence
    row.summary, row.restarts = row.verdict["summary"], verdict.restarts
    row.pods_affected, row.pods_total = verdict.pods_affected, verdict.pods_total
    row.node = _node(verdict)
    return True


def _node(verdict: Verdict) -> str:
    """The node that a verdict speaks of, or that all its pods are on."""
    if verdict.workload.kind == "Node":
        return verdict.workload.name
    nodes = {pod.node for pod in verdict.pods}
    return (nodes.pop() or "") if len(nodes) == 1 else ""


def _json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored. PostgreSQL keeps no NUL, which a program may well write before it dies."""
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(verdict).replace(rb"\u0000", rb"\ufffd"))
    return body
