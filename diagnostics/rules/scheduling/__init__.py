"""Pods that no node takes: which of the scheduler's reasons is the cause, and what would let the pod fit.

`message` takes the scheduler's words apart, `fit` tries the pod on every node, `root` picks the cause; then each
family of codes says it in words and numbers: `capacity`, `placement` and `labels`, `neighbours` and `spreading`,
`claims`, `waiting`, `autoscaling`, and `plain` for what needs no arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnostics.rules.model import Confidence, Evidence, Finding, check
from diagnostics.rules.scheduling import (
    autoscaling,
    capacity,
    claims,
    labels,
    neighbours,
    placement,
    plain,
    spreading,
    waiting,
)
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import Trial
from diagnostics.rules.scheduling.message import OTHER, Kind, parse
from diagnostics.rules.scheduling.root import root
from diagnostics.rules.suspect import Suspect

_FAMILIES = (capacity, placement, labels, neighbours, spreading, claims, waiting, plain)
_EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    code: explain for family in _FAMILIES for code, explain in family.EXPLAINED.items()
}
_CLAIMS = frozenset(claims.EXPLAINED)
_CONDITION = "status.conditions[PodScheduled]"


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """The claims of the namespace, for a pod that waits to be scheduled and mounts some."""
    if _unbound(suspect) and any(claims.claims_of(suspect)):
        yield "persistentvolumeclaims", suspect.namespace


@check(*(rule for family in (*_FAMILIES, autoscaling) for rule in family.RULES))
def unscheduled(suspect: Suspect) -> Iterator[Finding]:
    """One finding for a pod that has no node: the root among everything that keeps it from one."""
    if _names_missing_node(suspect):
        yield waiting.explain_node_name(suspect)
    elif _unbound(suspect):
        yield _awaiting(suspect)
    elif unprepared := waiting.explain_unprepared(suspect):
        yield unprepared


def _awaiting(suspect: Suspect) -> Finding:
    """Why a pod that the scheduler should place has no node."""
    scheduled = suspect.pod.status.condition("PodScheduled")
    if suspect.pod.spec.scheduling_gates or (scheduled and scheduled.reason == "SchedulingGated"):
        return waiting.explain_gate(suspect)
    if scaling_up := autoscaling.scaling_up(suspect):
        return scaling_up
    if stated := _stated(suspect):
        return _explain(suspect, stated, error=bool(scheduled and scheduled.reason == "SchedulerError"))
    return waiting.explain_no_condition(suspect)


def _unbound(suspect: Suspect) -> bool:
    pod, scheduled = suspect.pod, suspect.pod.status.condition("PodScheduled")
    waits = pod.status.phase == "Pending" and not pod.spec.node_name and not (scheduled and scheduled.true)
    return waits and pod.metadata.deletion_timestamp is None


def _names_missing_node(suspect: Suspect) -> bool:
    """Whether the pod was given a node by name that is not there; a node that just went takes its pods with it."""
    pod, nodes = suspect.pod, suspect.snapshot.nodes
    untouched = pod.status.phase == "Pending" and pod.status.start_time is None
    named = bool(pod.spec.node_name) and pod.status.condition("PodScheduled") is None
    return untouched and named and bool(nodes) and pod.spec.node_name not in nodes


def _stated(suspect: Suspect) -> Evidence | None:
    """What the scheduler says: the condition first, which outlives the event; `at` is since when."""
    scheduled = suspect.pod.status.condition("PodScheduled")
    if scheduled is not None:
        field = next((field for field in ("message", "reason") if getattr(scheduled, field)), "status")
        return suspect.quote(f"{_CONDITION}.{field}", getattr(scheduled, field), scheduled.last_transition_time)
    events = [event for event in suspect.events("FailedScheduling") if not autoscaling.is_karpenter(event)]
    if not events:
        return None
    newest, first = events[0], min((event.since for event in events if event.since), default=None)
    return Evidence("event", suspect.object, "message", newest.text, first)


def _explain(suspect: Suspect, stated: Evidence, *, error: bool) -> Finding:
    trial = Trial(suspect, parse(stated.value))
    cause, confidence = root(trial)
    if error and cause.code not in _CLAIMS:
        cause, confidence = Kind(plain.ERROR), Confidence.CERTAIN
    since = stated.at or suspect.pod.metadata.creation_timestamp
    case = Case(suspect, trial, cause, confidence, stated, since)
    if cause.code not in _CLAIMS and not error and waiting.preempts(case):
        return waiting.explain_preemption(case)
    finding = _EXPLAINED.get(cause.code, _EXPLAINED[OTHER])(case)
    return autoscaling.with_autoscaler(finding, suspect) if cause.code in capacity.EXPLAINED else finding
