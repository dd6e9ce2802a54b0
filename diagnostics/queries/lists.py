"""The lists of diagnoses: how many there are, and one page of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from diagnostics.models import Diagnosis, Occurrence
from diagnostics.queries.narrowing import ATTENDED, CLUSTER_KEY, COUNT_LIMIT, DEMANDING, IS_OPEN, Filter, is_snoozed
from diagnostics.rules.model import Severity

PAGE_SIZE = 50
RESOLVED_READ = 20_000  # Of the resolved ones, the latest, in which a text is looked for: there may be a million.


class Tab(StrEnum):
    """The lists of the triage page."""

    REVIEW = "review"
    OPEN = "open"
    MINE = "mine"  # Open ones that are assigned to the reader, snoozed or not.
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Sort(StrEnum):
    """In which order the open ones are listed."""

    WORST = "worst"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many diagnoses there are. What is snoozed counts as that, and not as new, regressed or open."""

    new: int
    regressed: int
    acknowledged: int  # Of the new and regressed ones.
    snoozed: int
    resolved: int | None  # Stops at COUNT_LIMIT + 1; None if it was not looked for.
    open_by_cluster: dict[int, int]  # By the cluster's key; only those that have one.

    @property
    def open(self) -> int:
        """All that are neither resolved nor snoozed."""
        return sum(self.open_by_cluster.values())

    @property
    def review(self) -> int:
        """What nobody has looked at yet."""
        return self.new + self.regressed - self.acknowledged

    @property
    def unresolved(self) -> int:
        """All that may still be failing, in sight or not."""
        return self.open + self.snoozed


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    rows: tuple[Diagnosis, ...]
    number: int  # From 1.
    more: bool


def counts(chosen: Filter, now: datetime, *, with_resolved: bool = True) -> Counts:
    """Counts of the lists as narrowed by a filter.

    A text has to be looked for in every row, and of resolved rows there may be a million: leave them out unless asked.
    """
    narrowed = Diagnosis.objects.filter(chosen.condition())
    all_open, snoozed = _by_state(narrowed.filter(IS_OPEN)), _by_state(narrowed.filter(is_snoozed(now)))
    in_sight = all_open - snoozed  # Asked for apart, each is answered from an index.
    open_by_cluster: Counter[int] = Counter()
    for (cluster, _state), n in in_sight.items():
        open_by_cluster[cluster] += n
    return Counts(
        new=sum(n for (_cluster, state), n in in_sight.items() if state == Diagnosis.State.NEW),
        regressed=sum(n for (_cluster, state), n in in_sight.items() if state == Diagnosis.State.REGRESSED),
        acknowledged=narrowed.filter(IS_OPEN, ATTENDED).exclude(is_snoozed(now)).count(),
        snoozed=snoozed.total(),
        resolved=_resolved(narrowed) if with_resolved else None,
        open_by_cluster=dict(open_by_cluster),
    )


def _by_state(rows: QuerySet[Diagnosis]) -> Counter[tuple[int, str]]:
    """How many there are of each cluster's key and state."""
    counted = (
        rows.order_by().annotate(cluster_key=CLUSTER_KEY).values_list("cluster_key", "state").annotate(n=Count("pk"))
    )
    return Counter({(cluster, state): n for cluster, state, n in counted})


def assigned_to(user: User, chosen: Filter) -> int:
    """How many open ones are a person's, as narrowed by a filter."""
    return Diagnosis.objects.filter(IS_OPEN, chosen.condition(), assignee=user).count()


def _resolved(narrowed: QuerySet[Diagnosis]) -> int:
    return narrowed.filter(state=Diagnosis.State.RESOLVED)[: COUNT_LIMIT + 1].count()


def listing(tab: Tab, chosen: Filter, now: datetime, user: User, page: int = 1, sort: Sort = Sort.WORST) -> Listing:
    """One page of a list as `user` sees it: the open ones worst or newest first, the resolved ones latest first.

    The order is found over narrow rows first; the wide ones are read for the page alone.
    """
    start = (page - 1) * PAGE_SIZE
    ordered = Diagnosis.objects.filter(listed(tab, now, user), chosen.condition()).order_by(*_order(tab, sort, now))
    numbers = list(ordered.values_list("number", flat=True)[start : start + PAGE_SIZE + 1])
    rows = Diagnosis.objects.select_related("cluster", "assignee")
    rows = rows.defer("cluster__resource_versions", "cluster__bookings")
    by_number = rows.in_bulk(numbers[:PAGE_SIZE])
    return Listing(
        rows=tuple(by_number[number] for number in numbers if number in by_number),
        number=page,
        more=len(numbers) > PAGE_SIZE,
    )


def of_numbers(numbers: Sequence[int]) -> dict[int, Diagnosis]:
    """Some diagnoses with their clusters, by number."""
    return Diagnosis.objects.select_related("cluster").in_bulk(numbers)


def listed(tab: Tab, now: datetime, user: User) -> Q:
    """What a list has as `user` sees it, as a condition."""
    asleep = Q(pk__in=Diagnosis.objects.filter(is_snoozed(now)).values("pk"))
    return {
        Tab.REVIEW: IS_OPEN & Q(state__in=DEMANDING, acknowledged_at=None) & ~asleep,
        Tab.OPEN: IS_OPEN & ~asleep,
        Tab.MINE: IS_OPEN & Q(assignee=user),
        Tab.SNOOZED: is_snoozed(now),
        Tab.RESOLVED: Q(state=Diagnosis.State.RESOLVED),
    }[tab]


def open_ones() -> QuerySet[Diagnosis]:
    """All that are open, the severest first."""
    return Diagnosis.objects.filter(IS_OPEN).order_by("-severity", "-pods_affected", "-opened_at")


def read_for_text(tab: Tab, now: datetime, user: User) -> QuerySet[Diagnosis]:
    """What of a list is read to look for a text: the severest first, of resolved ones the latest RESOLVED_READ."""
    if tab is not Tab.RESOLVED:
        return open_ones().filter(listed(tab, now, user))
    latest = Diagnosis.objects.filter(listed(tab, now, user)).order_by("-resolved_at", "number")
    return latest.filter(pk__in=latest.values("pk")[:RESOLVED_READ])


def _order(tab: Tab, sort: Sort, now: datetime) -> tuple[Any, ...]:
    if tab is Tab.RESOLVED:
        return ("-resolved_at", "number")
    newest = ("-opened_at", "number")
    return newest if sort is Sort.NEWEST else (_weight(now).desc(), *newest)


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
