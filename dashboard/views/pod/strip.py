"""The strip of a container's states over time, as paths of an SVG: height carries the meaning, not colour alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from diagnostics.models import EndedRun
from diagnostics.operations.ended_runs import Ended
from diagnostics.snapshot.pods import ContainerStatus

WIDTH = 480.0
LONGEST = timedelta(hours=24)  # That is drawn: of older runs the table tells.
TICK = 2.5  # Width of an exit, however short the run; and
SHORTEST = 1.5  # of whatever lasts.
# From the top and how high, of 14: what runs stands tall, what waits is a line.
_HEIGHTS = {"run": (4, 7), "unready": (7, 4), "ran": (7, 4), "init": (7, 4), "wait": (9, 2), "bad": (0, 14)}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container; `number` counts from 0. A run that goes on has no end and no exit code."""

    number: int
    started_at: datetime | None
    ended_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""

    @property
    def lasted(self) -> timedelta | None:
        """How long, where both ends are known."""
        return self.ended_at - self.started_at if self.started_at and self.ended_at else None


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is drawn."""

    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        """Where a moment stands; outside of the window at its edge."""
        whole = (self.end - self.start) / timedelta(seconds=1) or 1.0
        return min(max((at - self.start).total_seconds() / whole, 0.0), 1.0) * WIDTH

    def marks(self) -> tuple[datetime, ...]:
        """Four moments for the axis."""
        return tuple(self.start + (self.end - self.start) * n / 3 for n in range(4))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in one state (a class in the stylesheet), or an exit other than 0, which has no length."""

    kind: str
    start: datetime
    end: datetime


def runs(status: ContainerStatus | None, ended: Iterable[EndedRun | Ended]) -> list[Run]:
    """The runs of a container that are known, in order: of these all that are its own, and the one that goes on."""
    if status is None:
        return []
    own = (each for each in ended if each.container == status.name)
    found = {
        each.restart: Run(each.restart, each.started_at, each.ended_at, each.exit_code, each.reason) for each in own
    }
    if status.state.running:
        found[status.restart_count] = Run(status.restart_count, status.state.running.started_at)
    return [found[number] for number in sorted(found)]


def window(created_at: datetime | None, end: datetime) -> Window:
    """From the pod's creation, at most a day."""
    start = max(created_at or end - LONGEST, end - LONGEST)
    return Window(min(start, end - timedelta(seconds=1)), end)


def segments(known: Sequence[Run], status: ContainerStatus | None, shown: Window, *, init: bool) -> list[Segment]:
    """The states of a container. Between two runs of which one is not known, nothing is said."""
    parts = [part for run in known for part in _run_parts(run, status, shown.end, init=init)]
    parts += _pauses(known, shown)
    if status is None or status.state.waiting:
        since = known[-1].ended_at if known else shown.start
        parts += [Segment("wait", since, shown.end)] if since else []
    return [part for part in parts if part.end >= shown.start]


def _run_parts(run: Run, status: ContainerStatus | None, end: datetime, *, init: bool) -> Iterator[Segment]:
    if run.started_at:
        # How ready a run was that has ended, nobody has kept.
        over = "init" if init else "ran"
        kind = over if run.ended_at else "run" if status and status.ready else "unready"
        yield Segment(kind, run.started_at, run.ended_at or end)
    if run.ended_at and run.exit_code:
        yield Segment("bad", run.ended_at, run.ended_at)


def _pauses(known: Sequence[Run], shown: Window) -> Iterator[Segment]:
    if known and known[0].number == 0 and known[0].started_at:
        yield Segment("wait", shown.start, known[0].started_at)
    for before, after in pairwise(known):
        if before.ended_at and after.started_at and after.number == before.number + 1:
            yield Segment("wait", before.ended_at, after.started_at)


def paths(parts: Iterable[Segment], shown: Window) -> dict[str, str]:
    """The `d` of one path a state, exits on top of everything else."""
    drawn: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        top, height = _HEIGHTS[part.kind]
        left = shown.x(part.start)
        width = TICK if part.kind == "bad" else max(shown.x(part.end) - left, SHORTEST)
        left = min(left, WIDTH - width)
        drawn[part.kind].append(f"M{left:.1f} {top}h{width:.1f}v{height}h-{width:.1f}z")
    return {kind: "".join(drawn[kind]) for kind in _HEIGHTS if kind in drawn}
