"""What a supervised process is: data, and how long to wait before it is started again."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], Awaitable[bool]]

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # Seconds.
SETTLED_AFTER = 60.0  # Seconds of running after which the past is forgotten.


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process. `command` is an argument list; `environment` is added to ours, `directory` is where it runs."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path()
    is_ready: Probe | None = None  # What has to hold before the next stage starts; None: nothing.
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0  # How long it may take to stop before it is killed.
    shown: bool = True  # Whether what it writes is shown as well as stored.


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start: twice as long each time, until one start has settled."""

    _next: float = FIRST_DELAY

    def after(self, ran_seconds: float) -> float:
        """Seconds to wait now that a process died which had run for so long."""
        delay = FIRST_DELAY if ran_seconds >= SETTLED_AFTER else self._next
        self._next = min(LONGEST_DELAY, delay * 2)
        return delay
