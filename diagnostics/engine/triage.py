"""Is a pod worth a closer look? Asked of every pod, so it looks at nothing but the lean pod itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.pods import ContainerStatus, LeanPod, PodStatus, Terminated

# A container that ended within this time is not settled: a crash loop runs happily between two crashes, and three
# restarts within the hour are flapping (catalogue B8).
UNSETTLED = timedelta(hours=1)
EVER = timedelta.max
# A pod that became ready within this time has to stay so; unless it has only just started, as pods do.
RECOVERED = timedelta(minutes=10)
# Conditions that carry a reason only while a change of the pod's size is held up.
_RESIZING = ("PodResizePending", "PodResizeInProgress")


def suspicious(pod: LeanPod, now: datetime, *, restarted_within: timedelta = UNSETTLED) -> bool:
    """Whether a pod is not healthy, or not settled yet.

    So is one that is pending, failed, terminating, not ready, ready again only lately, lately restarted, or that does
    not get the size that was asked for. `restarted_within` may be `EVER`, for a reader who wants history as well. Completed pods never are suspicious.
    """
    if pod.status.phase == "Succeeded":
        return False
    if pod.status.phase != "Running" or pod.metadata.deletion_timestamp is not None:
        return True
    if pod.status.resize or not _steady(pod.status, now):
        return True
    for container in pod.status.container_statuses:
        if container.state.running is None:
            return True
        if container.restart_count and _ended_within(container.last_state.terminated, now, restarted_within):
            return True
    return False


def _steady(status: PodStatus, now: datetime) -> bool:
    """Whether a pod is ready, not only again and lately, and nothing holds up a change of its size."""
    ready = None
    for condition in status.conditions:
        if condition.type == "Ready":
            ready = condition
        elif condition.reason and condition.type in _RESIZING:
            return False
    return ready is not None and ready.status == "True" and not _came_back(ready, status.container_statuses, now)


def _came_back(ready: Condition, containers: tuple[ContainerStatus, ...], now: datetime) -> bool:
    """Whether a pod became ready lately, long after its containers were started: it may not have been the first time."""
    since = ready.last_transition_time
    if since is None or now - since > RECOVERED:
        return False
    starts = (container.state.running.started_at for container in containers if container.state.running)
    started = max((start for start in starts if start is not None), default=since)
    return since - started > RECOVERED


def _ended_within(ended: Terminated | None, now: datetime, window: timedelta) -> bool:
    return ended is not None and (ended.finished_at is None or now - ended.finished_at <= window)
