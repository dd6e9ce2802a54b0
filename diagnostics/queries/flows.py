"""What opened, healed and was deployed in equal lengths of time: counted by the database, never row by row.

Of more than EXACT_LIMIT times of failing one in so many diagnoses is counted, and stands for the others: see `one_in`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Func, IntegerField, Min, Q, QuerySet, Sum
from django.db.models.lookups import Exact

from diagnostics.models import Cluster, Diagnosis, EndedRun, Occurrence
from diagnostics.queries.narrowing import COUNT_LIMIT, Choices, Filter, tallied

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# What a clock or calendar divides into; a coarser one follows where a range has too many of the finer.
LENGTHS = (
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 28, 91, 364, 3_640)),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXACT_LIMIT = 20_000  # Times of failing that are all counted: 500 for each of 40 slots.
# A number times the golden ratio, in millionths: it spreads numbers evenly, whatever order they were given in.
_PRIME, _GOLDEN = 1_000_003, 618_034


@dataclass(frozen=True, slots=True)
class Slots:
    """`count` equal lengths of time from `first` on."""

    first: datetime
    length: timedelta
    count: int

    @classmethod
    def over(cls, since: datetime, until: datetime, most: int, offset: timedelta = timedelta()) -> Slots:
        """The shortest of LENGTHS of which at most `most` cover the time from `since` to `until`.

        They begin on full multiples by a clock that is `offset` ahead of UTC, so the first may begin before `since`.
        """
        for length in LENGTHS:
            first = _floor(since + offset, length) - offset
            count = max(-((first - until) // length), 1)
            if count <= most:
                return cls(first, length, count)
        raise ValueError(f"no {most} of the longest cover the time from {since} to {until}")

    @property
    def end(self) -> datetime:
        """Where the last one ends."""
        return self.first + self.count * self.length

    def begin(self, number: int) -> datetime:
        """When one of them begins, counted from 0."""
        return self.first + number * self.length

    def holding(self, at: datetime) -> int:
        """The number of the one that a moment lies in."""
        return (at - self.first) // self.length


def _floor(at: datetime, length: timedelta) -> datetime:
    return at - (at - _EPOCH) % length


class _Slot(Func):
    """The number of the slot that a moment lies in, computed by the database itself: a Python function a row is too slow."""

    output_field = IntegerField()

    def __init__(self, moment: str, slots: Slots) -> None:
        first, length = int(slots.first.timestamp()), int(slots.length.total_seconds())
        super().__init__(F(moment), first=first, length=length)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Django stores UTC as text; SQLite would round it to the millisecond, so the fraction is cut off."""
        template = "((CAST(strftime('%%%%s', SUBSTR(%(expressions)s, 1, 19)) AS INTEGER) - %(first)s) / %(length)s)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Whole seconds first, for a moment before the full second belongs to the slot before."""
        template = "((FLOOR(DATE_PART('epoch', %(expressions)s))::bigint - %(first)s) / %(length)s)"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class Opened:
    """Diagnoses of one kind that opened in one slot, and the pods that failed with them, at most at a time."""

    slot: int
    code: str
    severity: int
    diagnoses: int
    pods: int


@dataclass(frozen=True, slots=True)
class OpenedHere:
    """Diagnoses of one namespace that opened in one slot; its name is blank for what has none, such as a node."""

    slot: int
    cluster: str
    namespace: str
    diagnoses: int
    pods: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Runs of a workload's containers that ended alike in one slot."""

    slot: int
    reason: str
    exit_code: int
    runs: int


def one_in(chosen: Filter, slots: Slots) -> int:
    """Of how many diagnoses one is counted: 1 for all of them, more where more than EXACT_LIMIT times began to fail.

    The kind that a filter leaves may be rare among a million, and rare is counted exactly, too.
    """
    whole = _share(_began(Filter(), slots).count())
    if whole == 1 or not chosen:
        return whole
    return _share(_began(chosen, slots, whole).count() * whole)


def _share(began: int) -> int:
    return max(-(-began // EXACT_LIMIT), 1)


def _began(chosen: Filter, slots: Slots, one_in: int = 1) -> QuerySet[Occurrence]:
    within = Occurrence.objects.filter(started_at__gte=slots.first, started_at__lt=slots.end)
    return narrowed(within.filter(_counted(one_in)), chosen).order_by()


def _counted(one_in: int) -> Q:
    """One in so many diagnoses, told by their numbers: these are in the indexes by time."""
    spread = ExpressionWrapper(F("diagnosis_id") * _GOLDEN % _PRIME % one_in, output_field=BigIntegerField())
    return Q(Exact(spread, 0)) if one_in > 1 else Q()


def narrowed(occurrences: QuerySet[Occurrence], chosen: Filter) -> QuerySet[Occurrence]:
    """The occurrences of the diagnoses that a filter leaves."""
    if not chosen:
        return occurrences
    return occurrences.filter(diagnosis__in=Diagnosis.objects.filter(chosen.condition()).order_by())


def opened(chosen: Filter, slots: Slots, one_in: int = 1) -> list[Opened]:
    """What opened, each time of failing by itself."""
    began = _began(chosen, slots, one_in).annotate(slot=_Slot("started_at", slots))
    rows = began.values_list("slot", "diagnosis__code", "diagnosis__severity").annotate(
        n=Count("*"), pods=Sum("pods_peak")
    )
    return [Opened(slot, code, severity, n * one_in, pods * one_in) for slot, code, severity, n, pods in rows]


def opened_by_namespace(chosen: Filter, slots: Slots, one_in: int = 1) -> list[OpenedHere]:
    """The same by namespace."""
    began = _began(chosen, slots, one_in).annotate(slot=_Slot("started_at", slots))
    places = began.values_list("slot", "diagnosis__cluster__name", "diagnosis__namespace")
    rows = places.annotate(n=Count("*"), pods=Sum("pods_peak"))
    return [
        OpenedHere(slot, cluster, namespace, n * one_in, pods * one_in) for slot, cluster, namespace, n, pods in rows
    ]


def healed(chosen: Filter, slots: Slots, one_in: int = 1) -> dict[int, int]:
    """How many times of failing ended in each slot. What another diagnosis explains from then on has not healed.

    That is subtracted, for it is little: to look for it at each end would read each diagnosis.
    """
    within = Occurrence.objects.filter(_counted(one_in), ended_at__gte=slots.first, ended_at__lt=slots.end)
    ends = narrowed(within, chosen).order_by().annotate(slot=_Slot("ended_at", slots))
    left = {slot: n * one_in for slot, n in ends.values_list("slot").annotate(n=Count("*"))}
    for slot, n in _folded(chosen, slots).items():
        left[slot] = left.get(slot, 0) - n
    return {slot: n for slot, n in left.items() if n > 0}


def _folded(chosen: Filter, slots: Slots) -> dict[int, int]:
    """Told by slots, not by times: so the index of what is explained is read, and not that of all that was resolved."""
    explained = Diagnosis.objects.filter(chosen.condition(), state=Diagnosis.State.RESOLVED, explained_by__gt=0)
    rows = explained.order_by().annotate(slot=_Slot("resolved_at", slots)).filter(slot__gte=0, slot__lt=slots.count)
    return dict(rows.values_list("slot").annotate(n=Count("*")))


def choices(since: datetime, until: datetime) -> Choices:
    """What the diagnoses that opened then can be narrowed to; of more than COUNT_LIMIT those that opened last."""
    columns = ("diagnosis__severity", "diagnosis__code", "diagnosis__namespace")
    latest = Occurrence.objects.filter(started_at__gte=since, started_at__lt=until).order_by("-started_at")
    return tallied(latest.values_list(*columns)[: COUNT_LIMIT + 1])


def watched_since(clusters: tuple[str, ...]) -> datetime | None:
    """Since when the first of the named clusters, or of all, is watched: of the time before little is known."""
    rows = Cluster.objects.filter(name__in=clusters) if clusters else Cluster.objects.all()
    since: datetime | None = rows.aggregate(first=Min("added_at"))["first"]
    return since


def first_run_ended(diagnosis: Diagnosis) -> datetime | None:
    """When the first of the kept runs of its workload's containers ended."""
    return _runs(diagnosis).order_by("ended_at").values_list("ended_at", flat=True).first()


def ended_runs(diagnosis: Diagnosis, slots: Slots) -> list[Ended]:
    """How the runs of its workload's containers ended."""
    within = _runs(diagnosis).filter(ended_at__gte=slots.first, ended_at__lt=slots.end).order_by()
    rows = within.annotate(slot=_Slot("ended_at", slots)).values_list("slot", "reason", "exit_code")
    return [Ended(*row) for row in rows.annotate(n=Count("*"))]


def _runs(diagnosis: Diagnosis) -> QuerySet[EndedRun]:
    return EndedRun.objects.filter(
        cluster=diagnosis.cluster_id,
        namespace=diagnosis.namespace,
        workload_kind=diagnosis.workload_kind,
        workload_name=diagnosis.workload_name,
    )
