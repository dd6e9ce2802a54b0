"""Evicted by the kubelet: for the node's sake, or for a limit of the pod's own (catalogue B10).

Source: pkg/kubelet/eviction/helpers.go and eviction_manager.go (the messages in `status.message`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diagnostics.rules.clues import Match, clue, first
from diagnostics.rules.leftovers import NEWS, ended_at, left_over, reason_evidence
from diagnostics.rules.model import NEVER, Confidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.quantities import InvalidQuantity, in_binary, parse

_DESCRIBE = "kubectl -n {namespace} describe pod {pod}"
_REFERENCE = ("https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",)
_PODS = ("kubectl -n {namespace} get pods -o wide",)


def _rule(code: str, message: str, cause: str, remedy: str, severity: Severity = Severity.HIGH) -> Rule:
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.REJECTED,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=(_DESCRIBE, "kubectl describe node {node}"),
        verify=_PODS,
        references=_REFERENCE,
    )


MEMORY = _rule(
    "evicted-memory",
    "{workload_name} was evicted because node {node} was low on memory{numbers}.",
    "When a node runs low, the kubelet evicts first the pods that use more memory than they request.{heavy}",
    "Set the memory request to what the pod really uses, so that it is placed where there is room; see what else fills "
    "the node.",
)
DISK = _rule(
    "evicted-disk",
    "{workload_name} was evicted because node {node} was low on disk ({resource}){numbers}.",
    "Images, logs and writable layers filled the node's disk; the kubelet evicts first the pods that use most of it."
    "{heavy}",
    "Limit what the pod writes (ephemeral-storage limit, log rotation, emptyDir.sizeLimit), and clean up the node.",
)
INODES = _rule(
    "evicted-inodes",
    "{workload_name} was evicted because node {node} ran out of inodes{numbers}.",
    "Very many small files filled the node's file system, not their size.{heavy}",
    "Find who writes so many files, and keep them on a volume of their own.",
)
PIDS = _rule(
    "evicted-pids",
    "{workload_name} was evicted because node {node} ran out of process ids{numbers}.",
    "Too many processes or threads run on the node; the kubelet evicts to get some back.{heavy}",
    "Find what leaks processes or threads; set the kubelet's pod PID limit.",
)
CONDITION = _rule(
    "evicted-condition",
    "{workload_name} was refused because node {node} has {condition}.",
    "A node under pressure takes no new pods of this kind until the pressure is over.",
    "Relieve the node; the pod is placed anew by its controller.",
    Severity.MEDIUM,
)
CONTAINER_EPHEMERAL = _rule(
    "evicted-container-ephemeral",
    "{workload_name} was evicted because container {heaviest} wrote more than its ephemeral-storage limit of {limit}.",
    "Logs, the writable layer and emptyDir volumes of the container together passed its limit.",
    "Raise the limit, rotate the logs, or write to a persistent volume.",
)
POD_EPHEMERAL = _rule(
    "evicted-pod-ephemeral",
    "{workload_name} was evicted because it wrote more than its ephemeral-storage limits of {limit} together.",
    "Logs, writable layers and emptyDir volumes of all containers together passed the sum of their limits.",
    "Raise the limits, rotate the logs, or write to a persistent volume.",
)
EMPTY_DIR = _rule(
    "evicted-emptydir",
    "{workload_name} was evicted because its emptyDir volume {volume} grew past its sizeLimit of {limit}.",
    "What the containers write into the volume is more than its sizeLimit allows.",
    "Raise emptyDir.sizeLimit, clean up what is written, or use a persistent volume.",
)
RESIDUE = Rule(
    code="evicted-residue",
    severity=Severity.INFO,
    stage=Stage.REJECTED,
    message="A dead pod ({reason}) of {workload_name} is left over; the workload has all its pods.",
    cause="Kubernetes keeps the objects of pods that failed until somebody deletes them or there are very many.",
    remedy="Delete the failed pods when nobody needs them for evidence.",
    commands=("kubectl -n {namespace} delete pod --field-selector=status.phase=Failed",),
    verify=_PODS,
    references=_REFERENCE,
    visible_after=NEWS,
    notify_after=NEVER,
)

_CLUES = (
    clue(
        CONTAINER_EPHEMERAL,
        r'Container (?P<heaviest>\S{1,63}) exceeded its local ephemeral storage limit "(?P<limit>[^"]{1,40})"',
    ),
    clue(
        POD_EPHEMERAL,
        r"Pod ephemeral local storage usage exceeds the total limit of containers (?P<limit>\S{1,40}?)\.?(?:\s|$)",
    ),
    clue(EMPTY_DIR, r'Usage of EmptyDir volume "(?P<volume>[^"]{1,63})" exceeds the limit "(?P<limit>[^"]{1,40})"'),
    clue(CONDITION, r"The node had condition: \[(?P<condition>[^\]]{1,100})\]"),
    clue(MEMORY, r"low on resource: memory"),
    clue(INODES, r"low on resource: (?P<resource>[\w.-]{0,40}inodes)"),
    clue(PIDS, r"low on resource: (?P<resource>[\w.-]{0,40}pids?)\b"),
    clue(DISK, r"low on resource: (?P<resource>[\w.-]{1,40}?)(?:[.\s]|$)"),
)
_NUMBERS = clue(
    MEMORY, r"Threshold quantity: (?P<threshold>[^,]{1,40}), available: (?P<available>[^\s]{1,40}?)\.(?:\s|$)"
)
_HEAVY = clue(
    MEMORY,
    r"Container (?P<heavy>\S{1,63}) was using (?P<used>[^,]{1,40}), request is (?P<requested>[^,]{1,40}), has larger",
)
# What has to change in the template, by code; the heaviest container's request for the others.
_FIELDS = {
    EMPTY_DIR: "volumes[{volume}].emptyDir.sizeLimit",
    CONTAINER_EPHEMERAL: "containers[{heaviest}].resources.limits.ephemeral-storage",
    POD_EPHEMERAL: "containers[*].resources.limits.ephemeral-storage",
    MEMORY: "containers[{heavy}].resources.requests.memory",
}


@check(MEMORY, DISK, INODES, PIDS, CONDITION, CONTAINER_EPHEMERAL, POD_EPHEMERAL, EMPTY_DIR, RESIDUE)
def evicted(suspect: Suspect) -> Iterator[Finding]:
    """Pods that the kubelet evicted, by the reason in their status; old ones of a healthy workload are residue."""
    status = suspect.pod.status
    if status.phase != "Failed" or not status.reason or suspect.pod.metadata.deletion_timestamp is not None:
        return
    if left_over(suspect):
        yield suspect.finding(
            RESIDUE,
            Confidence.CERTAIN,
            *reason_evidence(suspect),
            since=ended_at(suspect),
            signature=status.reason,
            reason=status.reason,
        )
    elif status.reason == "Evicted":
        yield _eviction(suspect)


def _eviction(suspect: Suspect) -> Finding:
    message = suspect.pod.status.message
    match = first(_CLUES, message) or Match(DISK, Confidence.POSSIBLE, {"resource": "the kubelet does not say of what"})
    numbers, heavy = first((_NUMBERS,), message), first((_HEAVY,), message)
    named: dict[str, Any] = match.named
    words = {**match.named, **(heavy.named if heavy else {})}
    return suspect.finding(
        match.rule,
        match.confidence,
        *reason_evidence(suspect),
        offender=_offender(suspect, match.rule, words),
        since=ended_at(suspect),
        signature=" ".join(match.named[name] for name in ("volume", "heaviest", "limit") if name in match.named),
        numbers=_numbers(match.rule, numbers),
        heavy=" Container {heavy} used {used} and requests {requested}.".format(**heavy.named) if heavy else "",
        **named,
    )


def _numbers(rule: Rule, found: Match | None) -> str:
    """What was left and what had to be, in bytes for memory and disk, in pieces for inodes and process ids."""
    if found is None:
        return ""
    left, threshold = found.named["available"], found.named["threshold"]
    if rule in (MEMORY, DISK):
        left, threshold = _readable(left), _readable(threshold)
    return f" ({left} left, the threshold is {threshold})"


def _readable(quantity: str) -> str:
    """Bytes as people write them; as it is, if it is no quantity."""
    try:
        return in_binary(parse(quantity))
    except InvalidQuantity:
        return quantity


def _offender(suspect: Suspect, rule: Rule, words: dict[str, str]) -> Offender:
    if rule is CONDITION:
        return Offender("Node", suspect.pod.spec.node_name)
    path = _FIELDS.get(rule, "containers[*].resources.requests.ephemeral-storage")
    return suspect.template(path.format_map({"heavy": "*", **words}))
