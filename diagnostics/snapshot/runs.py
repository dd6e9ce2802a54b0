"""The Jobs of a CronJob that have ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Workload

EVER = datetime.min.replace(tzinfo=UTC)


def held(job: Workload, type_: str) -> Condition | None:
    """The Job's condition of that type, if it holds: Complete, Failed, Suspended."""
    found = job.status.condition(type_)
    return found if found is not None and found.true else None


class Runs:
    """Those of one CronJob. A cluster may keep thousands, and each of them is judged by all: each sum is made once."""

    def __init__(self, jobs: Iterable[Workload] = ()) -> None:
        ended = (job for job in jobs if held(job, "Failed") or held(job, "Complete"))
        self._ended = sorted(
            ended, key=lambda job: (job.metadata.creation_timestamp or EVER, job.metadata.name), reverse=True
        )

    def __len__(self) -> int:
        return len(self._ended)

    @property
    def newest(self) -> Workload:
        """The one that was made last; raises IndexError where none has ended."""
        return self._ended[0]

    @cached_property
    def failures(self) -> int:
        """How many of them failed."""
        return sum(held(run, "Failed") is not None for run in self._ended)

    @cached_property
    def failed_in_a_row(self) -> int:
        """How many of the newest failed, one after the other."""
        return next((number for number, run in enumerate(self._ended) if not held(run, "Failed")), len(self))

    @cached_property
    def longest(self) -> timedelta | None:
        """How long the longest of those that completed took, if there is one."""
        times = ((run.status.start_time, run.status.completion_time) for run in self._ended)
        return max((end - start for start, end in times if start and end), default=None)

    @cached_property
    def recovered(self) -> bool:
        """Whether one completed after all that failed."""
        return self._newest("Complete") > self._newest("Failed")

    def _newest(self, type_: str) -> datetime:
        conditions = (held(run, type_) for run in self._ended)
        return max((found.last_transition_time or EVER for found in conditions if found), default=EVER)
