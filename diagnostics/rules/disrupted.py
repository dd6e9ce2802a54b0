"""Ended from outside for the sake of something else: preemption, taints, drains, shutdowns, deadlines (catalogue B10).

The pod's `DisruptionTarget` condition and `status.reason` outlive the events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from diagnostics.rules.leftovers import ended_at, left_over, reason_evidence
from diagnostics.rules.model import NEVER, Confidence, Evidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Event, Node

_DESCRIBE = "kubectl -n {namespace} describe pod {pod}"
_REFERENCE = ("https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",)
_PODS = ("kubectl -n {namespace} get pods -o wide",)


def _rule(
    code: str,
    severity: Severity,
    message: str,
    cause: str,
    remedy: str,
    *commands: str,
    notify_after: timedelta = timedelta(minutes=5),
) -> Rule:
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.REJECTED,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=commands or (_DESCRIBE,),
        verify=_PODS,
        references=_REFERENCE,
        notify_after=notify_after,
    )


PREEMPTED = _rule(
    "preempted",
    Severity.MEDIUM,
    "{workload_name} was removed from node {node} to make room for a pod of higher priority{preemptor}.",
    "The scheduler found no free room for the other pod and chose this one, whose priority is {priority}.",
    "Give both the PriorityClass that they deserve, set preemptionPolicy: Never on the other's class, or add room.",
    "kubectl get priorityclasses",
    _DESCRIBE,
)
PREEMPTED_CRITICAL = _rule(
    "preempted-critical",
    Severity.MEDIUM,
    "{workload_name} was removed from node {node} to make room for a critical pod of the system.",
    "The kubelet itself makes room for system pods (static ones, DaemonSets of the system) before all others.",
    "Leave room for system pods: lower the requests on the node, or reserve resources in the kubelet.",
    "kubectl describe node {node}",
)
TAINT = _rule(
    "taint-evicted",
    Severity.MEDIUM,
    "{workload_name} was removed from node {node} because of a taint that it does not tolerate{taint}.",
    "A NoExecute taint removes running pods after their tolerationSeconds; the node controller sets one on a node that "
    "does not answer or is not ready.",
    "Mend the node, or tolerate the taint for longer.",
    "kubectl describe node {node}",
)
DRAINED = _rule(
    "drained",
    Severity.INFO,
    "{workload_name} was evicted through the API: a drain, an autoscaler or somebody by hand.",
    "Somebody asked for it; PodDisruptionBudgets were respected.",
    "Nothing, if the node was drained on purpose.",
    notify_after=NEVER,
)
COLLECTED = _rule(
    "podgc",
    Severity.INFO,
    "{workload_name} was cleaned up because its node {node} no longer exists.",
    "The pod garbage collector removes the pods of nodes that are gone.",
    "Nothing, if the node was removed on purpose.",
    notify_after=NEVER,
)
SHUTDOWN = _rule(
    "node-shutdown-terminated",
    Severity.INFO,
    "{workload_name} was ended because node {node} shut down.",
    "The kubelet ends its pods in order when its machine is told to shut down (a spot instance, maintenance).",
    "Nothing, if the shutdown was meant; else look who shut the machine down.",
    notify_after=NEVER,
)
DEADLINE = _rule(
    "deadline-pod",
    Severity.MEDIUM,
    "{workload_name} ran longer than its activeDeadlineSeconds of {deadline} and was ended.",
    "activeDeadlineSeconds limits how long a pod may live, whatever it is doing.",
    "Raise activeDeadlineSeconds above the longest run, or see why it takes so long.",
)

_PREEMPTOR = re.compile(r"Preempted by (?:pod )?(?P<uid>[0-9a-f-]{36})")
_BY_CONDITION = {
    "PreemptionByScheduler": PREEMPTED,
    "DeletionByTaintManager": TAINT,
    "EvictionByEvictionAPI": DRAINED,
    "DeletionByPodGC": COLLECTED,
}
_BY_REASON = {"Preempting": PREEMPTED_CRITICAL, "Terminated": SHUTDOWN, "DeadlineExceeded": DEADLINE}
_OF_NODE = (PREEMPTED_CRITICAL, TAINT, COLLECTED, SHUTDOWN)


@check(PREEMPTED, PREEMPTED_CRITICAL, TAINT, DRAINED, COLLECTED, SHUTDOWN, DEADLINE)
def disrupted(suspect: Suspect) -> Iterator[Finding]:
    """Pods that something else ended: by the reason in their status, else by their DisruptionTarget condition."""
    status = suspect.pod.status
    if status.phase == "Failed" and left_over(suspect):
        return
    if rule := _BY_REASON.get(status.reason):
        yield _finding(suspect, rule, reason_evidence(suspect), ended_at(suspect))
        return
    target = status.condition("DisruptionTarget")
    if target is not None and target.true and (rule := _BY_CONDITION.get(target.reason)):
        at = target.last_transition_time
        message = suspect.quote("status.conditions[DisruptionTarget].message", target.message or target.reason, at)
        yield _finding(suspect, rule, (message,), at)


def _finding(suspect: Suspect, rule: Rule, evidence: tuple[Evidence, ...], since: datetime | None) -> Finding:
    spec = suspect.pod.spec
    event = next(iter(suspect.events("Preempted")), None) if rule is PREEMPTED else None
    by = _preemptor(suspect, event)
    return suspect.finding(
        rule,
        Confidence.CERTAIN,
        *evidence,
        *((suspect.quote_event(event),) if event else ()),
        offender=Offender("Node", spec.node_name) if rule in _OF_NODE and spec.node_name else by,
        field="activeDeadlineSeconds" if rule is DEADLINE else "priorityClassName",
        since=since,
        preemptor=f" ({by.kind} {by.name})" if by else "",
        priority=spec.priority_class_name or spec.priority,
        taint=_taint(suspect.node),
        deadline=f"{spec.active_deadline_seconds} s" if spec.active_deadline_seconds else "unknown length",
    )


def _preemptor(suspect: Suspect, event: Event | None) -> Offender | None:
    """Who took the place: the event names a pod by its uid, which is known while that pod is not settled yet."""
    found = _PREEMPTOR.search(event.text) if event else None
    snapshot = suspect.snapshot
    for pod in snapshot.suspects if found else ():
        if found and pod.metadata.uid == found["uid"]:
            top = snapshot.owners.top(pod.metadata)
            return Offender(top.kind, top.name, top.namespace, "spec.template.spec.priorityClassName")
    return None


def _taint(node: Node | None) -> str:
    """The taint that removes running pods, if the node still has it."""
    taints = (taint for taint in node.spec.taints if taint.effect == "NoExecute") if node else ()
    return next((f" ({taint})" for taint in taints), "")
