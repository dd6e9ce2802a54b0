"""Turns judgements into rows: every verdict becomes, or goes on with, one diagnosis."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from diagnostics.engine.verdict import Judgement, Verdict
from diagnostics.models import Activity, Cluster, Diagnosis, Occurrence
from diagnostics.operations import lifecycle
from diagnostics.operations.lifecycle import Step
from diagnostics.rules import checks
from diagnostics.snapshot.owners import WorkloadRef

CHUNK = 500  # Values named in one query.
COLUMNS = (  # What a step may change in a stored row.
    *("version", "state", "code", "severity", "confidence", "namespace", "workload_kind", "workload_name", "container"),
    *("summary", "pods_affected", "pods_total", "restarts", "verdict", "first_seen", "last_seen", "opened_at"),
    *("clean_since", "resolved_at", "occurrences_count"),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording changed that a reader sees, and when workloads have to be looked at again without a change."""

    ids: frozenset[UUID] = frozenset()
    look_again: dict[WorkloadRef, datetime] = field(default_factory=dict)


def record(
    cluster: Cluster,
    judgement: Judgement,
    now: datetime,
    *,
    workloads: frozenset[WorkloadRef] | None = None,
    blind: Collection[str] = (),
) -> Recorded:
    """Stores a judgement of some workloads, or of all the cluster (None). To be called in a transaction.

    What a diagnosis is about and was not found counts as clean, but not in `blind` namespaces, whose pods could not
    be read, and not for codes that a skipped or crashed check might have concluded. `now` is the API server's clock.
    """
    ledger = _Ledger(cluster, now)
    rows = _rows(cluster, judgement.verdicts, workloads)
    for verdict in sorted(judgement.verdicts, key=_by_time):
        ledger.found(rows.pop(verdict.fingerprint, None), verdict)
    codes = _unjudged(judgement)
    for row in rows.values():
        if row.code not in codes and row.namespace not in blind:
            ledger.missing(row)
    ledger.store()
    return Recorded(frozenset(ledger.told), ledger.look_again)


def _by_time(verdict: Verdict) -> tuple[datetime, str]:
    """New diagnoses are numbered in this order, whatever order they are found in."""
    return verdict.first_seen, verdict.fingerprint


def _rows(
    cluster: Cluster, verdicts: Iterable[Verdict], workloads: frozenset[WorkloadRef] | None
) -> dict[str, Diagnosis]:
    """The open diagnoses of the workloads, and whatever is stored of the verdicts, by fingerprint."""
    rows = {row.fingerprint: row for row in _open_rows(cluster, workloads)}
    unknown = (verdict.fingerprint for verdict in verdicts if verdict.fingerprint not in rows)
    for fingerprints in _chunks(unknown):
        known = Diagnosis.objects.filter(cluster=cluster, fingerprint__in=fingerprints)
        rows.update((row.fingerprint, row) for row in known)
    return rows


def _open_rows(cluster: Cluster, workloads: frozenset[WorkloadRef] | None) -> Iterator[Diagnosis]:
    is_open: QuerySet[Diagnosis] = Diagnosis.objects.filter(cluster=cluster, state__in=Diagnosis.OPEN)
    if workloads is None:
        yield from is_open
        return
    for chunk in _chunks(workloads):
        names, namespaces = {ref.name for ref in chunk}, {ref.namespace for ref in chunk}
        for row in is_open.filter(workload_name__in=names, namespace__in=namespaces):
            if workload_of(row) in workloads:
                yield row


def workload_of(row: Diagnosis) -> WorkloadRef:
    """The workload that a diagnosis is about."""
    return WorkloadRef(kind=row.workload_kind, name=row.workload_name, namespace=row.namespace)


def _unjudged(judgement: Judgement) -> frozenset[str]:
    """The codes that cannot be told to be gone, for a check that concludes them was skipped or crashed."""
    failed = {item.check for item in judgement.skipped} | {item.check for item in judgement.crashed}
    return frozenset(code for check in failed for code in _codes().get(check, ()))


@cache
def _codes() -> dict[str, frozenset[str]]:
    codes: dict[str, frozenset[str]] = {}
    for check in checks():
        codes[check.name] = codes.get(check.name, frozenset()) | {rule.code for rule in check.rules}
    return codes


class _Ledger:
    """Collects what becomes of each row, and stores it in a few statements however many they are."""

    def __init__(self, cluster: Cluster, now: datetime) -> None:
        self.told: list[UUID] = []
        self.look_again: dict[WorkloadRef, datetime] = {}
        self._cluster = cluster
        self._now = now
        self._created: list[Diagnosis] = []
        self._changed: list[Diagnosis] = []
        self._seen: list[Diagnosis] = []
        self._clean: list[Diagnosis] = []
        self._happened: dict[Activity.Kind, list[tuple[Diagnosis, Step]]] = {}

    def found(self, row: Diagnosis | None, verdict: Verdict) -> None:
        """A verdict, and the diagnosis that is stored of its cause."""
        closed = row is None or row.state == Diagnosis.State.RESOLVED
        if closed and verdict.visible_at > self._now:
            self._appoint(_workload(verdict), verdict.visible_at)
        elif row is None:
            row = lifecycle.opened(self._cluster.pk, verdict, self._now)
            self._created.append(row)
            self._note(row, Step(told=True, activity=Activity.Kind.OPENED))
        else:
            step = (lifecycle.reopened if closed else lifecycle.seen)(row, verdict, self._now)
            self._take(row, step, self._seen)

    def missing(self, row: Diagnosis) -> None:
        """An open diagnosis that no verdict speaks for."""
        self._take(row, lifecycle.missed(row, self._now), self._clean)
        if until := lifecycle.clean_until(row):
            self._appoint(workload_of(row), until)

    def _take(self, row: Diagnosis, step: Step, merely: list[Diagnosis]) -> None:
        if step.told:
            row.version += 1
            self._changed.append(row)
        elif step.touched:
            merely.append(row)
        self._note(row, step)

    def _note(self, row: Diagnosis, step: Step) -> None:
        if step.told:
            self.told.append(row.uuid)
        if step.activity:
            self._happened.setdefault(step.activity, []).append((row, step))

    def _appoint(self, workload: WorkloadRef, at: datetime) -> None:
        self.look_again[workload] = min(at, self.look_again.get(workload, at))

    def store(self) -> None:
        """Writes everything that was collected."""
        Diagnosis.objects.bulk_create(self._created)
        Diagnosis.objects.bulk_create(
            self._changed, update_conflicts=True, unique_fields=["number"], update_fields=COLUMNS
        )
        _update(self._seen, last_seen=self._now, clean_since=None)
        _update(self._clean, clean_since=self._now)
        self._store_occurrences()
        Activity.objects.bulk_create(
            Activity(diagnosis=row, kind=kind, at=self._now, detail=step.detail)
            for kind, steps in self._happened.items()
            for row, step in steps
        )

    def _store_occurrences(self) -> None:
        for numbers in _chunks(row.number for row in self._rows(Activity.Kind.RESOLVED)):
            Occurrence.objects.filter(ended_at=None, diagnosis__in=numbers).update(ended_at=self._now)
        pods = Subquery(Diagnosis.objects.filter(pk=OuterRef("diagnosis")).values("pods_affected"))
        for numbers in _chunks(row.number for row in self._changed):
            running = Occurrence.objects.filter(ended_at=None, diagnosis__in=numbers)
            running.update(pods_peak=Greatest("pods_peak", pods))
        Occurrence.objects.bulk_create(
            Occurrence(diagnosis=row, started_at=row.first_seen, pods_peak=row.pods_affected, verdict=row.verdict)
            for row in self._rows(Activity.Kind.OPENED, Activity.Kind.REGRESSED)
        )

    def _rows(self, *kinds: Activity.Kind) -> Iterator[Diagnosis]:
        for kind in kinds:
            yield from (row for row, _ in self._happened.get(kind, ()))


def _workload(verdict: Verdict) -> WorkloadRef:
    return WorkloadRef(kind=verdict.workload.kind, name=verdict.workload.name, namespace=verdict.namespace or "")


def _update(rows: Iterable[Diagnosis], **columns: datetime | None) -> None:
    for numbers in _chunks(row.number for row in rows):
        Diagnosis.objects.filter(number__in=numbers).update(**columns)


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
