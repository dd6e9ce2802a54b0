"""Workloads that lack pods: how many are missing, whether or not those that exist are well."""

from __future__ import annotations

from typing import Any

from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.objects import CronJob, Workload

# The kinds that make pods, or make what makes them.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob")
FAILED_CREATE = "FailedCreate"


def short(view: ObjectView[Any]) -> bool:
    """Whether a workload has fewer pods than it should, or fewer that are ready; a CronJob, whether it failed a Job."""
    if isinstance(view.item, CronJob):
        return bool(view.events(FAILED_CREATE))
    missing, wanted = gap(view)
    return missing > 0 or (view.kind != "Job" and view.item.status.ready_pods < wanted)


def gap(view: ObjectView[Any]) -> tuple[int, int]:
    """(how many pods do not exist, how many there should be); of a Deployment only pods of its newest template count."""
    item: Workload = view.item
    status = item.status
    if view.kind == "Job":
        wanted = _wanted_by_job(item)
        return max(wanted - status.active, 0), wanted
    made = status.updated_replicas if view.kind == "Deployment" else status.pods
    return max(item.desired - made, 0), item.desired


def _wanted_by_job(job: Workload) -> int:
    """How many pods should run now: none of a Job that is over or suspended."""
    ends = (job.status.condition(type_) for type_ in ("Complete", "Failed"))
    if job.spec.suspend or any(end is not None and end.true for end in ends):
        return 0
    at_once = 1 if job.spec.parallelism is None else job.spec.parallelism
    return at_once if job.spec.completions is None else min(at_once, job.spec.completions - job.status.succeeded)
