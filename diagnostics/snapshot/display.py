"""kubectl's STATUS, READY and RESTARTS columns.

Source: kubernetes v1.36, pkg/printers/internalversion/printers.go, `printPod`. What kubectl prints is called
`display_status` here; `phase` is `status.phase` only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.pods import ContainerStatus, LeanPod, Terminated


class Columns(Object, frozen=True):
    """What `kubectl get pods` prints of one pod, before its ages are written out."""

    status: str
    ready: int
    total: int
    restarts: int
    last_restart_at: datetime | None


def columns(pod: LeanPod) -> Columns:
    """The three columns of one pod."""
    restartable = {container.name for container in pod.spec.init_containers if container.restartable}
    stuck, sidecars_ready, walked = _init_stage(pod, restartable)
    initialized = pod.status.condition("Initialized")
    if stuck is not None and not (initialized and initialized.true):
        status, ready = stuck, sidecars_ready
        restarted = pod.status.init_container_statuses[:walked]
    else:
        status, main_ready = _main_stage(pod, stuck or _bare_reason(pod))
        ready = sidecars_ready + main_ready
        sidecars = tuple(s for s in pod.status.init_container_statuses if s.name in restartable)
        restarted = sidecars + pod.status.container_statuses
    return Columns(
        status=_deleted(pod, status),
        ready=ready,
        total=len(pod.spec.containers) + len(restartable),
        restarts=sum(s.restart_count for s in restarted),
        last_restart_at=_last_restart(restarted),
    )


def display_status(pod: LeanPod) -> str:
    """What kubectl prints as STATUS."""
    return columns(pod).status


def _bare_reason(pod: LeanPod) -> str:
    scheduled = pod.status.condition("PodScheduled")
    if scheduled and scheduled.reason == "SchedulingGated":
        return "SchedulingGated"
    return pod.status.reason or pod.status.phase


def _ended(ended: Terminated, prefix: str = "") -> str:
    if ended.reason:
        return prefix + ended.reason
    return f"{prefix}Signal:{ended.signal}" if ended.signal else f"{prefix}ExitCode:{ended.exit_code}"


def _init_stage(pod: LeanPod, restartable: set[str]) -> tuple[str | None, int, int]:
    """The status of the first init container that has not done its part, and how far the walk went.

    Returns that status (None when all have done theirs), the ready sidecars before it and the containers looked at.
    """
    ready = 0
    for index, status in enumerate(pod.status.init_container_statuses):
        ended, waiting = status.state.terminated, status.state.waiting
        if ended and ended.exit_code == 0:
            continue
        if status.name in restartable and status.started:
            ready += status.ready
            continue
        if ended:
            return _ended(ended, "Init:"), ready, index + 1
        if waiting and waiting.reason and waiting.reason != "PodInitializing":
            return f"Init:{waiting.reason}", ready, index + 1
        return f"Init:{index}/{len(pod.spec.init_containers)}", ready, index + 1
    return None, ready, len(pod.status.init_container_statuses)


def _main_stage(pod: LeanPod, reason: str) -> tuple[str, int]:
    """Walks the main containers from the last to the first, so the first one's bad state is what is shown."""
    ready, error = 0, ""
    for status in reversed(pod.status.container_statuses):
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting and waiting.reason:
            reason = waiting.reason
        elif ended:
            reason = _ended(ended)
            error = reason if ended.exit_code else error
        elif status.ready and status.state.running:
            ready += 1
    return (_completed(pod, error, running=ready > 0) if reason == "Completed" else reason), ready


def _completed(pod: LeanPod, error: str, *, running: bool) -> str:
    """What is shown when the first container has completed: its siblings decide."""
    pod_ready = pod.status.condition("Ready")
    if running and pod_ready and pod_ready.true:
        return "Running"
    return error or ("NotReady" if running else "Completed")


def _deleted(pod: LeanPod, status: str) -> str:
    if pod.metadata.deletion_timestamp is None:
        return status
    if pod.status.reason == "NodeLost":
        return "Unknown"
    return status if pod.status.phase in ("Failed", "Succeeded") else "Terminating"


def _last_restart(statuses: tuple[ContainerStatus, ...]) -> datetime | None:
    ends = (s.last_state.terminated for s in statuses if s.last_state.terminated)
    return max((end.finished_at for end in ends if end.finished_at), default=None)


def restarts_column(shown: Columns, now: datetime) -> str:
    """The RESTARTS column as printed: "0" or "15 (6m9s ago)"."""
    if not shown.restarts or shown.last_restart_at is None:
        return str(shown.restarts)
    return f"{shown.restarts} ({short_duration(now - shown.last_restart_at)} ago)"


# Below so many seconds an age is written in one unit, and the rest in a smaller one where that still matters.
_AGES: tuple[tuple[float, int, str, int, str], ...] = (
    (120, 1, "s", 0, ""),
    (600, 60, "m", 1, "s"),
    (3 * 3600, 60, "m", 0, ""),
    (8 * 3600, 3600, "h", 60, "m"),
    (48 * 3600, 3600, "h", 0, ""),
    (8 * 86400, 86400, "d", 3600, "h"),
    (730 * 86400, 86400, "d", 0, ""),
    (2920 * 86400, 365 * 86400, "y", 86400, "d"),
    (float("inf"), 365 * 86400, "y", 0, ""),
)


def short_duration(elapsed: timedelta) -> str:
    """An age as kubectl writes it: 45s, 6m9s, 28m, 3h12m, 2d4h, 1y30d; a second in the future is now.

    Source: k8s.io/apimachinery/pkg/util/duration, `HumanDuration`.
    """
    seconds = int(elapsed.total_seconds())
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    unit, name, rest_unit, rest_name = next(row[1:] for row in _AGES if seconds < row[0])
    rest = seconds % unit // rest_unit if rest_unit else 0
    return f"{seconds // unit}{name}{rest}{rest_name}" if rest else f"{seconds // unit}{name}"
