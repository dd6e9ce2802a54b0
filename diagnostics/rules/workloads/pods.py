"""The pods of a workload that are not ready, and since when; and when it last moved.

For workloads whose own status has no times, and for what waits for workloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload

WorkloadView: TypeAlias = ObjectView[Workload]
# A rollout that moved within this time is under way: what it lacks is no fault yet.
MOVING = timedelta(minutes=10)


def unready(view: ObjectView[Any]) -> Iterator[Suspect]:
    """The pods of an object that are meant to serve and are not ready."""
    for pod in view.pods:
        ready = pod.pod.status.condition("Ready")
        if pod.pod.status.phase not in ("Succeeded", "Failed") and (ready is None or not ready.true):
            yield pod


def unready_since(pod: Suspect) -> datetime | None:
    """When it stopped being ready, or was made."""
    ready = pod.pod.status.condition("Ready")
    return (ready.last_transition_time if ready else None) or pod.metadata.creation_timestamp


def settled(view: ObjectView[Any], began: datetime | None, workloads: Iterable[Workload]) -> datetime | None:
    """Since when workloads are short of ready pods; since now, while something still moves: they may only be slow to start.

    `began` is when, by all else that is known.
    """
    moved = latest(began, *(moment for workload in workloads for moment in _moved(workload)))
    return view.now if moved is not None and view.age(moved) < MOVING else moved


def _moved(workload: Workload) -> Iterator[datetime | None]:
    yield workload.metadata.written_at
    for type_ in ("Available", "Progressing"):
        if condition := workload.status.condition(type_):
            yield condition.last_transition_time
            yield condition.last_update_time


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    return max((moment for moment in moments if moment is not None), default=None)


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest of those that are known."""
    return min((moment for moment in moments if moment is not None), default=None)
