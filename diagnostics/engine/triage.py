"""Is a pod worth a closer look? Asked of every pod, so it looks at nothing but the lean pod itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.snapshot.pods import LeanPod, Terminated

# A container that ended within this time is not settled: a crash loop runs happily between two crashes, and three
# restarts within the hour are flapping (catalogue B8).
UNSETTLED = timedelta(hours=1)
EVER = timedelta.max


def suspicious(pod: LeanPod, now: datetime, *, restarted_within: timedelta = UNSETTLED) -> bool:
    """Whether a pod is not healthy, or not settled yet: pending, failed, terminating, not ready, lately restarted.

    `restarted_within` may be `EVER`, for a reader who wants history as well. Completed pods never are suspicious.
    """
    if pod.status.phase == "Succeeded":
        return False
    if pod.status.phase != "Running" or pod.metadata.deletion_timestamp is not None or not _ready(pod):
        return True
    for container in pod.status.container_statuses:
        if container.state.running is None:
            return True
        if container.restart_count and _ended_within(container.last_state.terminated, now, restarted_within):
            return True
    return False


def _ready(pod: LeanPod) -> bool:
    for condition in pod.status.conditions:
        if condition.type == "Ready":
            return condition.status == "True"
    return False


def _ended_within(ended: Terminated | None, now: datetime, window: timedelta) -> bool:
    return ended is not None and (ended.finished_at is None or now - ended.finished_at <= window)
