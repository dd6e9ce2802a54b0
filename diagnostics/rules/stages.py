"""How far a pod has come, and since when it is held up there.

The times are those of the pod's conditions and container states where they tell, because events expire: the grace
periods of a fault are counted from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile

from diagnostics.rules.model import Evidence
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.objects import Event

SANDBOX_READY = "PodReadyToStartContainers"
# What a container waits for when nothing is wrong with the container itself.
UNBLAMED = frozenset({"ContainerCreating", "PodInitializing", ""})


def alive(suspect: Suspect) -> bool:
    """Whether the pod is meant to come up: not being deleted, not finished one way or the other."""
    return suspect.pod.metadata.deletion_timestamp is None and suspect.pod.status.phase not in ("Succeeded", "Failed")


def serving(suspect: Suspect) -> bool:
    """Whether the pod is up and meant to stay so: whether it is ready is the question."""
    return suspect.pod.status.phase == "Running" and suspect.pod.metadata.deletion_timestamp is None


def up_to_containers(suspect: Suspect) -> bool:
    """Whether it is up to the pod's containers how it fares, or was until one failed for good.

    Not so for a pod that is deleted or completed, nor for one that was evicted, refused or shut down (`status.reason`).
    """
    pod = suspect.pod
    return pod.metadata.deletion_timestamp is None and pod.status.phase != "Succeeded" and not pod.status.reason


def without_sandbox(suspect: Suspect) -> bool:
    """Whether the pod is bound to a node that has not set up its sandbox, network and volumes (yet, or any more).

    The condition says so; kubelets before 1.29 write none, then it is so while no container has ever run.
    """
    if not suspect.pod.spec.node_name:
        return False
    ready = suspect.pod.status.condition(SANDBOX_READY)
    if ready is not None:
        return not ready.true
    states = [container.status.state for container in suspect.containers]
    return not any(state.running or state.terminated for state in states)


def without_sandbox_since(suspect: Suspect, *events: Event) -> datetime | None:
    """Since when that is so: the condition's transition, else the first of the events, else the kubelet's start."""
    ready = suspect.pod.status.condition(SANDBOX_READY)
    known = ready.last_transition_time if ready is not None else None
    return known or began(events) or bound_since(suspect)


def bound_since(suspect: Suspect) -> datetime | None:
    """When the kubelet took the pod on, else when the pod was made."""
    return suspect.pod.status.start_time or suspect.pod.metadata.creation_timestamp


def due_since(container: ContainerView) -> datetime | None:
    """Since when nothing but the container itself keeps it from running.

    The end of its latest run; if it never ran, the moment at which the sandbox and the init containers before it
    were done.
    """
    if container.last_end is not None and container.last_end.finished_at is not None:
        return container.last_end.finished_at
    suspect = container.suspect
    before = [end.finished_at for other in _predecessors(container) if (end := other.status.state.terminated)]
    for type_ in (SANDBOX_READY, *(() if container.init else ("Initialized",))):
        condition = suspect.pod.status.condition(type_)
        if condition is not None and condition.true:
            before.append(condition.last_transition_time)
    return max((moment for moment in before if moment is not None), default=bound_since(suspect))


def first_failed(container: ContainerView, events: Iterable[Event]) -> datetime | None:
    """When a container that is tried again and again first failed, as far back as those events and its states tell."""
    ends = [state.terminated for state in (container.status.state, container.status.last_state) if state.terminated]
    known = [end.finished_at for end in ends]
    return min((moment for moment in (*known, began(events)) if moment is not None), default=due_since(container))


def waiting_word(container: ContainerView) -> Evidence:
    """What the kubelet says a waiting container waits for: the message, or the reason where there is none."""
    if container.waiting is not None and container.waiting.message:
        return container.quote("state.waiting.message", container.waiting.message)
    return container.quote("state.waiting.reason", container.waiting_reason)


def began(events: Iterable[Event]) -> datetime | None:
    """When the first of the events was first seen."""
    return min((event.since for event in events if event.since is not None), default=None)


def _predecessors(container: ContainerView) -> list[ContainerView]:
    """The init containers that have to be done before this one."""
    return list(takewhile(lambda other: other.init and other.name != container.name, container.suspect.containers))
