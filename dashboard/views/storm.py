"""Many failures at once: what share of them has one cause, and how the causes compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.views.filters import Selection
from diagnostics.models import Diagnosis
from diagnostics.queries import Group, GroupBy
from diagnostics.rules.reference import Entry, entries

STORM_PODS = 1_000  # More make a storm by themselves.
MANY = 20  # Diagnoses; of fewer nothing is summed up.
COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")  # The last is that of all smaller causes together.
CAUSES_DRAWN = len(COLOURS) - 1


@dataclass(frozen=True, slots=True)
class Segment:
    """A cause, or all smaller ones together, as a part of a bar that is 100 wide."""

    colour: str  # Its class in the stylesheet.
    start: float
    width: float
    pods: int
    causes: int  # How many it stands for.
    code: str  # Blank for all smaller ones together.
    url: str

    @property
    def entry(self) -> Entry | None:
        """What the reference says of it."""
        return entries().get(self.code)


@dataclass(frozen=True, slots=True)
class Storm:
    """More failures than anybody reads one by one."""

    pods: int
    diagnoses: int
    share: int  # Percent of the failing pods that the largest cause has.
    largest: Group
    example: Diagnosis | None  # The newest with that cause.
    others: int  # Causes.
    newest: datetime
    url: str  # Leads to what has the largest cause.

    @property
    def rest(self) -> int:
        """Failing pods with another cause."""
        return self.pods - self.largest.pods

    @property
    def entry(self) -> Entry | None:
        """What the reference says of the largest cause."""
        return entries().get(self.largest.code)


def is_storm(causes: Sequence[Group]) -> bool:
    """Whether there are more failing pods than can be looked at, or many diagnoses and half of the pods of one cause."""
    pods, diagnoses = _total(causes)
    largest = max((group.pods for group in causes), default=0)
    return pods > STORM_PODS or (diagnoses >= MANY and largest * 2 >= pods > 0)


def largest(causes: Sequence[Group]) -> Group:
    """The one with the most failing pods."""
    return max(causes, key=lambda group: (group.pods, group.worst))


def storm(causes: Sequence[Group], example: Diagnosis | None, selection: Selection) -> Storm:
    """What is to be said of a storm."""
    pods, diagnoses = _total(causes)
    top = largest(causes)
    return Storm(
        pods=pods,
        diagnoses=diagnoses,
        share=100 * top.pods // pods if pods else 0,
        largest=top,
        example=example,
        others=len(causes) - 1,
        newest=max(group.newest for group in causes),
        url=selection.narrowed(codes=(top.code,)).grouped(GroupBy.WORKLOAD).url,
    )


def summed_up(causes: Sequence[Group], selection: Selection) -> list[Segment]:
    """The largest causes and all others, side by side; nothing while there are too few diagnoses to sum up."""
    pods, diagnoses = _total(causes)
    if diagnoses < MANY or not pods or len(causes) < 2:
        return []
    by_size = sorted((group for group in causes if group.pods), key=lambda group: -group.pods)
    drawn, smaller = by_size[:CAUSES_DRAWN], by_size[CAUSES_DRAWN:]
    parts = [(group.pods, 1, group.code) for group in drawn]
    parts += [(sum(group.pods for group in smaller), len(smaller), "")] if smaller else []
    segments, start = [], 0.0
    for colour, (own, stands_for, code) in zip(COLOURS, parts, strict=False):
        width = 100 * own / pods
        url = selection.narrowed(codes=(code,)).url if code else selection.grouped(GroupBy.CAUSE).url
        segments.append(Segment(colour, round(start, 2), round(width, 2), own, stands_for, code, url))
        start += width
    return segments


def _total(causes: Sequence[Group]) -> tuple[int, int]:
    """How many pods and diagnoses there are in all."""
    return sum(group.pods for group in causes), sum(group.diagnoses for group in causes)
