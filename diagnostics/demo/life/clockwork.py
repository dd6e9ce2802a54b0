"""Scenes played by a clock that somebody else holds: in real time by the demo, at once by the tests."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import datetime, timedelta

# A scene acts, then yields how many seconds it waits before it goes on.
Scene = Generator[float, None, None]


class Exit(Exception):
    """What a scene is about has left the stage: the scene ends, and nobody minds."""


class Clockwork:
    """Plays scenes in the order in which their steps are due. `now` is the moment of the step being played."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._due: list[tuple[datetime, int, Scene]] = []
        self._order = itertools.count()  # Of two steps due at once, the one that was set first.

    def play(self, scene: Scene, after: float = 0.0) -> None:
        """Begins a scene so many seconds from now."""
        heapq.heappush(self._due, (self.now + timedelta(seconds=after), next(self._order), scene))

    def advance(self, to: datetime, settle: Callable[[], None]) -> None:
        """Plays every step that is due by then; after each, `settle` draws the consequences."""
        while self._due and self._due[0][0] <= to:
            self.now, _, scene = heapq.heappop(self._due)
            with suppress(StopIteration, Exit):
                self.play(scene, after=next(scene))
            settle()
        self.now = max(self.now, to)

    def pause(self, now: datetime) -> float:
        """Seconds until the next step is due; never negative."""
        return max((self._due[0][0] - now).total_seconds(), 0.0) if self._due else 60.0
