"""What routes and silences would do: which open diagnoses a silence would hide, which route a diagnosis takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models.fields.json import KT

from diagnostics.models import Channel, Diagnosis, Route, Silence
from diagnostics.notify.matching import Field, Matcher, Traits, matches
from diagnostics.operations.choosing import Chooser, traits_of
from diagnostics.operations.labels import labels_by_workload
from diagnostics.queries.narrowing import IS_OPEN

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """How many open diagnoses some matchers are about, and the worst of them."""

    count: int
    of: int  # Open altogether.
    worst: tuple[Diagnosis, ...]


def preview(conditions: Sequence[Matcher]) -> Preview:
    """What a silence with these matchers would hide now."""
    rows = list(_open())
    found = list(_matching(rows, conditions))
    worst = Diagnosis.objects.select_related("cluster").in_bulk([row.number for row in found[:EXAMPLES]])
    return Preview(len(found), len(rows), tuple(worst[row.number] for row in found[:EXAMPLES] if row.number in worst))


def hidden_by(silences: Sequence[Sequence[Matcher]]) -> list[int]:
    """For the matchers of each silence, how many open diagnoses they are about now."""
    rows = list(_open()) if silences else []
    return [sum(1 for _ in _matching(rows, conditions)) for conditions in silences]


def _open() -> Iterable[Diagnosis]:
    """Narrow rows of all that are open, the worst first: there may be fifty thousand."""
    columns = ("cluster__name", "severity", "code", "namespace", "workload_kind", "workload_name")
    rows = Diagnosis.objects.filter(IS_OPEN).select_related("cluster").only(*columns)
    return rows.annotate(tool=KT("verdict__delivered_by__tool")).order_by("-severity", "-pods_affected", "number")


def _matching(rows: Iterable[Diagnosis], conditions: Sequence[Matcher]) -> Iterator[Diagnosis]:
    """Labels have to be looked up, so they are asked last, of what else would match."""
    of_labels = [matcher for matcher in conditions if matcher.field is Field.LABEL]
    others = [matcher for matcher in conditions if matcher.field is not Field.LABEL]
    found = [row for row in rows if matches(others, _traits(row))]
    if not of_labels:
        yield from found
        return
    labels = labels_by_workload(found)
    for row in found:
        if matches(of_labels, _traits(row, labels.get(row.number, {}))):
            yield row


def _traits(row: Diagnosis, labels: dict[str, str] | None = None) -> Traits:
    tool: str | None = row.tool  # type: ignore[attr-defined]  # Annotated by `_open`.
    return traits_of(row, tool or "", labels or {})


class Verdict(StrEnum):
    """What became of a route when a diagnosis was tried."""

    WINS = "wins"
    ALSO = "also"  # It matches too, for a route before it goes on.
    NO_MATCH = "no match"
    NOT_ASKED = "not asked"  # An earlier route matched and does not go on.
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Tried:
    """One route, what became of it, and why: the matcher that does not hold."""

    route: Route
    verdict: Verdict
    failed: Matcher | None = None
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a diagnosis would go now: every route in its order, and the silence that would hold it back."""

    diagnosis: Diagnosis
    routes: tuple[Tried, ...]
    channels: tuple[Channel, ...]
    silence: Silence | None


def trial(diagnosis: UUID, now: datetime) -> Trial | None:
    """Tries a diagnosis on the routes; None if there is none."""
    row = Diagnosis.objects.select_related("cluster").filter(uuid=diagnosis).first()
    if row is None:
        return None
    chooser = Chooser(now)
    traits = chooser.traits(row)
    choices = chooser.choices(traits, row.opened_at)
    return Trial(
        diagnosis=row,
        routes=tuple(_tried(chooser, traits)),
        channels=tuple(choice.channel for choice in choices),
        silence=chooser.silence(traits),
    )


def _tried(chooser: Chooser, traits: Traits) -> Iterator[Tried]:
    asked = {tried.route.pk: tried for tried in chooser.tried(traits)}
    matched = False
    for route in Route.objects.prefetch_related("channels", "escalate_to"):
        tried = asked.get(route.pk)
        if tried is None:
            yield Tried(route, Verdict.NOT_ASKED if route.enabled else Verdict.DISABLED)
        elif tried.failed is not None:
            yield Tried(route, Verdict.NO_MATCH, tried.failed)
        else:
            yield Tried(route, Verdict.ALSO if matched else Verdict.WINS, None, chooser.quiet_until(route))
            matched = True
