"""Diagnoses of a list taken together by what they have in common, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Max, Min, QuerySet, Sum

from diagnostics.models import Diagnosis
from diagnostics.queries.lists import Tab, listed
from diagnostics.queries.narrowing import Filter

GROUPS_SHOWN = 30  # On one page.


class GroupBy(StrEnum):
    """What the diagnoses of a group have in common."""

    NOTHING = "nothing"
    CAUSE = "cause"
    WORKLOAD = "workload"
    NODE = "node"
    NAMESPACE = "namespace"


_CLUSTER = {"cluster_name": "cluster__name"}
_WORKLOAD = {name: name for name in ("namespace", "workload_kind", "workload_name")}
# The columns that groups are told apart by, under the names that `Group` has them.
_COLUMNS: dict[GroupBy, dict[str, str]] = {
    GroupBy.CAUSE: {"code": "code"},
    GroupBy.WORKLOAD: _CLUSTER | _WORKLOAD,
    GroupBy.NODE: _CLUSTER | {"node": "node"},
    GroupBy.NAMESPACE: _CLUSTER | {"namespace": "namespace"},
}
_READ = {
    by: {name: attrgetter(path.replace("__", ".")) for name, path in columns.items()}
    for by, columns in _COLUMNS.items()
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
    clusters: int
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
    """One page of a list's groups."""
    start = (page - 1) * GROUPS_SHOWN
    rows = Diagnosis.objects.filter(listed(tab, now, user), chosen.condition())
    found = list(_counted(rows, by)[start : start + GROUPS_SHOWN + 1])
    return Groups(tuple(Group(**row) for row in found[:GROUPS_SHOWN]), more=len(found) > GROUPS_SHOWN)


def causes(tab: Tab, chosen: Filter, now: datetime, user: User) -> tuple[Group, ...]:
    """All of a list's groups by cause; there are no more than there are codes."""
    rows = Diagnosis.objects.filter(listed(tab, now, user), chosen.condition())
    return tuple(Group(**row) for row in _counted(rows, GroupBy.CAUSE))


def grouped(rows: Sequence[Diagnosis], by: GroupBy) -> list[tuple[Group, list[Diagnosis]]]:
    """Rows that were read, taken together: groups in the order of their first rows."""
    found: dict[tuple[str, ...], list[Diagnosis]] = {}
    for row in rows:
        found.setdefault(tuple(read(row) for read in _READ[by].values()), []).append(row)
    return [(_group(dict(zip(_READ[by], values, strict=True)), own), own) for values, own in found.items()]


def _group(common: dict[str, str], rows: Sequence[Diagnosis]) -> Group:
    return Group(
        **common,
        diagnoses=len(rows),
        pods=sum(row.pods_affected for row in rows),
        clusters=len({row.cluster_id for row in rows}),
        worst=max(row.severity for row in rows),
        newest=max(row.opened_at for row in rows),
        oldest=min(row.first_seen for row in rows),
        latest=max(row.number for row in rows),
    )


def _counted(rows: QuerySet[Diagnosis], by: GroupBy) -> QuerySet[Diagnosis, Any]:
    tallies: dict[str, Any] = {
        "diagnoses": Count("pk"),
        "pods": Sum("pods_affected"),
        "clusters": Count("cluster", distinct=True),
        "worst": Max("severity"),
        "newest": Max("opened_at"),
        "oldest": Min("first_seen"),
        "latest": Max("number"),
    }
    plain = [name for name, path in _COLUMNS[by].items() if name == path]
    renamed = {name: F(path) for name, path in _COLUMNS[by].items() if name != path}
    worst_first = [F(name).desc() for name in ("worst", "pods", "diagnoses")]
    counted = rows.order_by().values(*plain, **renamed).annotate(**tallies)
    return counted.order_by(*worst_first, *map(F, _COLUMNS[by]))
