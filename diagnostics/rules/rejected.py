"""Refused by the kubelet after the pod was bound to its node (catalogue B3).

The controller makes a new pod at once, which may be refused again: many dead pods, one cause. Source:
pkg/kubelet/lifecycle/predicate.go and pkg/kubelet/kubelet.go (`rejectPod`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from diagnostics.rules.clues import Match, clue, first
from diagnostics.rules.leftovers import left_over
from diagnostics.rules.model import NEVER, Confidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.quantities import in_binary, in_cores

_NODE = "kubectl describe node {node}"
_REFERENCE = ("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",)
_VERIFY = ("kubectl -n {namespace} get pods -o wide",)


def _rule(
    code: str,
    message: str,
    cause: str,
    remedy: str,
    severity: Severity = Severity.HIGH,
    notify_after: timedelta = timedelta(minutes=5),
    visible_after: timedelta = timedelta(),
) -> Rule:
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.REJECTED,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=(_NODE, "kubectl -n {namespace} delete pod {pod}"),
        verify=_VERIFY,
        references=_REFERENCE,
        visible_after=visible_after,
        notify_after=notify_after,
    )


OUT_OF = _rule(
    "reject-out-of",
    "Node {node} refused {workload_name}: {short_of}.",
    "The kubelet counts by itself: a pod that is put on the node past the scheduler (nodeName, a static pod), or a race "
    "between two pods, may find no room.",
    "Let the scheduler place the pod (no nodeName), or lower its request; then delete the dead pod.",
)
DEVICE = _rule(
    "reject-device",
    "Node {node} refused {workload_name}: a device that it requests could not be given{said}.",
    "The device plugin could not allocate: it was restarting, or the device is broken or taken.",
    "See whether the device plugin's pod runs on the node, and restart it; then delete the dead pod.",
)
NUMA = _rule(
    "reject-numa",
    "Node {node} refused {workload_name}: its CPUs, memory and devices cannot come from one NUMA node{said}.",
    "The kubelet's topology manager demands that the resources lie together, and there is no such place.",
    "Request less, or use another topology policy on the node.",
)
PREDICATE = _rule(
    "reject-predicate",
    "Node {node} refused {workload_name}: {said_first}.",
    "The pod does not fit the node it is bound to: nodeName was set by hand, or labels, taints or ports of the node "
    "changed after the pod was bound.",
    "Let nodeName and nodeSelector agree, or restore the node's label; then delete the dead pod.",
    Severity.MEDIUM,
    timedelta(minutes=10),
)
SHUTDOWN = _rule(
    "reject-shutdown",
    "Node {node} refused {workload_name} because it is shutting down.",
    "The pod was bound to the node at the moment when it began to shut down.",
    "Nothing: the controller places a new pod.",
    Severity.INFO,
    NEVER,
    timedelta(minutes=5),
)
OS = _rule(
    "reject-os",
    "Node {node} refused {workload_name}: it is for another operating system{said}.",
    "spec.os or the label kubernetes.io/os that the pod selects does not match the node.",
    "Select nodes with kubernetes.io/os, and set spec.os to the same.",
)
SYSCTL = _rule(
    "reject-sysctl",
    "Node {node} refused {workload_name}: it sets {sysctl}, which the kubelet does not allow.",
    "Sysctls that may harm the node are forbidden unless the kubelet's allow-list names them.",
    "Remove the sysctl from securityContext.sysctls, or allow it with the kubelet's allowedUnsafeSysctls.",
)
APPARMOR = _rule(
    "reject-apparmor",
    "Node {node} refused {workload_name}: its AppArmor profile cannot be enforced{said}.",
    "The profile is not loaded on the node, or the node has no AppArmor.",
    "Load the profile on the nodes, or drop it from the pod.",
)

_CLUES = (
    clue(
        OUT_OF,
        r"enough resource: (?P<resource>[^,]{1,253}), requested: (?P<requested>\d{1,30}), used: (?P<used>\d{1,30}),"
        r" capacity: (?P<capacity>\d{1,30})",
    ),
    clue(SYSCTL, r'forbidden sysctl: "(?P<sysctl>[^"]{1,253})"'),
    clue(APPARMOR, r"AppArmor"),
)
_BY_REASON = {
    "UnexpectedAdmissionError": DEVICE,
    "TopologyAffinityError": NUMA,
    "NodeAffinity": PREDICATE,
    "NodePorts": PREDICATE,
    "TaintToleration": PREDICATE,
    "NodeName": PREDICATE,
    "InvalidNodeInfo": PREDICATE,
    "UnexpectedPredicateFailureType": PREDICATE,
    "UnknownReason": PREDICATE,
    "NodeShutdown": SHUTDOWN,
    "PodOSNotSupported": OS,
    "PodOSSelectorNodeLabelDoesNotMatch": OS,
    "SysctlForbidden": SYSCTL,
    "AppArmor": APPARMOR,
}
_FIELDS = {
    SYSCTL: "securityContext.sysctls",
    OUT_OF: "nodeName",
    PREDICATE: "nodeName",
    OS: "os.name",
    APPARMOR: "securityContext.appArmorProfile",
}
_CORES = Decimal("0.001")


@check(OUT_OF, DEVICE, NUMA, PREDICATE, SHUTDOWN, OS, SYSCTL, APPARMOR)
def rejected(suspect: Suspect) -> Iterator[Finding]:
    """Pods that failed before anything ran, because the kubelet did not admit them."""
    status = suspect.pod.status
    if status.phase != "Failed" or suspect.pod.metadata.deletion_timestamp is not None or left_over(suspect):
        return
    match = _match(suspect)
    if match is not None:
        yield _finding(suspect, match)


def _match(suspect: Suspect) -> Match | None:
    """By the message where it tells more, else by the reason alone."""
    status = suspect.pod.status
    rule = OUT_OF if status.reason.startswith("OutOf") else _BY_REASON.get(status.reason)
    if rule is None:
        return None
    return first(_CLUES, status.message) or Match(rule, Confidence.CERTAIN, {})


def _finding(suspect: Suspect, match: Match) -> Finding:
    status = suspect.pod.status
    since = _since(suspect)
    said = status.message.removeprefix("Pod was rejected: ").strip().rstrip(".") or status.reason
    sysctl, of_node = match.named.get("sysctl"), match.rule in (DEVICE, NUMA, SHUTDOWN)
    return suspect.finding(
        match.rule,
        match.confidence,
        suspect.quote("status.message", status.message, since),
        suspect.quote("status.reason", status.reason, since),
        offender=Offender("Node", suspect.pod.spec.node_name) if of_node else None,
        field=_FIELDS.get(match.rule, ""),
        since=since,
        signature=sysctl or match.named.get("resource") or status.reason,
        said=f": {said}",
        said_first=said,
        sysctl=f"the sysctl {sysctl}" if sysctl else "a sysctl",
        short_of=_short_of(status.reason, match.named),
    )


def _since(suspect: Suspect) -> datetime | None:
    """When it was refused: the kubelet took it on at that moment."""
    return suspect.pod.status.start_time or suspect.pod.metadata.creation_timestamp


def _short_of(reason: str, named: dict[str, str]) -> str:
    """What is missing, with the kubelet's arithmetic where it was told."""
    resource = named.get("resource")
    if resource is None:
        return f"it has not enough {reason.removeprefix('OutOf') or 'resources'}"
    requested, used, capacity = (counted(resource, named[name]) for name in ("requested", "used", "capacity"))
    return f"it requests {requested} {resource}, and {used} of {capacity} are taken"


def counted(resource: str, number: str) -> str:
    """An amount as people write it: the kubelet counts CPU in thousandths and everything else in units."""
    amount = Decimal(number)
    if resource == "cpu":
        return in_cores(amount * _CORES)
    return in_binary(amount) if resource in ("memory", "ephemeral-storage") else number
