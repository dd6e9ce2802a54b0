"""Turns judgements into rows: every verdict becomes, or goes on with, one diagnosis."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Greatest

from diagnostics.engine.verdict import Judgement, Verdict
from diagnostics.kube.resources import PODS, resource_of
from diagnostics.models import Activity, Cluster, Diagnosis, Occurrence
from diagnostics.operations import lifecycle
from diagnostics.operations.bulk import chunks, rewrite
from diagnostics.operations.fixes import fixed_by
from diagnostics.operations.lifecycle import Step
from diagnostics.operations.picture import Place
from diagnostics.rules import checks

# What a diagnosis of the one may be concluded from the other.
_BELOW = {"Deployment": ("ReplicaSet",), "CronJob": ("Job",)}
COLUMNS = (  # What a verdict may change in a stored row.
    *("version", "state", "severity", "confidence", "summary", "node", "pods_affected", "pods_total", "restarts"),
    *("verdict", "verdict_digest", "first_seen", "last_seen", "opened_at", "clean_since", "resolved_at"),
    *("occurrences_count", "notice_due_at", "acknowledged_at", "acknowledged_by_id", "explained_by_id"),
)
RESOLUTION = (  # And what its end changes.
    *("version", "state", "resolved_at", "clean_since", "notice_due_at", "explained_by_id", "last_fixed_by"),
)
LONGEST_FIX = 200


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording changed that a reader sees, and when namespaces have to be judged again without a change."""

    ids: frozenset[UUID] = frozenset()
    look_again: dict[str, datetime] = field(default_factory=dict)


def record(
    cluster: Cluster,
    judgement: Judgement,
    now: datetime,
    *,
    namespaces: Collection[str] | None = None,
    unread: Collection[Place] = (),
    awaited: Collection[str] = (),
) -> Recorded:
    """Stores a judgement of some namespaces, or of all the cluster (None). To be called in a transaction.

    A diagnosis that no verdict speaks for counts as clean, but not for codes that a skipped or crashed check might have
    concluded. What is concluded from one of the `unread` lists stays as it is, for they may be old. What has no
    namespace, such as a node, is in the blank one. `now` is the API server's clock.

    Nothing is opened that is said of `awaited` pods alone (by uid), whose log is still to come and may say better; nor
    does anything of their workload count as clean meanwhile.
    """
    ledger = _Ledger(cluster, now)
    rows = _rows(cluster, judgement.verdicts, namespaces)
    held = set[tuple[str | None, str, str]]()
    for verdict in sorted(judgement.verdicts, key=_by_time):
        row = rows.pop(verdict.fingerprint, None)
        if _is_unread(unread, verdict.code, verdict.namespace or "", verdict.workload.kind):
            continue
        if _is_closed(row) and _awaits(verdict, awaited):
            held.add((verdict.namespace, verdict.workload.kind, verdict.workload.name))
        else:
            ledger.found(row, verdict)
    codes, above = _unjudged(judgement), _above(judgement.verdicts)
    for row in rows.values():
        kept = row.code in codes or (row.namespace, row.workload_kind, row.workload_name) in held
        if not kept and not _is_unread(unread, row.code, row.namespace, row.workload_kind):
            ledger.missing(row, above.get((row.code, row.namespace, row.workload_kind, row.workload_name)))
    ledger.store()
    return Recorded(frozenset(ledger.told), ledger.look_again)


def hold_again(cluster: Cluster, now: datetime) -> None:
    """Lets the hold of whatever is clean begin anew: nobody watched meanwhile. To be called in a transaction."""
    Diagnosis.objects.filter(cluster=cluster, clean_since__isnull=False).update(clean_since=now)


def _by_time(verdict: Verdict) -> tuple[datetime, str]:
    """New diagnoses are numbered in this order, whatever order they are found in."""
    return verdict.first_seen, verdict.fingerprint


def _rows(cluster: Cluster, verdicts: Iterable[Verdict], namespaces: Collection[str] | None) -> dict[str, Diagnosis]:
    """The open diagnoses of the namespaces, and whatever is stored of the verdicts, by fingerprint.

    Locked until they are stored: what somebody does to one meanwhile, or a notice that is decided, would be undone.
    """
    rows = Diagnosis.objects.filter(cluster=cluster).defer("verdict").select_for_update(no_key=True)
    still_open = rows.filter(state__in=Diagnosis.OPEN)
    if namespaces is None:
        known = list(still_open)
    else:
        known = [row for chunk in chunks(namespaces) for row in still_open.filter(namespace__in=chunk)]
    fingerprints = {verdict.fingerprint for verdict in verdicts}.difference(row.fingerprint for row in known)
    known.extend(row for chunk in chunks(fingerprints) for row in rows.filter(fingerprint__in=chunk))
    return {row.fingerprint: row for row in known}


def _above(verdicts: Iterable[Verdict]) -> dict[tuple[str, str, str, str], str]:
    """The fingerprint of the verdict that explains them, by code, namespace, kind and name of its symptoms."""
    return {
        (symptom.code, symptom.namespace or "", symptom.workload.kind, symptom.workload.name): verdict.fingerprint
        for verdict in verdicts
        for symptom in verdict.symptoms
    }


def _unjudged(judgement: Judgement) -> frozenset[str]:
    """The codes that cannot be told to be gone, for a check that concludes them was skipped or crashed.

    What crashed may also be the wording of one code; then it goes by that code's name.
    """
    failed = {item.check for item in judgement.skipped} | {item.check for item in judgement.crashed}
    return frozenset(code for check in failed for code in _codes().get(check, {check}))


@cache
def _codes() -> dict[str, frozenset[str]]:
    codes: dict[str, frozenset[str]] = {}
    for check in checks():
        codes[check.name] = codes.get(check.name, frozenset()) | {rule.code for rule in check.rules}
    return codes


def _is_closed(row: Diagnosis | None) -> bool:
    return row is None or row.state == Diagnosis.State.RESOLVED


def _awaits(verdict: Verdict, awaited: Collection[str]) -> bool:
    """Whether all that a verdict speaks of are pods whose log is still to come."""
    return bool(verdict.namespace and verdict.pods) and all(pod.uid in awaited for pod in verdict.pods)


def _is_unread(unread: Collection[Place], code: str, namespace: str, workload_kind: str) -> bool:
    """Whether a list could not be read that holds the objects from which a diagnosis is concluded."""
    if not unread:
        return False
    about = _kinds().get(code, frozenset())
    kinds = about & {"Pod", workload_kind, *_BELOW.get(workload_kind, ())} or about
    lists = {PODS.name, *map(resource_of, kinds)}
    return any((name, place) in unread for name in lists for place in (None, namespace))


@cache
def _kinds() -> dict[str, frozenset[str]]:
    """The kinds of objects from which each code is concluded."""
    kinds: dict[str, frozenset[str]] = {}
    for check in checks():
        for rule in check.rules:
            kinds[rule.code] = kinds.get(rule.code, frozenset()).union(check.about)
    return kinds


class _Ledger:
    """Collects what becomes of each row, and stores it in a few statements however many they are."""

    def __init__(self, cluster: Cluster, now: datetime) -> None:
        self.told: list[UUID] = []
        self.look_again: dict[str, datetime] = {}
        self._cluster = cluster
        self._now = now
        self._created: list[Diagnosis] = []
        self._changed: list[Diagnosis] = []
        self._seen: list[Diagnosis] = []
        self._clean: list[Diagnosis] = []
        self._resolved: list[Diagnosis] = []
        self._found: dict[str, Diagnosis] = {}  # By fingerprint.
        self._explained: list[tuple[Diagnosis, str]] = []
        self._happened: dict[Activity.Kind, list[tuple[Diagnosis, Step]]] = {}

    def found(self, row: Diagnosis | None, verdict: Verdict) -> None:
        """A verdict, and the diagnosis that is stored of its cause."""
        closed = _is_closed(row)
        if closed and verdict.visible_at > self._now:
            self._appoint(verdict.namespace or "", verdict.visible_at)
        elif row is None:
            row = lifecycle.opened(self._cluster.pk, verdict, self._now)
            self._created.append(row)
            self._note(row, Step(told=True, activity=Activity.Kind.OPENED))
        else:
            step = (lifecycle.reopened if closed else lifecycle.seen)(row, verdict, self._now)
            self._take(row, step, self._changed, self._seen)
        if row is not None:
            self._found[verdict.fingerprint] = row

    def missing(self, row: Diagnosis, above: str | None = None) -> None:
        """An open diagnosis that no verdict speaks for; `above` is the fingerprint of the one that explains it now."""
        step = lifecycle.missed(row, self._now)
        self._take(row, step, self._resolved, self._clean)
        if step.told and above is not None:
            self._explained.append((row, above))
        if until := lifecycle.clean_until(row):
            self._appoint(row.namespace, until)

    def _take(self, row: Diagnosis, step: Step, if_told: list[Diagnosis], if_touched: list[Diagnosis]) -> None:
        if step.told:
            row.version += 1
            if_told.append(row)
        elif step.touched:
            if_touched.append(row)
        self._note(row, step)

    def _note(self, row: Diagnosis, step: Step) -> None:
        if step.told:
            self.told.append(row.uuid)
        if step.activity:
            self._happened.setdefault(step.activity, []).append((row, step))

    def _appoint(self, namespace: str, at: datetime) -> None:
        self.look_again[namespace] = min(at, self.look_again.get(namespace, at))

    def store(self) -> None:
        """Writes everything that was collected."""
        Diagnosis.objects.bulk_create(self._created)
        for row, above in self._explained:
            row.explained_by = self._found.get(above)
        fixes = fixed_by(row for row in self._resolved if row.explained_by is None)
        for row in self._resolved:
            row.last_fixed_by = fixes.get(row.number, "")[:LONGEST_FIX]
        rewrite(self._changed, COLUMNS)
        rewrite(self._resolved, RESOLUTION)
        rewrite(self._seen, ("last_seen", "clean_since"))
        rewrite(self._clean, ("clean_since",))
        self._store_occurrences()
        Activity.objects.bulk_create(
            Activity(diagnosis=row, kind=kind, at=self._now, detail=step.detail)
            for kind, steps in self._happened.items()
            for row, step in steps
        )

    def _store_occurrences(self) -> None:
        for numbers in chunks(row.number for row in self._resolved):
            Occurrence.objects.filter(ended_at=None, diagnosis__in=numbers).update(ended_at=self._now)
        pods = Subquery(Diagnosis.objects.filter(pk=OuterRef("diagnosis")).values("pods_affected"))
        for numbers in chunks(row.number for row in self._changed):
            running = Occurrence.objects.filter(ended_at=None, diagnosis__in=numbers)
            running.update(pods_peak=Greatest("pods_peak", pods))
        Occurrence.objects.bulk_create(
            Occurrence(diagnosis=row, started_at=row.first_seen, pods_peak=row.pods_affected, verdict=row.verdict)
            for row in self._rows(Activity.Kind.OPENED, Activity.Kind.REGRESSED)
        )

    def _rows(self, *kinds: Activity.Kind) -> Iterator[Diagnosis]:
        for kind in kinds:
            yield from (row for row, _ in self._happened.get(kind, ()))
