"""Pods that only look suspicious because they start or end just now, as pods do: they get a moment before they count.

Most pods of a rollout pass through here and are never stored. What they were is kept in memory alone, so until they
have settled, a watcher that takes over has to read them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from diagnostics.snapshot.pods import ContainerStatus, LeanPod

STARTING = timedelta(seconds=10)  # From its creation; no rule speaks of a pod that starts without trouble any sooner.
ENDING = timedelta(minutes=1)  # A pod whose grace period is longer is looked at at once.
_ON_THE_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})

Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Unsettled(Generic[Place]):
    """A pod as it was sent, until when it has time, and from where it would be read again."""

    raw: bytes
    until: datetime
    place: Place
    before: str


class Settling(Generic[Place]):
    """The pods that have not settled yet, the one that came first before the others."""

    def __init__(self) -> None:
        self._pods: dict[str, Unsettled[Place]] = {}

    def put(self, uid: str, pod: Unsettled[Place]) -> None:
        """Lets a pod settle; one that is here already keeps its place, and where it is to be read again."""
        known = self._pods.get(uid)
        self._pods[uid] = Unsettled(pod.raw, pod.until, pod.place, known.before) if known else pod

    def take(self, uid: str) -> bytes | None:
        """The pod as it was sent, if it was here; it is not any longer."""
        known = self._pods.pop(uid, None)
        return known.raw if known else None

    def due(self, now: datetime) -> list[str]:
        """The uids of those that had time enough."""
        return [uid for uid, pod in self._pods.items() if pod.until <= now]

    @property
    def begins(self) -> dict[Place, str]:
        """From which versions on watches would bring all of them again."""
        begins: dict[Place, str] = {}
        for pod in self._pods.values():
            begins.setdefault(pod.place, pod.before)
        return begins


def settles_at(pod: LeanPod, now: datetime) -> datetime | None:
    """Until when a suspicious pod may be expected to come right, or to go, by itself; None if it may not."""
    ends = pod.metadata.deletion_timestamp
    if ends is not None:
        return ends if now < ends <= now + ENDING else None
    created = pod.metadata.creation_timestamp
    if created is None or now >= created + STARTING or pod.status.phase not in ("", "Pending", "Running"):
        return None
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    placed = pod.status.condition("PodScheduled")
    if (placed is not None and placed.false) or not all(map(_on_the_way, statuses)):
        return None
    return created + STARTING


def _on_the_way(status: ContainerStatus) -> bool:
    """Whether a container is being made, runs, or has done its part, for the first time."""
    waiting, ended = status.state.waiting, status.state.terminated
    well = (waiting is None or waiting.reason in _ON_THE_WAY) and (ended is None or ended.exit_code == 0)
    return well and status.restart_count == 0 and status.last_state.terminated is None
