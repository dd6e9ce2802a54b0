"""Pods that were asked to change their size in place, and stay as they are (catalogue B3).

Such a pod runs and is ready. Source: pkg/kubelet/allocation; kubelets before 1.33 say so in `status.resize`, without
a message or a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from diagnostics.rules.clues import core
from diagnostics.rules.model import Confidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.rejected import counted
from diagnostics.rules.stages import alive
from diagnostics.rules.suspect import Suspect

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"

_RESIZE = "kubectl -n {namespace} edit pod {pod} --subresource=resize"
_NODE = "kubectl describe node {node}"
_VERIFY = ("kubectl -n {namespace} get pod {pod} -o jsonpath='{{.status.conditions}}'",)
_REFERENCE = ("https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/",)


def _rule(
    code: str, message: str, cause: str, remedy: str, severity: Severity, *commands: str, clocks: tuple[int, int]
) -> Rule:
    """A rule about a resize; the clocks are minutes until it is visible and until it is sent."""
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.TRAFFIC,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=commands,
        verify=_VERIFY,
        references=_REFERENCE,
        visible_after=timedelta(minutes=clocks[0]),
        notify_after=timedelta(minutes=clocks[1]),
    )


INFEASIBLE = _rule(
    "resize-infeasible",
    "Pod {pod} cannot get the size that was asked for on node {node}: {said}.",
    "Somebody, or the vertical autoscaler, changed the resources of the running pod. The kubelet found that this node "
    "can never give them, so the pod runs on with those it had.",
    "Ask for less, or change the resources in the template of {workload}, so that a new pod may go to a larger node.",
    Severity.MEDIUM,
    _RESIZE,
    _NODE,
    clocks=(0, 10),
)
DEFERRED = _rule(
    "resize-deferred",
    "Pod {pod} waits for its new size, for which node {node} has no room now: {said}.",
    "The node is large enough, but other pods have what is missing. The kubelet tries again when one of them goes; "
    "until then the pod runs on with the resources it had.",
    "Wait, move other pods off the node, or ask for less.",
    Severity.LOW,
    _NODE,
    _RESIZE,
    clocks=(10, 30),
)
ERROR = _rule(
    "resize-error",
    "Pod {pod} was granted its new size, and node {node} fails to apply it: {said}.",
    "The kubelet booked the new resources, but the container runtime refuses to change the running containers.",
    "Restart the pod, which then starts with the new size; if it lowers memory, it may use more than the new limit.",
    Severity.MEDIUM,
    "kubectl -n {namespace} delete pod {pod}",
    _NODE,
    clocks=(10, 30),
)
_BY_REASON = {
    (PENDING, "Infeasible"): INFEASIBLE,
    (PENDING, "Deferred"): DEFERRED,
    (IN_PROGRESS, "Error"): ERROR,
}
_OF_OLD = {"Infeasible": INFEASIBLE, "Deferred": DEFERRED}
_REASONS = frozenset(reason for _, reason in _BY_REASON)
_ARITHMETIC = re.compile(
    r"enough (?:resource|capacity): (?P<resource>[^,]{1,253}), requested: (?P<requested>\d{1,30})"
    r"(?:, used: (?P<used>\d{1,30}))?, capacity: (?P<capacity>\d{1,30})"
)


@check(INFEASIBLE, DEFERRED, ERROR)
def resizing(suspect: Suspect) -> Iterator[Finding]:
    """Pods whose new size is refused, put off, or cannot be applied."""
    if not alive(suspect):
        return
    status = suspect.pod.status
    for condition in status.conditions:
        rule = _BY_REASON.get((condition.type, condition.reason))
        if rule is not None and condition.true:
            message = condition.message or condition.reason
            yield _finding(
                suspect, rule, f"conditions[{condition.type}].message", message, condition.last_transition_time
            )
    if rule := _OF_OLD.get(status.resize):
        yield _finding(suspect, rule, "resize", status.resize, None)


def _finding(suspect: Suspect, rule: Rule, path: str, message: str, since: datetime | None) -> Finding:
    name, node = suspect.pod.metadata.name, suspect.pod.spec.node_name
    of_pod = Offender("Pod", name, suspect.namespace, "spec.containers[*].resources")
    return suspect.finding(
        rule,
        Confidence.CERTAIN,
        suspect.quote(f"status.{path}", message, since),
        offender=of_pod if rule is INFEASIBLE else Offender("Node", node),
        since=since,
        said=_said(message),
    )


def _said(message: str) -> str:
    """The kubelet's arithmetic in people's units, else its own words."""
    found = _ARITHMETIC.search(message)
    if found is None:
        return "the kubelet does not say why" if message in _REASONS else core(message)
    resource = found["resource"]
    asked, capacity = (counted(resource, found[name]) for name in ("requested", "capacity"))
    if found["used"] is None:
        return f"it asks for {asked} {resource}, and the node has {capacity} in all"
    return f"it asks for {asked} {resource}, and {counted(resource, found['used'])} of {capacity} are taken"
