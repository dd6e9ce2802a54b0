"""What charts show, as numbers in equal lengths of time: the figure and the table beside it are made of the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _

from dashboard.views.words import severity_word
from diagnostics.queries.flows import Ended, Opened, OpenedHere, Slots
from diagnostics.queries.happenings import Deploy
from diagnostics.rules.model import Severity

MOST_MARKS = 2_000  # In one chart; a range that would have more is counted in longer slots.
BARS = 40  # About as many can be told apart.
NAMED_CAUSES = 5
NAMESPACES = 18
HEAT_SLOTS = MOST_MARKS // (NAMESPACES + 1)
# Custom properties of the style sheet, without their two dashes.
COLOURS = ("c-1", "c-2", "c-3", "c-4", "c-6")
OTHERS_COLOUR = "c-5"
SEVERITY_COLOURS = {
    Severity.CRITICAL: "crit",
    Severity.HIGH: "high",
    Severity.MEDIUM: "med",
    Severity.LOW: "low",
    Severity.INFO: "ink-3",
}
OUT_OF_MEMORY = "OOMKilled"

Kind = TypeVar("Kind", str, Severity, tuple[str, str], tuple[str, int])  # What sorts.


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing, counted in each slot; `value` is what a filter calls it, None for several kinds together."""

    label: str
    colour: str
    counts: tuple[int, ...]
    value: object = None
    hatched: bool = False

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over the same slots, those with most first."""

    slots: Slots
    series: tuple[Series, ...]
    pods: int = 0  # That failed with what opened, of each at most at a time.
    healed: tuple[int, ...] = ()  # Drawn downwards, where it is counted.
    deploys: tuple[tuple[Deploy, ...], ...] = ()  # Of each slot.
    watched_since: datetime | None = None  # If that lies within the slots.
    one_in: int = 1  # Of how many diagnoses one was counted, and stands for the others.

    @property
    def opened(self) -> int:
        """How many in all."""
        return sum(series.total for series in self.series)

    @property
    def resolved(self) -> int:
        """How many of what failed ended."""
        return sum(self.healed)

    @property
    def deployed(self) -> int:
        """How many deploys."""
        return sum(len(found) for found in self.deploys)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.opened or self.resolved or self.deployed)

    @property
    def peak(self) -> tuple[datetime, int]:
        """When most of it was, and how many."""
        totals = [sum(counts) for counts in zip(*(series.counts for series in self.series), strict=True)]
        most = max(totals, default=0)
        return self.slots.begin(totals.index(most) if totals else 0), most


def by_cause(rows: Sequence[Opened], slots: Slots) -> tuple[Series, ...]:
    """A series for each of the most frequent causes, and one for all others."""
    counted = _counted(((row.code, row.slot, row.diagnoses) for row in rows), slots)
    biggest = _most_first(counted)
    named = [Series(code, colour, counted[code], code) for code, colour in zip(biggest, COLOURS, strict=False)]
    return (*named, *_others(_("other causes"), [counted[code] for code in biggest[NAMED_CAUSES:]]))


def by_severity(rows: Sequence[Opened], slots: Slots) -> tuple[Series, ...]:
    """A series for each severity that there is, the worst first."""
    counted = _counted(((Severity(row.severity), row.slot, row.diagnoses) for row in rows), slots)
    worst_first = sorted(counted, reverse=True)
    return tuple(Series(severity_word(s), SEVERITY_COLOURS[s], counted[s], s) for s in worst_first)


def by_namespace(rows: Sequence[OpenedHere], slots: Slots) -> tuple[Series, ...]:
    """A series for each of the namespaces with most, and one for all others."""
    counted = _counted((((row.cluster, row.namespace), row.slot, row.diagnoses) for row in rows), slots)
    most = _most_first(counted)
    named = [Series(_place(*key), COLOURS[0], counted[key], key) for key in most[:NAMESPACES]]
    return (*named, *_others(_("other namespaces"), [counted[key] for key in most[NAMESPACES:]]))


def by_ending(rows: Sequence[Ended], slots: Slots) -> tuple[Series, ...]:
    """A series for each of the most frequent ways in which a workload's runs ended; kills for memory are hatched."""
    counted = _counted((((row.reason, row.exit_code), row.slot, row.runs) for row in rows), slots)
    most = _most_first(counted)
    named = [
        Series(_ending(*key), colour, counted[key], hatched=key[0] == OUT_OF_MEMORY)
        for key, colour in zip(most, COLOURS, strict=False)
    ]
    return (*named, *_others(_("other ends"), [counted[key] for key in most[NAMED_CAUSES:]]))


def deploys_by_slot(deploys: Iterable[Deploy], slots: Slots) -> tuple[tuple[Deploy, ...], ...]:
    """The deploys of each slot, in their order."""
    found: list[list[Deploy]] = [[] for _slot in range(slots.count)]
    for deploy in deploys:
        found[slots.holding(deploy.at)].append(deploy)
    return tuple(tuple(of_slot) for of_slot in found)


def filled(counts: dict[int, int], slots: Slots) -> tuple[int, ...]:
    """A count for each slot, where only those with something were told."""
    return tuple(counts.get(number, 0) for number in range(slots.count))


def _counted(rows: Iterable[tuple[Kind, int, int]], slots: Slots) -> dict[Kind, tuple[int, ...]]:
    """The counts of each kind, from rows of kind, slot and count."""
    by_kind: dict[Kind, Counter[int]] = {}
    for kind, slot, n in rows:
        by_kind.setdefault(kind, Counter())[slot] += n
    return {kind: filled(counts, slots) for kind, counts in by_kind.items()}


def _most_first(counted: dict[Kind, tuple[int, ...]]) -> list[Kind]:
    return sorted(counted, key=lambda kind: (-sum(counted[kind]), kind))


def _others(label: str, rest: Sequence[tuple[int, ...]]) -> Iterator[Series]:
    if rest:
        yield Series(label, OTHERS_COLOUR, tuple(map(sum, zip(*rest, strict=True))))


def _place(cluster: str, namespace: str) -> str:
    return f"{cluster} / {namespace}" if namespace else _("%(cluster)s, no namespace") % {"cluster": cluster}


def _ending(reason: str, exit_code: int) -> str:
    how = _("exit code %(n)d") % {"n": exit_code}
    return f"{reason}, {how}" if reason else how
