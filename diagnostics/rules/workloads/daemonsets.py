"""DaemonSets that are not where they should be, or not what they should be (catalogue B11).

Their status has no times: what is counted there is taken to be so since the last thing that can have made it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from diagnostics.rules.model import Confidence, Finding, Offender, Rule, check
from diagnostics.rules.workloads import rules
from diagnostics.rules.workloads.pods import WorkloadView, earliest, latest, unready, unready_since

# Nodes that are about to go keep their daemons till the end.
_LEAVING = "ToBeDeletedByClusterAutoscaler"


@check(rules.NOT_SCHEDULED, rules.MISSCHEDULED, rules.STUCK, about=("DaemonSet",))
def daemon_set(view: WorkloadView) -> Iterator[Finding]:
    """How a DaemonSet fares by its own counts, once its controller has seen its newest template."""
    status = view.item.status
    if view.metadata.deletion_timestamp is not None or status.observed_generation < view.metadata.generation:
        return
    wanted, missing = status.desired_number_scheduled, status.desired_number_scheduled - status.current_number_scheduled
    if missing > 0:
        yield _finding(view, rules.NOT_SCHEDULED, "currentNumberScheduled", _changed(view), missing=missing)
    if (count := status.number_misscheduled) and count > _leaving(view):
        yield _finding(view, rules.MISSCHEDULED, "numberMisscheduled", _changed(view), count=count, s="s" * (count > 1))
    if status.updated_number_scheduled < wanted and view.item.spec.update_strategy.type != "OnDelete":
        yield from _stuck(view)


def _changed(view: WorkloadView) -> datetime | None:
    """The last change of what decides where its pods run: its own spec, a new node, a new taint."""
    nodes = view.snapshot.nodes.values()
    made = (node.metadata.creation_timestamp for node in nodes)
    tainted = (taint.time_added for node in nodes for taint in node.spec.taints)
    return latest(view.item.metadata.written_at, *made, *tainted)


def _leaving(view: WorkloadView) -> int:
    return sum(any(taint.key == _LEAVING for taint in node.spec.taints) for node in view.snapshot.nodes.values())


def _stuck(view: WorkloadView) -> Iterator[Finding]:
    """An update that a pod which does not get ready holds up; one that only takes its time is none."""
    waiting = sorted(unready(view), key=lambda pod: (unready_since(pod) or view.now, pod.metadata.name))
    if waiting:
        since = latest(view.item.metadata.written_at, earliest(*map(unready_since, waiting)))
        blocking = waiting[0].metadata.name
        yield _finding(view, rules.STUCK, "updatedNumberScheduled", since, blocking=blocking)


def _finding(view: WorkloadView, rule: Rule, field: str, since: datetime | None, **params: Any) -> Finding:
    status = view.item.status
    wanted, updated = status.desired_number_scheduled, status.updated_number_scheduled
    counts = {
        "currentNumberScheduled": status.current_number_scheduled,
        "numberMisscheduled": status.number_misscheduled,
        "updatedNumberScheduled": updated,
    }
    return view.finding(
        rule,
        Confidence.CERTAIN,
        view.quote(f"status.{field}", counts[field], since),
        view.quote("status.desiredNumberScheduled", wanted),
        offender=Offender("DaemonSet", view.metadata.name, view.namespace, "spec.template"),
        since=since,
        wanted=wanted,
        updated=updated,
        **params,
    )
