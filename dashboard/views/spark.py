"""The small picture of a diagnosis's last 24 hours: a bar an hour, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.models import Occurrence

HOURS = 24
WINDOW = timedelta(hours=HOURS)
STEP, WIDTH, HEIGHT, SMALLEST = 4, 3, 24, 6


@dataclass(frozen=True, slots=True)
class Spark:
    """Two SVG paths in a box of 96 by 24, and in how many hours it failed."""

    failing: str
    quiet: str
    hours: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Two SVG paths in a box of 96 by 24: hours with something, and hours with nothing."""

    some: str
    none: str


def bars(counts: Sequence[int]) -> Bars:
    """A bar for each of 24 hourly counts, the present hour last; a line on the ground for nothing."""
    highest = max(counts, default=0)
    return Bars(
        some="".join(
            _bar(hour, SMALLEST + (HEIGHT - 4 - SMALLEST) * n // highest) for hour, n in enumerate(counts) if n
        ),
        none="".join(_bar(hour, 1) for hour, n in enumerate(counts) if not n),
    )


def spark(occurrences: Iterable[Occurrence], now: datetime) -> Spark:
    """A bar for each of the last 24 hours in which it failed, as high as its pods; a line on the ground for the rest."""
    peaks = [0] * HOURS
    for occurrence in occurrences:
        for hour in _hours(occurrence, now):
            peaks[hour] = max(peaks[hour], occurrence.pods_peak, 1)
    drawn = bars(peaks)
    return Spark(failing=drawn.some, quiet=drawn.none, hours=sum(1 for n in peaks if n))


def _hours(occurrence: Occurrence, now: datetime) -> range:
    """The bars that it touches, the present hour last."""
    start = max(occurrence.started_at, now - WINDOW)
    end = min(occurrence.ended_at or now, now)
    if end < now - WINDOW:
        return range(0)
    return range(_bar_of(start, now), _bar_of(end, now) + 1)


def _bar_of(at: datetime, now: datetime) -> int:
    return min(max(HOURS - 1 - int((now - at) / timedelta(hours=1)), 0), HOURS - 1)


def _bar(hour: int, height: int) -> str:
    return f"M{hour * STEP} {HEIGHT - height}h{WIDTH}v{height}h-{WIDTH}z"
