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
    """kubectl's STATUS column."""
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
    """The status of the first init container that has not done its part (None when all have), how many sidecars
    are ready before it, and how many containers were looked at."""
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
    ready, running, error = 0, False, ""
    for status in reversed(pod.status.container_statuses):
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting and waiting.reason:
            reason = waiting.reason
        elif ended:
            reason = _ended(ended)
            if ended.exit_code:
                error = reason
        elif status.ready and status.state.running:
            running = True
            ready += 1
    if reason == "Completed":
        pod_ready = pod.status.condition("Ready")
        if running and pod_ready and pod_ready.true:
            reason = "Running"
        elif error:
            reason = error
        elif running:
            reason = "NotReady"
    return reason, ready


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


def short_duration(elapsed: timedelta) -> str:
    """An age as kubectl writes it: 45s, 6m9s, 28m, 3h12m, 2d4h, 1y30d.

    Source: k8s.io/apimachinery/pkg/util/duration, `HumanDuration`.
    """
    seconds = int(elapsed.total_seconds())
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
