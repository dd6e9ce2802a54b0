"""Pods that wait for something other than a node: a gate, a claim on a device, a scheduler, pods that must leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.wording import SHOWN, counted, listed
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.pods import Pod

_MINUTE = timedelta(minutes=1)
_DRA_REFERENCE = "https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/"
DEFAULT_SCHEDULER = "default-scheduler"

GATED = Rule(
    code="sched-gated",
    severity=Severity.INFO,
    stage=Stage.GATED,
    message="{workload_name} waits for {gates} to be removed.",
    cause="The pod was made with scheduling gates; the scheduler does not look at it before the last is gone."
    " Whoever set the gate{controller} removes it.",
    remedy="See why the controller behind the gate has not removed it; remove it by hand only if it is meant to go.",
    commands=("kubectl -n {namespace} get pod {pod} -o jsonpath='{{.spec.schedulingGates}}'",),
    visible_after=timedelta(minutes=10),
    notify_after=timedelta(hours=1),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/",),
)
# A gate that has held for an hour is no longer just how things are meant to be.
GATED_LONG = replace(GATED, severity=Severity.MEDIUM)
DRA = Rule(
    code="sched-dra",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="{workload_name} waits for {claim_kind} {claim}, which does not exist or is not ready.",
    cause="The scheduler does not even queue a pod before each ResourceClaim that it names exists; that leaves no"
    " condition and no event. ResourceClaims are not among what is read here, so this could not be checked.",
    remedy="Create {claim_kind} {claim}, or correct the name in spec.resourceClaims.",
    commands=("kubectl -n {namespace} get resourceclaims,resourceclaimtemplates",),
    visible_after=_MINUTE,
    notify_after=timedelta(minutes=5),
    references=(_DRA_REFERENCE,),
)
DRA_MISSING = replace(
    DRA,
    message="{claim_kind} {claim}, which {workload_name} uses, does not exist.",
    cause="No ResourceClaim can be made for the pod, so the scheduler does not queue it.",
)
DRA_UNALLOCATED = replace(
    DRA,
    message="No node that {workload_name} may use has the devices that {claim_kind} {claim} asks for.",
    cause="{nodes}The devices are in use, do not match the claim's selectors, or their driver does not publish them.",
    remedy="{would_fit}See which devices the drivers publish (ResourceSlices) and who holds them; check the driver's"
    " DaemonSet.",
    commands=("kubectl get resourceslices", "kubectl -n {namespace} describe resourceclaims"),
)
DRA_UNPREPARED = replace(
    DRA,
    message="Node {node} could not prepare the devices of {claim_kind} {claim} for {workload_name}.",
    cause="The kubelet asks the driver of the devices to prepare them before it starts the pod: {stated}",
    remedy="Look at the driver's DaemonSet pod on node {node}.",
    commands=(
        "kubectl get pods -A -o wide --field-selector spec.nodeName={node}",
        "kubectl -n {namespace} describe resourceclaims",
    ),
)
ABSENT = Rule(
    code="sched-scheduler-absent",
    severity=Severity.CRITICAL,
    stage=Stage.SCHEDULING,
    message="Scheduler {scheduler} has not looked at {workload_name} since the pod was made.",
    cause="A scheduler that sees a pod writes a PodScheduled condition, whatever it decides. There is none, so no"
    " scheduler of that name runs, or it does not work.",
    remedy="Start the scheduler {scheduler}, or correct spec.schedulerName.",
    commands=(
        "kubectl get pods -A -o wide | grep scheduler",
        "kubectl -n kube-system get leases -o custom-columns=NAME:.metadata.name,RENEWED:.spec.renewTime",
    ),
    visible_after=_MINUTE,
    notify_after=timedelta(minutes=2),
    references=("https://kubernetes.io/docs/tasks/extend-kubernetes/configure-multiple-schedulers/",),
)
PREEMPTING = Rule(
    code="sched-preempting",
    severity=Severity.INFO,
    stage=Stage.SCHEDULING,
    message="{workload_name} takes the place of {victims} on {nominated}, and waits for that to end{until}.",
    cause="{nodes}The scheduler evicts pods of lower priority to make room (preemption); the pod is bound when they"
    " are gone.",
    remedy="Wait for the evicted pods' grace periods; shorten terminationGracePeriodSeconds if that takes too long.",
    commands=("kubectl get pods -A -o wide --field-selector spec.nodeName={nominated}",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",),
)
NODE_NAME = Rule(
    code="sched-node-name",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="{workload_name} names node {node} itself, and there is no such node.",
    cause="A pod with spec.nodeName passes the scheduler by: only the kubelet of that node could start it.",
    remedy="Remove spec.nodeName and let the scheduler place the pod, or correct the node's name.",
    commands=("kubectl get nodes",),
    notify_after=timedelta(minutes=2),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",),
)
RULES = (GATED, DRA, ABSENT, PREEMPTING, NODE_NAME)

_PREEMPTED = "PreemptionByScheduler"
_GATE_OWNERS = {"kueue.x-k8s.io": "Kueue"}
_TEMPLATE_MISSING = re.compile(r'resource claim template "(?P<name>[^"]+)".* not found')
_LONG = timedelta(hours=1)


def explain_gate(suspect: Suspect) -> Finding:
    """A pod that is kept from the scheduler by its gates."""
    gates = [gate.name for gate in suspect.pod.spec.scheduling_gates]
    scheduled = suspect.pod.status.condition("PodScheduled")
    since = (scheduled.last_transition_time if scheduled else None) or suspect.pod.metadata.creation_timestamp
    domains = {gate.partition("/")[0] for gate in gates}
    owners = sorted(_GATE_OWNERS[domain] for domain in domains & _GATE_OWNERS.keys())
    noun = "scheduling gate" if len(gates) == 1 else "scheduling gates"
    return suspect.finding(
        GATED_LONG if suspect.age(since) >= _LONG else GATED,
        Confidence.CERTAIN,
        suspect.quote("spec.schedulingGates", listed(gates), since),
        field="schedulingGates",
        since=since,
        signature=",".join(sorted(gates)),
        gates=f"{noun} {listed(gates)}" if gates else "a scheduling gate",
        controller=f" ({listed(owners)})" if owners else "",
    )


def explain_no_condition(suspect: Suspect) -> Finding:
    """A pod that no scheduler has said anything about."""
    if suspect.events("FailedResourceClaimCreation") or suspect.pod.spec.resource_claims:
        return _claim_awaited(suspect)
    scheduler = suspect.pod.spec.scheduler_name or DEFAULT_SCHEDULER
    default = scheduler == DEFAULT_SCHEDULER
    return suspect.finding(
        ABSENT,
        Confidence.LIKELY,
        suspect.quote("status.conditions", "no PodScheduled condition"),
        suspect.quote("spec.schedulerName", scheduler),
        field="schedulerName",
        offender=Offender("Lease", "kube-scheduler", "kube-system", "spec.renewTime") if default else None,
        since=suspect.pod.metadata.creation_timestamp,
        signature=scheduler,
        scheduler=scheduler,
    )


def _claim_awaited(suspect: Suspect) -> Finding:
    """A pod whose ResourceClaim does not exist: said by the claim controller, or to be guessed from the silence."""
    events = suspect.events("FailedResourceClaimCreation")
    missing = next((found["name"] for event in events if (found := _TEMPLATE_MISSING.search(event.text))), "")
    kind, name = ("ResourceClaimTemplate", missing) if missing else _first_claim(suspect)
    return suspect.finding(
        DRA_MISSING if missing else DRA,
        Confidence.CERTAIN if missing else Confidence.LIKELY,
        suspect.quote("spec.resourceClaims", name),
        *(suspect.quote_event(event) for event in events[:1]),
        suspect.quote("status.conditions", "no PodScheduled condition"),
        offender=Offender(kind, name, suspect.namespace or None),
        since=suspect.pod.metadata.creation_timestamp,
        signature=name,
        claim_kind=kind,
        claim=name,
    )


def _first_claim(suspect: Suspect) -> tuple[str, str]:
    for claim in suspect.pod.spec.resource_claims:
        if claim.resource_claim_name:
            return "ResourceClaim", claim.resource_claim_name
        if claim.resource_claim_template_name:
            return "ResourceClaimTemplate", claim.resource_claim_template_name
    return "ResourceClaim", "of its own"


def explain_devices(case: Case) -> Finding:
    """A pod whose ResourceClaim no node can satisfy."""
    kind, name = _first_claim(case.suspect)
    return case.finding(
        DRA_UNALLOCATED,
        case.suspect.quote("spec.resourceClaims", name),
        offender=Offender(kind, name, case.suspect.namespace or None),
        signature=name,
        claim_kind=kind,
        claim=name,
    )


def explain_unprepared(suspect: Suspect) -> Finding | None:
    """A pod that has its node, but not its devices: the driver on the node fails."""
    event = next(iter(suspect.events("FailedPrepareDynamicResources")), None)
    if event is None or suspect.pod.status.phase != "Pending":
        return None
    kind, name = _first_claim(suspect)
    return suspect.finding(
        DRA_UNPREPARED,
        Confidence.LIKELY,
        suspect.quote_event(event),
        suspect.quote("spec.resourceClaims", name),
        offender=Offender(kind, name, suspect.namespace or None),
        since=event.since,
        signature=name,
        claim_kind=kind,
        claim=name,
        stated=event.text,
    )


def preempts(case: Case) -> bool:
    """Whether the scheduler is making room for the pod right now by evicting others."""
    answer = case.trial.refusal.preemption
    return bool(case.suspect.pod.status.nominated_node_name) and (not answer or "terminating pod" in answer)


def explain_preemption(case: Case) -> Finding:
    """A pod that waits for the pods which it displaces to end."""
    nominated = case.suspect.pod.status.nominated_node_name
    leaving = _victims(case, nominated)
    names = sorted(_name_of(case, pod) for pod in leaving)
    ends = max((at for pod in leaving if (at := pod.metadata.deletion_timestamp)), default=None)
    return case.finding(
        PREEMPTING,
        case.suspect.quote("status.nominatedNodeName", nominated),
        *(_quote_victim(pod) for pod in leaving[:SHOWN]),
        offender=Offender("Node", nominated),
        victims=f"{counted(len(leaving), 'pod')} ({listed(names)})" if leaving else "pods of lower priority",
        until=f" (their grace ends at {ends:%H:%M:%S} UTC)" if ends else "",
        nominated=nominated,
    )


def _victims(case: Case, nominated: str) -> list[Pod]:
    """The pods on that node that the scheduler told to go; where none says so, those of lower priority that are going."""
    pods = case.suspect.snapshot.suspects
    leaving = [pod for pod in pods if pod.spec.node_name == nominated and pod.metadata.deletion_timestamp is not None]
    told = [pod for pod in leaving if (why := pod.status.condition("DisruptionTarget")) and why.reason == _PREEMPTED]
    return told or [pod for pod in leaving if pod.spec.priority < case.suspect.pod.spec.priority]


def _name_of(case: Case, pod: Pod) -> str:
    metadata = pod.metadata
    return metadata.name if metadata.namespace == case.suspect.namespace else f"{metadata.namespace}/{metadata.name}"


def _quote_victim(pod: Pod) -> Evidence:
    value = f"{pod.metadata.deletion_timestamp:%H:%M:%S} UTC (priority {pod.spec.priority})"
    return Evidence("pod", f"Pod/{pod.metadata.name}", "metadata.deletionTimestamp", value)


def explain_node_name(suspect: Suspect) -> Finding:
    """A pod that names a node which does not exist."""
    return suspect.finding(
        NODE_NAME,
        Confidence.LIKELY,
        suspect.quote("spec.nodeName", suspect.pod.spec.node_name),
        field="nodeName",
        since=suspect.pod.metadata.creation_timestamp,
        signature=suspect.pod.spec.node_name,
    )


EXPLAINED: dict[str, Callable[[Case], Finding]] = {DRA.code: explain_devices}
