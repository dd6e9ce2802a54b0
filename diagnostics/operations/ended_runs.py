"""The runs of containers that have ended: what charts of restarts are drawn from, when pods and their logs are long gone.

Source: `status.containerStatuses[]`, which tells the last run that ended and how many went before; and
kubernetes pkg/kubelet/kubelet_pods.go, which says when it counts a restart: once the next container has been made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from diagnostics.models import Cluster, EndedRun
from diagnostics.snapshot.meta import Metadata
from diagnostics.snapshot.owners import Owners
from diagnostics.snapshot.pods import ContainerStatus, Pod

# Waiting for its first run, or for one whose container has been made and counted.
_BEING_MADE = frozenset({"", "ContainerCreating", "PodInitializing"})
LONGEST_REASON = 63


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run of a container ended; `restart` is its number, from 0."""

    container: str
    restart: int
    reason: str
    exit_code: int
    started_at: datetime | None
    ended_at: datetime


def ended_runs(pod: Pod) -> frozenset[Ended]:
    """What a pod's status tells of runs that have ended, at most two a container; those whose end has no time are left out."""
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return frozenset(ended for status in statuses for ended in _of(status))


def _of(status: ContainerStatus) -> Iterator[Ended]:
    told = [how for how in (status.state.terminated, status.last_state.terminated) if how is not None]
    for restart, how in zip(range(runs_ended(status) - 1, -1, -1), told, strict=False):
        if how.finished_at is not None:
            yield Ended(status.name, restart, how.reason, how.exit_code, how.started_at, how.finished_at)


def runs_ended(status: ContainerStatus) -> int:
    """How many runs of a container have ended: its restarts, and one more while it waits after a run or lies ended."""
    waiting = status.state.waiting
    waits_again = waiting is not None and waiting.reason not in _BEING_MADE and status.last_state.terminated is not None
    return status.restart_count + (waits_again or status.state.terminated is not None)


def save(cluster: Cluster, ended: Iterable[tuple[Metadata, Ended]], owners: Owners) -> None:
    """Stores runs of pods; one that is stored already stays as it is."""
    EndedRun.objects.bulk_create(
        (_row(cluster, metadata, run, owners) for metadata, run in ended), ignore_conflicts=True
    )


def _row(cluster: Cluster, metadata: Metadata, run: Ended, owners: Owners) -> EndedRun:
    workload = owners.top(metadata)
    return EndedRun(
        cluster=cluster,
        pod_uid=metadata.uid,
        namespace=metadata.namespace,
        workload_kind=workload.kind,
        workload_name=workload.name,
        container=run.container,
        restart=run.restart,
        reason=run.reason[:LONGEST_REASON],
        exit_code=run.exit_code,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )
