"""What cluster autoscalers say of a pending pod: a node is coming, or none will.

Sources: kubernetes/autoscaler, cluster-autoscaler (events TriggeredScaleUp and NotTriggerScaleUp, `SkippedReasons`);
kubernetes-sigs/karpenter (events Nominated and FailedScheduling).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from diagnostics.rules.model import Confidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.message import parse
from diagnostics.rules.scheduling.wording import listed
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Event

WORKING = Rule(
    code="sched-autoscaler-working",
    severity=Severity.INFO,
    stage=Stage.SCHEDULING,
    message="A new node is being added for {workload_name}.",
    cause="No node has room for the pod, and {autoscaler} has already asked for another: {decision}.",
    remedy="Wait for the node to join; if it has not within ten minutes, this is judged anew.",
    commands=("kubectl get nodes --sort-by=.metadata.creationTimestamp",),
    notify_after=timedelta(minutes=10),
    references=("https://kubernetes.io/docs/concepts/cluster-administration/node-autoscaling/",),
)
REFUSED = Rule(
    code="sched-autoscaler-refused",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="No node has room for {workload_name}, and the cluster autoscaler adds none: {refusal}.",
    cause="{nodes}A new node would help, but the autoscaler may not or cannot add one.",
    remedy="{would_fit}Raise the node group's maximum, or mend what made its last scale-up fail (often a quota of the"
    " cloud account).",
    commands=("kubectl -n kube-system get configmap cluster-autoscaler-status -o yaml",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md",),
)
KARPENTER_REFUSED = replace(
    REFUSED,
    code="sched-karpenter-refused",
    message="No node has room for {workload_name}, and Karpenter adds none: {refusal}.",
    cause="{nodes}Karpenter would add a node, but its NodePools do not let it: {decision}",
    remedy="{would_fit}Raise the limits of the NodePool, or allow instance types in its requirements that are large"
    " enough.",
    commands=("kubectl get nodepools", "kubectl describe nodepool {nodepool}"),
    references=("https://karpenter.sh/docs/troubleshooting/",),
)
RULES = (WORKING, REFUSED, KARPENTER_REFUSED)

_PATIENCE = timedelta(minutes=10)
_NAMES = {"cluster-autoscaler": "the cluster autoscaler", "karpenter": "Karpenter"}
# What keeps an autoscaler from adding a node that would help; any other reason says that a new node would not.
_LIMITS = re.compile(r"max node group size|max (?:cluster|nodepool|limit)|limit reached|backoff|not ready for scale-up")
_NODEPOOL = re.compile(r'(?:nodepool|provisioner)[:=\s]+"?(?P<name>[a-z0-9][a-z0-9.-]*)', re.IGNORECASE)
_KARPENTER_SAYS = (
    ("exceed limits", "the limits of its NodePool are reached"),
    ("no instance type", "no instance type that it may use is large enough or fits the pod's demands"),
    ("did not tolerate", "its nodes have a taint that the pod does not tolerate"),
)
_SCALING_UP = ("TriggeredScaleUp", "Nominated")
_REFUSALS = ("NotTriggerScaleUp", "FailedScheduling")


def component(event: Event) -> str:
    """Who wrote an event."""
    return event.reporting_component or event.source.component


def scaling_up(suspect: Suspect) -> Finding | None:
    """That a node is on its way for this pod: asked for within ten minutes, and not taken back since."""
    newest = next(iter(suspect.events(*_SCALING_UP)), None)
    if newest is None or suspect.age(newest.at) > _PATIENCE:
        return None
    refused = refusal(suspect)
    if refused and newest.at and refused.at and refused.at > newest.at:
        return None
    return suspect.finding(
        WORKING,
        Confidence.CERTAIN,
        suspect.quote_event(newest),
        since=newest.at,
        autoscaler=_NAMES.get(component(newest), "an autoscaler"),
        decision=newest.text.rstrip("."),
    )


def refusal(suspect: Suspect) -> Event | None:
    """The newest event in which an autoscaler declines to add a node for the pod."""
    events = suspect.events(*_REFUSALS)
    return next((event for event in events if event.reason != "FailedScheduling" or is_karpenter(event)), None)


def is_karpenter(event: Event) -> bool:
    """Whether Karpenter wrote a FailedScheduling event: the scheduler uses the same reason."""
    return component(event) == "karpenter"


def with_autoscaler(finding: Finding, suspect: Suspect) -> Finding:
    """A finding about too little room, seen together with what the autoscaler says.

    Where it is held back by a limit, that is the cause. Where it says that a new node would not help either, the
    finding stays what it is, and the autoscaler is ruled out.
    """
    event = refusal(suspect)
    if event is None:
        return finding
    evidence = (*finding.evidence, suspect.quote_event(event))
    if is_karpenter(event):
        return _by_karpenter(replace(finding, evidence=evidence), event)
    reasons = parse(event.text.partition(": ")[2]).reasons
    limits = [reason.text for reason in reasons if _LIMITS.search(reason.text)]
    if not limits:
        said = listed([f"{reason.nodes or ''} {reason.text}".strip() for reason in reasons])
        ruled_out = (*finding.ruled_out, f"cluster autoscaler: a new node would not help ({said})")
        return replace(finding, evidence=evidence, ruled_out=ruled_out)
    return replace(
        finding,
        rule=REFUSED,
        evidence=evidence,
        offender=Offender("ConfigMap", "cluster-autoscaler-status", "kube-system"),
        params={**finding.params, "refusal": listed(limits)},
    )


def _by_karpenter(finding: Finding, event: Event) -> Finding:
    named = _NODEPOOL.search(event.text)
    pool = named["name"] if named else None
    said = next((words for token, words in _KARPENTER_SAYS if token in event.text), "it cannot schedule the pod")
    return replace(
        finding,
        rule=KARPENTER_REFUSED,
        offender=Offender("NodePool", pool) if pool else finding.offender,
        params={**finding.params, "refusal": said, "decision": event.text, "nodepool": pool},
    )
