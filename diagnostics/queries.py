"""Every read that the web face needs, each with a constant number of queries whatever is stored."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from django.db.models import Case, Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Value, When

from diagnostics.models import Activity, Cluster, Diagnosis, KeptLog, Occurrence, Suspect, Update
from diagnostics.rules.model import Severity
from diagnostics.snapshot.cluster import ContainerLog

PAGE_SIZE = 50
COUNT_LIMIT = 1_000  # Above it a count is no longer exact where it would have to read everything to be.
TEXT_LIMIT = 200  # Characters of a search that are looked for.
HISTORY_LIMIT = 50  # Occurrences and activities of one diagnosis that are shown.
PODS_LIMIT = 100  # Affected pods of one diagnosis that are shown.
HEAL_LIMIT = 500  # Missed updates that are named one by one; beyond it a page simply fetches everything again.

DEMANDING = (Diagnosis.State.NEW, Diagnosis.State.REGRESSED)  # What nobody has looked at yet.
_IS_OPEN = ~Q(state=Diagnosis.State.RESOLVED)


class Tab(StrEnum):
    """The lists of the triage page."""

    REVIEW = "review"
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; several values of one kind mean any of them."""

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    codes: tuple[str, ...] = ()
    text: str = ""

    def __bool__(self) -> bool:
        return any((self.clusters, self.namespaces, self.severities, self.codes, self.text))

    def condition(self) -> Q:
        """The same as a condition on `Diagnosis`."""
        named: dict[str, Sequence[object]] = {
            "cluster__name__in": self.clusters,
            "namespace__in": self.namespaces,
            "severity__in": self.severities,
            "code__in": self.codes,
        }
        condition = Q(**{lookup: values for lookup, values in named.items() if values})
        return condition & self._text_condition() if self.text else condition

    def _text_condition(self) -> Q:
        text = self.text[:TEXT_LIMIT]
        found = Q()
        for column in ("summary", "workload_name", "namespace", "code", "container"):
            found |= Q(**{f"{column}__icontains": text})
        number = text.removeprefix("#")
        # Nineteen digits and more overflow the column.
        return found | Q(number=int(number)) if number.isdecimal() and len(number) < 19 else found


@dataclass(frozen=True, slots=True)
class Counts:
    """How many diagnoses there are."""

    new: int
    regressed: int
    resolved: int | None  # Stops at COUNT_LIMIT + 1; None if it was not looked for.
    open_by_cluster: dict[str, int]  # By the cluster's name; only those that have one.

    @property
    def open(self) -> int:
        """All that are not resolved."""
        return sum(self.open_by_cluster.values())

    @property
    def review(self) -> int:
        """What nobody has looked at yet."""
        return self.new + self.regressed

    def of(self, tab: Tab) -> int | None:
        """The count of one list; None if it was not looked for."""
        return {Tab.REVIEW: self.review, Tab.OPEN: self.open, Tab.RESOLVED: self.resolved}[tab]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the open diagnoses can be narrowed to, with how many each choice leaves, most first.

    More than COUNT_LIMIT are not all looked at: then these are the choices of the severest, and the counts say no more.
    """

    exact: bool
    severities: tuple[tuple[Severity, int], ...]
    codes: tuple[tuple[str, int], ...]
    namespaces: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    rows: tuple[Diagnosis, ...]
    number: int  # From 1.
    more: bool


@dataclass(frozen=True, slots=True)
class Story:
    """One diagnosis with everything that its page tells."""

    diagnosis: Diagnosis
    occurrences: tuple[Occurrence, ...]  # Newest first, as are the activities.
    activities: tuple[Activity, ...]
    kept_pods: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)  # uid: last seen, gone since.
    log: ContainerLog | None = None  # Of the container, in whichever affected pod it was kept last.
    neighbours: int = 0  # Other open diagnoses in its namespace.


@dataclass(frozen=True, slots=True)
class Missed:
    """What changed after a sequence number; `updates` is None where it is too much to name: fetch again."""

    seq: int
    updates: tuple[Update, ...] | None


def clusters() -> list[Cluster]:
    """All clusters by name, without the bulky fields that only the watchers need."""
    return list(Cluster.objects.defer("resource_versions", "bookings"))


def clusters_with_last_resolved() -> QuerySet[Cluster, tuple[str, datetime | None]]:
    """Each cluster's name and when its latest resolved diagnosis was resolved."""
    latest = Diagnosis.objects.filter(cluster=OuterRef("pk"), state=Diagnosis.State.RESOLVED).order_by("-resolved_at")
    return Cluster.objects.values_list("name", Subquery(latest.values("resolved_at")[:1]))


def counts(chosen: Filter, *, with_resolved: bool = True) -> Counts:
    """Counts of the lists as narrowed by a filter.

    A text has to be looked for in every row, and of resolved rows there may be a million: leave them out unless asked.
    """
    narrowed = Diagnosis.objects.filter(chosen.condition())
    by_cluster = narrowed.filter(_IS_OPEN).values("cluster__name").order_by()
    found = by_cluster.annotate(
        new=Count("pk", filter=Q(state=Diagnosis.State.NEW)),
        regressed=Count("pk", filter=Q(state=Diagnosis.State.REGRESSED)),
        open=Count("pk"),
    )
    rows = list(found)
    return Counts(
        new=sum(row["new"] for row in rows),
        regressed=sum(row["regressed"] for row in rows),
        resolved=_resolved(narrowed) if with_resolved else None,
        open_by_cluster={row["cluster__name"]: row["open"] for row in rows},
    )


def _resolved(narrowed: QuerySet[Diagnosis]) -> int:
    return narrowed.filter(state=Diagnosis.State.RESOLVED)[: COUNT_LIMIT + 1].count()


def choices() -> Choices:
    """What the open diagnoses can be narrowed to."""
    columns = ("severity", "code", "namespace")
    severest = Diagnosis.objects.filter(_IS_OPEN).order_by("-severity").values_list(*columns)
    rows = list(severest[: COUNT_LIMIT + 1])
    tallies: list[Counter[Any]] = [Counter(column) for column in zip(*rows, strict=True)] or [Counter()] * 3
    severities, codes, namespaces = tallies
    return Choices(
        exact=len(rows) <= COUNT_LIMIT,
        severities=tuple((Severity(value), n) for value, n in sorted(severities.items(), reverse=True)),
        codes=tuple(codes.most_common()),
        namespaces=tuple((name, n) for name, n in namespaces.most_common() if name),
    )


def listing(tab: Tab, chosen: Filter, now: datetime, page: int = 1) -> Listing:
    """One page of a list: the open ones worst first, the resolved ones latest first.

    The order is found over narrow rows first; the wide ones are read for the page alone.
    """
    start = (page - 1) * PAGE_SIZE
    ordered = _ordered(tab, now).filter(chosen.condition()).values_list("number", flat=True)
    numbers = list(ordered[start : start + PAGE_SIZE + 1])
    rows = Diagnosis.objects.select_related("cluster").defer("cluster__resource_versions", "cluster__bookings")
    by_number = rows.in_bulk(numbers[:PAGE_SIZE])
    return Listing(
        rows=tuple(by_number[number] for number in numbers if number in by_number),
        number=page,
        more=len(numbers) > PAGE_SIZE,
    )


def _ordered(tab: Tab, now: datetime) -> QuerySet[Diagnosis]:
    if tab is Tab.RESOLVED:
        return Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED).order_by("-resolved_at", "number")
    states = _IS_OPEN & Q(state__in=DEMANDING) if tab is Tab.REVIEW else _IS_OPEN
    return Diagnosis.objects.filter(states).order_by(_weight(now).desc(), "-opened_at", "number")


def _weight(now: datetime) -> Any:
    """Severity x breadth x newness: one severity up counts as much as three half-lives of 12 hours."""
    severity = _steps("severity", {level.value: 8**level.value for level in reversed(Severity)})
    breadth = _steps("pods_affected", {100: 4, 20: 3, 5: 2})
    newness = _steps(
        "opened_at", {now - timedelta(hours=hours): weight for hours, weight in ((12, 8), (24, 4), (36, 2))}
    )
    return severity * breadth * newness


def _steps(column: str, weights: dict[Any, int]) -> Case:
    """The weight of the first threshold that a column reaches, else 1."""
    return Case(
        *(When(**{f"{column}__gte": threshold}, then=Value(weight)) for threshold, weight in weights.items()),
        default=Value(1),
        output_field=IntegerField(),
    )


def lately_failing(rows: Iterable[Diagnosis], since: datetime) -> dict[int, list[Occurrence]]:
    """The occurrences of some diagnoses that reach into the time since then, by diagnosis number."""
    found: dict[int, list[Occurrence]] = {row.number: [] for row in rows}
    touching = Q(ended_at__isnull=True) | Q(ended_at__gte=since)
    for occurrence in Occurrence.objects.filter(touching, diagnosis__in=found).defer("verdict"):
        found[occurrence.diagnosis_id].append(occurrence)
    return found


def story(number: int) -> Story | None:
    """One diagnosis with its history, the pods kept of it, its log and its neighbours; None if there is none."""
    rows = Diagnosis.objects.select_related("cluster").defer("cluster__resource_versions", "cluster__bookings")
    diagnosis = rows.filter(number=number).first()
    if diagnosis is None:
        return None
    uids = [pod["uid"] for pod in diagnosis.verdict["pods"][:PODS_LIMIT]]
    return Story(
        diagnosis=diagnosis,
        occurrences=tuple(diagnosis.occurrences.order_by("-started_at").defer("verdict")[:HISTORY_LIMIT]),
        activities=tuple(diagnosis.activity.select_related("actor").order_by("-at", "-pk")[:HISTORY_LIMIT]),
        kept_pods=_kept_pods(diagnosis, uids),
        log=_kept_log(diagnosis, uids),
        neighbours=_neighbours(diagnosis),
    )


def _kept_pods(diagnosis: Diagnosis, uids: list[str]) -> dict[str, tuple[datetime, datetime | None]]:
    kept = Suspect.objects.filter(cluster=diagnosis.cluster_id, uid__in=uids)
    return {uid: (seen_at, gone_at) for uid, seen_at, gone_at in kept.values_list("uid", "seen_at", "gone_at")}


def _kept_log(diagnosis: Diagnosis, uids: list[str]) -> ContainerLog | None:
    kept = KeptLog.objects.filter(cluster=diagnosis.cluster_id, pod_uid__in=uids, container=diagnosis.container)
    newest = kept.order_by("-kept_at").first()
    return msgspec.json.decode(zlib.decompress(newest.body), type=ContainerLog) if newest else None


def _neighbours(diagnosis: Diagnosis) -> int:
    return (
        Diagnosis.objects.filter(_IS_OPEN, cluster=diagnosis.cluster_id, namespace=diagnosis.namespace)
        .exclude(pk=diagnosis.pk)
        .count()
    )


def last_resolved() -> Diagnosis | None:
    """The diagnosis that was resolved last."""
    resolved = Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED).select_related("cluster")
    return resolved.order_by("-resolved_at", "number").first()


def opened_since_when_all_is_resolved(since: datetime) -> list[datetime]:
    """When diagnoses were opened since then; only right while none is open.

    Whatever opened since then and is resolved now was also resolved since then: the index of the resolved answers.
    """
    resolved = Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED, resolved_at__gte=since, opened_at__gte=since)
    return list(resolved.values_list("opened_at", flat=True)[: 10 * COUNT_LIMIT])


def kept_since() -> datetime | None:
    """When the oldest diagnosis that is still stored was opened."""
    return Diagnosis.objects.order_by("number").values_list("opened_at", flat=True).first()


def latest_seq() -> int:
    """The newest sequence number; a page reads it before its rows, so that it never believes to know more."""
    newest: int | None = Update.objects.aggregate(newest=Max("seq"))["newest"]
    return newest or 0


def missed(since: int) -> Missed:
    """What a browser or web process that knows everything up to `since` has missed, oldest first.

    Numbers appear in their own order (`live.announce` sees to that), so nothing can come up behind the newest.
    """
    newest = latest_seq()
    later = Update.objects.filter(seq__gt=since, seq__lte=newest).select_related("cluster")
    updates = tuple(later.only("seq", "topic", "ids", "cluster__name").order_by("seq")[: HEAL_LIMIT + 1])
    known = since == newest or (since < newest and Update.objects.filter(seq__lte=since + 1).exists())
    return Missed(newest, updates if known and len(updates) <= HEAL_LIMIT else None)
