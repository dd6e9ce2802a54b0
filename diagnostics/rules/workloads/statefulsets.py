"""StatefulSets that one pod holds up (catalogue B11)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.workloads import rules
from diagnostics.rules.workloads.pods import WorkloadView, unready, unready_since

_REVISION = "controller-revision-hash"


@check(rules.ORDINAL_BLOCKED, about=("StatefulSet",))
def stateful_set(view: WorkloadView) -> Iterator[Finding]:
    """A pod that is not ready while others cannot be made, or the update cannot go on, for its sake."""
    spec, status = view.item.spec, view.item.status
    in_order = sorted(unready(view), key=_ordinal)
    if view.metadata.deletion_timestamp is not None or spec.pod_management_policy == "Parallel" or not in_order:
        return
    missing = view.item.desired - status.replicas
    updating = status.update_revision != status.current_revision and spec.update_strategy.type != "OnDelete"
    if missing > 0:
        yield _blocked(view, in_order[0], f"{missing} of its {view.item.desired} pods")
    elif updating:
        yield _blocked(view, in_order[-1], "the update of the others")


def _ordinal(pod: Suspect) -> int:
    number = pod.metadata.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def _blocked(view: WorkloadView, pod: Suspect, held_up: str) -> Finding:
    status, revision = view.item.status, pod.pod.metadata.labels.get(_REVISION, "")
    old = bool(status.update_revision and revision) and revision != status.update_revision
    return view.finding(
        rules.ORDINAL_BLOCKED,
        Confidence.CERTAIN,
        pod.quote("status.conditions[Ready].status", "False", unready_since(pod)),
        view.quote("status.replicas", f"{status.replicas} of {view.item.desired}"),
        offender=Offender("Pod", pod.metadata.name, view.namespace),
        since=unready_since(pod),
        shortfall=(view.item.desired - status.replicas, view.item.desired)
        if status.replicas < view.item.desired
        else None,
        blocking=pod.metadata.name,
        held_up=held_up,
        revision=f" It is of revision {revision}, the set is at {status.update_revision}." if old else "",
    )
