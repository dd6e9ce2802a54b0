"""The pods of a workload that are not ready, and since when: for workloads whose own status has no times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload

WorkloadView: TypeAlias = ObjectView[Workload]


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


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    return max((moment for moment in moments if moment is not None), default=None)


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest of those that are known."""
    return min((moment for moment in moments if moment is not None), default=None)
