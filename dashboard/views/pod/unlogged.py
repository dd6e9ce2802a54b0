"""Why nothing is kept of a container's log."""

from __future__ import annotations

from django.utils.translation import gettext as _

from diagnostics.kube.resources import LOGS
from diagnostics.queries.pod_stories import AsKept
from diagnostics.snapshot.pods import ContainerStatus


def why_unlogged(kept: AsKept, container: str) -> str:
    """The reason that holds, the most certain first."""
    status = status_of(kept, container)
    if status is None or (not status.restart_count and not _has_run(status)):
        return _("The container has never started, so it has written no log.")
    if _never_executed(status):
        return _("The program could not be started, so it has written no log.")
    if grant := _missing_grant(kept):
        return _("Logs in this namespace may not be read. The grant to add: %(grant)s.") % {"grant": grant}
    if not kept.kept_whole:
        return _("Of pods that fail alike the logs of five are kept, and this is not one of them.")
    if status.ready or (status.state.terminated and status.state.terminated.exit_code == 0):
        return _("Nothing is wrong with this container, so its log was not read.")
    return _("No check asked for its log so far.")


def status_of(kept: AsKept, container: str) -> ContainerStatus | None:
    """What the kubelet says of a container; None before it has said anything."""
    said = (*kept.pod.status.init_container_statuses, *kept.pod.status.container_statuses)
    return next((status for status in said if status.name == container), None)


def _has_run(status: ContainerStatus) -> bool:
    state = status.state
    return bool(state.running or state.terminated or status.last_state.terminated)


def _never_executed(status: ContainerStatus) -> bool:
    """Whether the runtime failed before the program ran (containerd's and dockershim's words for it)."""
    ended = status.state.terminated or status.last_state.terminated
    return ended is not None and ended.reason in ("StartError", "ContainerCannotRun")


def _missing_grant(kept: AsKept) -> str:
    gaps = (gap for gap in kept.row.cluster.gaps if gap["resource"] == LOGS)
    return next((gap["grant"] for gap in gaps if gap["namespace"] in (None, kept.row.namespace)), "")
