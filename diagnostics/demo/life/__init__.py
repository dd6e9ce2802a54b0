"""The life of the demo cluster: a story that is told for ever, on top of recorded objects that go on failing.

Deterministic: the same start and seed give the same changes at the same moments. The clock is the caller's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.demo.life import restarts
from diagnostics.demo.life.controllers import Controllers
from diagnostics.demo.life.events import Recorder
from diagnostics.demo.life.kubelet import Kubelet
from diagnostics.demo.life.nodes import Nodes
from diagnostics.demo.life.pulse import Pulse
from diagnostics.demo.life.stage import Stage
from diagnostics.demo.life.story import Story
from diagnostics.demo.logs import Logs
from diagnostics.demo.store import Store

# The story's applications were deployed so long before anybody looks.
_PROLOGUE = timedelta(minutes=20)


class Life:
    """Changes a store and its logs as time passes. `advance` plays everything that is due."""

    def __init__(self, store: Store, logs: Logs, now: datetime, *, story: bool = True, seed: str = "") -> None:
        self._stage = Stage(store, logs, now - _PROLOGUE, seed or now.isoformat())
        events = Recorder(self._stage)
        kubelet = Kubelet(self._stage, events)
        self._controllers = controllers = Controllers(self._stage, events, kubelet)
        self._stage.clock.play(events.expire())
        pulse = Pulse(self._stage, now)
        if story:
            told = Story(controllers, Nodes(self._stage, controllers))
            told.prologue()
            told.begin(_PROLOGUE.total_seconds())
        self.advance(now)
        store.expire_history()  # What came before the opening is no change to anybody.
        pulse.begin()
        self._stage.clock.play(restarts.go_on(self._stage), after=6.0)

    def advance(self, now: datetime) -> None:
        """Plays every step that is due by now, each at its own moment."""
        self._stage.clock.advance(now, self._controllers.settle)

    def pause(self, now: datetime) -> float:
        """Seconds until the next step is due."""
        return self._stage.clock.pause(now)
