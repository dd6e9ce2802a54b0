"""Kept logs of containers: one a run, the latest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, QuerySet, Value, When

from diagnostics.models import Cluster, KeptLog
from diagnostics.operations.packing import unpack
from diagnostics.snapshot.cluster import ContainerLog

RUNS_READ = 10  # Of one container; all but the latest few are pruned anyway.


@dataclass(frozen=True, slots=True)
class RunLog:
    """What is kept of one run's log; `restart` counts the runs that had ended when it was read."""

    pod_uid: str
    container: str
    restart: int
    kept_at: datetime
    log: ContainerLog

    @property
    def run(self) -> int:
        """Which run of the container wrote it, from 0."""
        return max(self.restart - self.log.previous, 0)


def runs(cluster: Cluster, pod_uid: str, container: str) -> tuple[RunLog, ...]:
    """The logs of a container's runs, the latest run first."""
    return tuple(_run(row) for row in _of(cluster, pod_uid, container).order_by("-restart")[:RUNS_READ])


def run(cluster: Cluster, pod_uid: str, container: str, restart: int) -> RunLog | None:
    """One of them; None if it is not kept."""
    row = _of(cluster, pod_uid, container).filter(restart=restart).first()
    return _run(row) if row else None


def logged_containers(cluster: Cluster, pod_uid: str) -> frozenset[str]:
    """The containers of a pod of which a log is kept, or why there is none."""
    names = KeptLog.objects.filter(cluster=cluster, pod_uid=pod_uid).values_list("container", flat=True)
    return frozenset(names.distinct())


def runs_of_one(cluster: Cluster, pods: Collection[str], best: Collection[str], container: str) -> tuple[RunLog, ...]:
    """The same of one of several pods, by uid: one of the best, else the one whose log was kept last."""
    first = Case(When(pod_uid__in=best, then=Value(0)), default=Value(1))
    kept = KeptLog.objects.filter(cluster=cluster, pod_uid__in=pods, container=container)
    rows = list(kept.order_by(first, "-kept_at", "-pk")[: 3 * RUNS_READ])
    own = [row for row in rows if row.pod_uid == rows[0].pod_uid]
    return tuple(_run(row) for row in sorted(own, key=lambda row: -row.restart)[:RUNS_READ])


def _of(cluster: Cluster, pod_uid: str, container: str) -> QuerySet[KeptLog, KeptLog]:
    return KeptLog.objects.filter(cluster=cluster, pod_uid=pod_uid, container=container)


def _run(row: KeptLog) -> RunLog:
    return RunLog(row.pod_uid, row.container, row.restart, row.kept_at, unpack(row.body, ContainerLog))
