"""Reasons that need no arithmetic: what the scheduler says is all there is to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Finding, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.message import OTHER

_SCHEDULER_LOGS = "kubectl -n kube-system logs -l component=kube-scheduler --tail=200"
_LONGEST = 200  # Characters of a message that a summary can bear.


def _rule(
    code: str,
    severity: Severity,
    message: str,
    cause: str,
    remedy: str,
    *commands: str,
    visible_after: timedelta = timedelta(minutes=1),
    notify_after: timedelta = timedelta(minutes=5),
) -> Rule:
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.SCHEDULING,
        message=message,
        cause="{nodes}" + cause,
        remedy=remedy,
        commands=commands,
        visible_after=visible_after,
        notify_after=notify_after,
        references=("https://kubernetes.io/docs/concepts/scheduling-eviction/",),
    )


RULES = (
    _rule(
        "sched-enforced-affinity",
        Severity.MEDIUM,
        "The scheduler's own configuration keeps {workload_name} off every node that it may use.",
        "The scheduler profile adds a node affinity to every pod (addedAffinity), and no such node is left.",
        "See the NodeAffinity arguments of the scheduler's profile, or choose another scheduler profile.",
        "kubectl -n kube-system get configmaps",
        "kubectl get nodes --show-labels",
    ),
    _rule(
        "sched-unknown-condition",
        Severity.HIGH,
        "Every node that {workload_name} may use has conditions that the scheduler does not know.",
        "A node without conditions was registered but its kubelet has not reported yet.",
        "See why the kubelet of those nodes does not report.",
        "kubectl get nodes",
    ),
    _rule(
        "sched-node-features",
        Severity.MEDIUM,
        "No node that {workload_name} may use has a kubelet with the features that the pod needs.",
        "Nodes declare the features of their kubelet, and the pod uses one that these do not have.",
        "Upgrade the kubelets, or do without the newer field in the pod's spec.",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,VERSION:.status.nodeInfo.kubeletVersion",
    ),
    _rule(
        "sched-gang",
        Severity.MEDIUM,
        "{workload_name} belongs to a group of pods that start together, and the group is not complete.",
        "The scheduler holds every member back until enough of them exist.",
        "See why the other members were not made: their workloads, quotas and admission.",
        "kubectl -n {namespace} get pods,podgroups",
        visible_after=timedelta(minutes=5),
        notify_after=timedelta(minutes=15),
    ),
    _rule(
        "sched-no-nodes",
        Severity.CRITICAL,
        "The cluster has no nodes, so {workload_name} cannot run anywhere.",
        "Either none was added yet, or all were removed.",
        "Add nodes, and see why the autoscaler or the node group made none.",
        "kubectl get nodes",
        visible_after=timedelta(),
        notify_after=timedelta(minutes=1),
    ),
    _rule(
        "sched-error",
        Severity.HIGH,
        "The scheduler failed on {workload_name}: {stated}.",
        "This is a fault of the scheduler, of one of its plugins or of what they call, not a full cluster.",
        "Look at the scheduler's log around that time.",
        _SCHEDULER_LOGS,
    ),
    _rule(
        OTHER,
        Severity.HIGH,
        "The scheduler does not place {workload_name}: {stated}.",
        "The reason is none that Kubernetes' own scheduler gives; a plugin or another scheduler may have written it.",
        "Read the reason; whoever runs the scheduler knows the plugin that says it.",
        _SCHEDULER_LOGS,
    ),
)


def _explain(rule: Rule, case: Case) -> Finding:
    """A finding in the scheduler's own words: the reason that is the cause, or all it says."""
    reasons = case.trial.refusal.reasons
    said = next((reason.text for reason in reasons if reason.kind == case.cause), case.stated.value).rstrip(". ")
    short = said if len(said) <= _LONGEST else said[: _LONGEST - 3] + "..."
    return case.finding(rule, stated=short or "it gives no reason")


EXPLAINED: dict[str, Callable[[Case], Finding]] = {rule.code: partial(_explain, rule) for rule in RULES}
ERROR = "sched-error"
