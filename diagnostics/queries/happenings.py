"""What happened, newest first: diagnoses that opened and ended, and deploys, a page at a time.

Three lists in one order. A cursor holds the moment, kind and key of the last row shown, so each list is entered by its
index where the page before ended; see `cursors`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Any

from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime

from diagnostics.models import Diagnosis, Occurrence, Rollout
from diagnostics.queries.cursors import NoCursor
from diagnostics.queries.flows import narrowed
from diagnostics.queries.narrowing import Filter, of_workloads

PAGE_SIZE = 50
DEPLOYS_LIMIT = 500  # Of a range, marked in a chart.
CHANGES_READ = 100  # Diagnoses that opened last in a range, whose own changes are marked, too.
_SALT = "diagnostics.queries.happenings"


class Kind(StrEnum):
    """What can happen; of one moment the later ones come first in the list."""

    DEPLOYED = "deployed"
    OPENED = "opened"
    ENDED = "ended"


DIAGNOSES, DEPLOYS = frozenset({Kind.OPENED, Kind.ENDED}), frozenset({Kind.DEPLOYED})


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: to a diagnosis, or a deploy."""

    at: datetime
    kind: Kind
    key: int
    diagnosis: Diagnosis | None = None
    again: bool = False  # It had failed before.
    rollout: Rollout | None = None

    @property
    def folded_under(self) -> int | None:
        """The number of the diagnosis that explains this one since it ended; None if it healed."""
        row = self.diagnosis
        return row.explained_by_id if row and self.kind is Kind.ENDED and row.resolved_at == self.at else None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of it, and the cursor of what came before; None where that is all."""

    rows: tuple[Happening, ...]
    older: str | None


@dataclass(frozen=True, slots=True)
class Deploy:
    """A new template of a workload: a rollout that was seen, or a change that a diagnosis names."""

    at: datetime
    cluster: str
    namespace: str
    workload: str
    revision: str = ""


_Key = tuple[datetime, Kind, int]
_COLUMNS = {Kind.OPENED: "started_at", Kind.ENDED: "ended_at", Kind.DEPLOYED: "at"}


def page(chosen: Filter, since: datetime, until: datetime, kinds: Collection[Kind], cursor: str = "") -> Page:
    """One page of what happened from `since` until before `until`. Raises NoCursor."""
    below = _read(cursor) if cursor else None
    streams = [_keys(kind, chosen, since, until, below) for kind in sorted(kinds)]
    keys = list(islice(merge(*streams, reverse=True), PAGE_SIZE + 1))
    shown = keys[:PAGE_SIZE]
    return Page(tuple(_filled(shown)), _written(shown[-1]) if len(keys) > PAGE_SIZE else None)


def _keys(kind: Kind, chosen: Filter, since: datetime, until: datetime, below: _Key | None) -> list[_Key]:
    column = _COLUMNS[kind]
    within = Q(**{f"{column}__gte": since, f"{column}__lt": until})
    within &= _beyond(column, kind, below) if below else Q()
    rows: QuerySet[Any] = Rollout.objects.filter(within) if kind in DEPLOYS else Occurrence.objects.filter(within)
    rows = of_rollouts(rows, chosen) if kind in DEPLOYS else narrowed(rows, chosen)
    ordered = rows.order_by(f"-{column}", "-pk").values_list(column, "pk")
    return [(at, kind, pk) for at, pk in ordered[: PAGE_SIZE + 1]]


def _beyond(column: str, kind: Kind, below: _Key) -> Q:
    at, last, pk = below
    if kind != last:
        return Q(**{f"{column}__lte" if kind < last else f"{column}__lt": at})
    return Q(**{f"{column}__lt": at}) | Q(**{column: at, "pk__lt": pk})


def of_rollouts(rows: QuerySet[Rollout], chosen: Filter) -> QuerySet[Rollout]:
    """The deploys where a filter looks; severities, causes and nodes narrow diagnoses alone."""
    places = {"cluster__name__in": chosen.clusters, "namespace__in": chosen.namespaces}
    rows = rows.filter(**{lookup: names for lookup, names in places.items() if names})
    return rows.filter(of_workloads(chosen.workloads))


def _filled(keys: Iterable[_Key]) -> Iterator[Happening]:
    keys = list(keys)
    occurrences = _occurrences(pk for _at, kind, pk in keys if kind in DIAGNOSES)
    rollouts = Rollout.objects.select_related("cluster").in_bulk([pk for _at, kind, pk in keys if kind in DEPLOYS])
    for at, kind, pk in keys:
        if kind in DEPLOYS and pk in rollouts:
            yield Happening(at, kind, pk, rollout=rollouts[pk])
        elif kind in DIAGNOSES and pk in occurrences:
            yield Happening(at, kind, pk, occurrences[pk].diagnosis, again=occurrences[pk].again)


def _occurrences(keys: Iterable[int]) -> dict[int, Any]:
    earlier = Occurrence.objects.filter(diagnosis=OuterRef("diagnosis"), started_at__lt=OuterRef("started_at"))
    rows = Occurrence.objects.select_related("diagnosis__cluster").annotate(again=Exists(earlier))
    unread = ("verdict", "diagnosis__cluster__resource_versions", "diagnosis__cluster__bookings")
    return rows.defer(*unread).in_bulk(list(keys))


def deploys(chosen: Filter, since: datetime, until: datetime) -> list[Deploy]:
    """The last DEPLOYS_LIMIT deploys of a range, oldest first: those that were seen, and those that diagnoses name."""
    rows = of_rollouts(Rollout.objects.filter(at__gte=since, at__lt=until), chosen).order_by("-at", "-pk")
    columns = ("at", "cluster__name", "namespace", "workload_name", "revision")
    seen = [Deploy(*row) for row in rows.values_list(*columns)[:DEPLOYS_LIMIT]]
    named = (change for change in _changes(chosen, since, until) if not any(_is_same(change, one) for one in seen))
    return sorted({*seen, *named}, key=lambda deploy: (deploy.at, deploy.workload))


def _is_same(change: Deploy, seen: Deploy) -> bool:
    """Whether a change is the deploy that was seen: who noted it first may have read another clock."""
    place = (change.cluster, change.namespace, change.workload)
    near = abs((change.at - seen.at).total_seconds()) < 120
    return near and place == (seen.cluster, seen.namespace, seen.workload)


def _changes(chosen: Filter, since: datetime, until: datetime) -> Iterator[Deploy]:
    """What the diagnoses that opened last say was changed before."""
    columns = ("cluster__name", "namespace", "workload_name", "verdict__changed")
    for cluster, namespace, workload, changed in _latest(chosen, since, until).values_list(*columns):
        for at in {parse_datetime(change["at"]) for change in changed or () if change.get("at")}:
            if at and since <= at < until:
                yield Deploy(at, cluster, namespace, workload)


def _latest(chosen: Filter, since: datetime, until: datetime) -> QuerySet[Diagnosis]:
    began = narrowed(Occurrence.objects.filter(started_at__gte=since, started_at__lt=until), chosen)
    latest = list(began.order_by("-started_at").values_list("diagnosis", flat=True)[:CHANGES_READ])
    return Diagnosis.objects.filter(pk__in=latest).order_by()


def _written(key: _Key) -> str:
    at, kind, pk = key
    return signing.dumps([at.isoformat(), kind, pk], salt=_SALT)


def _read(cursor: str) -> _Key:
    try:
        at, kind, pk = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature:
        raise NoCursor("the cursor is none: take it from the link Older of a page") from None
    return datetime.fromisoformat(at), Kind(kind), pk
