"""How patiently a failed read is tried again: a few times, with growing pauses, as the server asks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.kube.errors import FailureKind, ReadFailed

# What may be over in a moment. Refused credentials, missing grants and wrong names are not.
PASSING = frozenset({
    FailureKind.UNREACHABLE,
    FailureKind.TIMEOUT,
    FailureKind.THROTTLED,
    FailureKind.UNAVAILABLE,
    FailureKind.TRUNCATED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pacing:
    """Attempts, and seconds of pause between them; the clock, the sleep and the dice can be replaced in tests."""

    attempts: int = 4
    first_pause: float = 0.2
    longest_pause: float = 5.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def pause(self, attempt: int, failure: ReadFailed) -> float | None:
        """Seconds to wait after the attempt of this number (from 1) failed; None if another would not help.

        What the server asks for is kept; otherwise the pause doubles, between half of it and all of it at random, so
        that many readers do not come back together.
        """
        if failure.kind not in PASSING or attempt >= self.attempts:
            return None
        if failure.retry_after is not None:
            return failure.retry_after
        pause = min(self.first_pause * (1 << attempt - 1), self.longest_pause)
        return pause * (0.5 + self.random() / 2)
