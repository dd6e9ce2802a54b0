"""What lists of diagnoses can be narrowed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.lookups import Exact, In

from diagnostics.models import Cluster, Diagnosis
from diagnostics.rules.model import Severity

TEXT_LIMIT = 200  # Characters of a search that are looked for.
NOBODY = ""  # Among assignees.
COUNT_LIMIT = 1_000  # Above it a count is no longer exact where it would have to read everything to be.

DEMANDING = (Diagnosis.State.NEW, Diagnosis.State.REGRESSED)  # What nobody has looked at yet.
IS_OPEN = ~Q(state=Diagnosis.State.RESOLVED)
ATTENDED = Q(acknowledged_at__isnull=False, state__in=DEMANDING)
# The key of its cluster, to group and narrow open ones by. To `diagnosis_open`, which holds all that is asked for, SQLite
# prefers any index that begins with the cluster, and reads every row for the rest; none begins with a sum.
CLUSTER_KEY = ExpressionWrapper(F("cluster_id") + Value(0), output_field=BigIntegerField())
_OUTGROWN = Q(severity__gt=F("snoozed_severity")) | Q(pods_affected__gt=F("snoozed_pods"))


def in_cluster(key: int) -> Q:
    """Those of one cluster, for few of a million."""
    return Q(Exact(CLUSTER_KEY, key))


def is_snoozed(now: datetime) -> Q:
    """The same as `Diagnosis.is_snoozed` of what is open, as a condition."""
    until_worse = Q(snoozed_severity__isnull=False) | Q(snoozed_pods__isnull=False)
    return IS_OPEN & Q(snoozed_until__gt=now) & ~(until_worse & _OUTGROWN)


def of_workloads(workloads: Iterable[str]) -> Q:
    """Rows of any of the workloads ("Deployment/cart"); of all for none."""
    found = Q()
    for workload in workloads:
        kind, _slash, name = workload.partition("/")
        found |= Q(workload_kind=kind, workload_name=name)
    return found


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; several values of one kind mean any of them."""

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()  # "Deployment/cart".
    nodes: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    codes: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()  # Names of accounts; NOBODY among them: what is nobody's.
    text: str = ""
    numbers: tuple[int, ...] | None = None  # Of those that have the text, once it was looked for.

    def __bool__(self) -> bool:
        return self != Filter()

    def condition(self) -> Q:
        """The same as a condition on `Diagnosis`."""
        named: dict[str, Sequence[object]] = {
            "namespace__in": self.namespaces,
            "node__in": self.nodes,
            "severity__in": self.severities,
            "code__in": self.codes,
        }
        condition = Q(**{lookup: values for lookup, values in named.items() if values})
        condition &= self._cluster_condition() & of_workloads(self.workloads) & self._assignee_condition()
        if self.numbers is not None:
            return condition & Q(pk__in=self.numbers)
        return condition & self._text_condition() if self.text else condition

    def looked_up(self, among: QuerySet[Diagnosis]) -> Filter:
        """The same with the text looked for once and for all that is to be asked of some diagnoses.

        It is in the wide rows, so each question that looks for it reads them all. Of more than COUNT_LIMIT that have it
        the first are taken, and it is `cut`.
        """
        if not self.text:
            return self
        found = among.filter(self.condition()).values_list("number", flat=True)
        return replace(self, numbers=tuple(found[: COUNT_LIMIT + 1]))

    @property
    def cut(self) -> bool:
        """Whether more have the text than were taken."""
        return self.numbers is not None and len(self.numbers) > COUNT_LIMIT

    def _cluster_condition(self) -> Q:
        return Q(In(CLUSTER_KEY, Cluster.objects.filter(name__in=self.clusters).values("pk"))) if self.clusters else Q()

    def _assignee_condition(self) -> Q:
        names = [name for name in self.assignees if name != NOBODY]
        found = Q(assignee__username__in=names) if names else Q()
        return found | Q(assignee=None) if NOBODY in self.assignees else found

    def _text_condition(self) -> Q:
        text = self.text[:TEXT_LIMIT]
        found = Q()
        for column in ("summary", "workload_name", "namespace", "code", "container"):
            found |= Q(**{f"{column}__icontains": text})
        number = text.removeprefix("#")
        # Nineteen digits and more overflow the column.
        return found | Q(number=int(number)) if number.isdecimal() and len(number) < 19 else found


@dataclass(frozen=True, slots=True)
class Choices:
    """What the open diagnoses can be narrowed to, with how many each choice leaves, most first.

    More than COUNT_LIMIT are not all looked at: then these are the choices of the severest, and the counts say no more.
    """

    exact: bool
    severities: tuple[tuple[Severity, int], ...]
    codes: tuple[tuple[str, int], ...]
    namespaces: tuple[tuple[str, int], ...]
    assignees: tuple[tuple[str, int], ...]  # NOBODY among them.


def choices() -> Choices:
    """What the open diagnoses can be narrowed to."""
    columns = ("severity", "code", "namespace", "assignee__username")
    severest = Diagnosis.objects.filter(IS_OPEN).order_by("-severity").values_list(*columns)
    return tallied(severest[: COUNT_LIMIT + 1])


def tallied(rows: Iterable[tuple[Any, ...]]) -> Choices:
    """The choices among rows of severity, code, namespace and, if it matters, assignee: one more than COUNT_LIMIT."""
    found = list(rows)
    tallies = [Counter(column) for column in zip(*found, strict=True)]
    severities, codes, namespaces, assignees, *_rest = [*tallies, *(Counter[Any]() for _missing in range(4))]
    return Choices(
        exact=len(found) <= COUNT_LIMIT,
        severities=tuple((Severity(value), n) for value, n in sorted(severities.items(), reverse=True)),
        codes=tuple(codes.most_common()),
        namespaces=tuple((name, n) for name, n in namespaces.most_common() if name),
        assignees=tuple((name or NOBODY, n) for name, n in assignees.most_common()),
    )
