"""Diagnoses of a list taken together by what they have in common, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Max, Min, QuerySet, Sum, Value
from django.db.models.functions import Concat

from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries.lists import Tab, listed
from diagnostics.queries.narrowing import CLUSTER_KEY, Filter

GROUPS_SHOWN = 30  # On one page.


class GroupBy(StrEnum):
    """What the diagnoses of a group have in common."""

    NOTHING = "nothing"
    CAUSE = "cause"
    WORKLOAD = "workload"
    NODE = "node"
    NAMESPACE = "namespace"


# The columns that groups are told apart by; but for a cause, besides the cluster.
_COLUMNS: dict[GroupBy, tuple[str, ...]] = {
    GroupBy.CAUSE: ("code",),
    GroupBy.WORKLOAD: ("workload_name", "workload_kind", "namespace"),  # What differs most is compared first.
    GroupBy.NODE: ("node",),
    GroupBy.NAMESPACE: ("namespace",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some diagnoses. What they have in common is filled in, the rest is blank."""

    code: str = ""
    cluster_name: str = ""
    namespace: str = ""
    workload_kind: str = ""
    workload_name: str = ""
    node: str = ""
    diagnoses: int
    pods: int  # One that several diagnoses are about counts for each.
    clusters: int = 1
    worst: int  # Severity.
    newest: datetime  # When the newest was opened.
    oldest: datetime  # Since when the oldest has failed.
    latest: int  # The highest number among them.


@dataclass(frozen=True, slots=True)
class Groups:
    """One page of groups, the worst first, then those with the most failing pods."""

    rows: tuple[Group, ...]
    more: bool


def groups(by: GroupBy, tab: Tab, chosen: Filter, now: datetime, user: User, page: int = 1) -> Groups:
    """One page of a list's groups. Those by cause are all told by `causes`."""
    start = (page - 1) * GROUPS_SHOWN
    rows = Diagnosis.objects.filter(listed(tab, now, user), chosen.condition())
    # Neither key begins an index: see CLUSTER_KEY.
    rows = rows.annotate(cluster_key=CLUSTER_KEY, namespace_key=Concat("namespace", Value("")))
    columns = ("namespace_key" if column == "namespace" else column for column in _COLUMNS[by])
    found = list(_counted(rows, "cluster_key", *columns)[start : start + GROUPS_SHOWN + 1])
    names = dict(Cluster.objects.filter(pk__in={row["cluster_key"] for row in found}).values_list("pk", "name"))
    return Groups(tuple(_named(row, names) for row in found[:GROUPS_SHOWN]), more=len(found) > GROUPS_SHOWN)


def _named(row: dict[str, Any], names: dict[int, str]) -> Group:
    """A group as it was counted, with the name of its cluster."""
    return Group(cluster_name=names[row.pop("cluster_key")], namespace=row.pop("namespace_key", ""), **row)


def causes(tab: Tab, chosen: Filter, now: datetime, user: User) -> tuple[Group, ...]:
    """All of a list's groups by cause; there are no more than there are codes."""
    rows = Diagnosis.objects.filter(listed(tab, now, user), chosen.condition())
    found = _counted(rows, *_COLUMNS[GroupBy.CAUSE], clusters=Count("cluster", distinct=True))
    return tuple(Group(**row) for row in found)


def grouped(rows: Sequence[Diagnosis], by: GroupBy) -> list[tuple[Group, list[Diagnosis]]]:
    """Rows that were read, taken together: groups in the order of their first rows."""
    found: dict[tuple[Any, ...], list[Diagnosis]] = {}
    for row in rows:
        cluster = None if by is GroupBy.CAUSE else row.cluster_id
        found.setdefault((cluster, *(getattr(row, column) for column in _COLUMNS[by])), []).append(row)
    return [(_group(by, own), own) for own in found.values()]


def _group(by: GroupBy, rows: Sequence[Diagnosis]) -> Group:
    return Group(
        **{column: getattr(rows[0], column) for column in _COLUMNS[by]},
        cluster_name="" if by is GroupBy.CAUSE else rows[0].cluster.name,
        diagnoses=len(rows),
        pods=sum(row.pods_affected for row in rows),
        clusters=len({row.cluster_id for row in rows}),
        worst=max(row.severity for row in rows),
        newest=max(row.opened_at for row in rows),
        oldest=min(row.first_seen for row in rows),
        latest=max(row.number for row in rows),
    )


def _counted(rows: QuerySet[Diagnosis], *columns: str, **more: Any) -> QuerySet[Diagnosis, Any]:
    """Of open ones, answered from the index `diagnosis_open` alone."""
    tallies: dict[str, Any] = {
        "diagnoses": Count("pk"),
        "pods": Sum("pods_affected"),
        "worst": Max("severity"),
        "newest": Max("opened_at"),
        "oldest": Min("first_seen"),
        "latest": Max("number"),
        **more,
    }
    counted: QuerySet[Diagnosis, Any] = rows.order_by().values(*columns).annotate(**tallies)
    return counted.order_by(*(F(name).desc() for name in ("worst", "pods", "diagnoses")), *columns)
