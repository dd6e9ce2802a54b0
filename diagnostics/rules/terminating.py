"""Pods that are being deleted and do not go (catalogue B10, term-*).

`metadata.deletionTimestamp` is when the pod should be gone: its grace period is already counted in. Until a minute
past it nothing is wrong, however long the grace period was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from diagnostics.rules.clues import clue, core, first
from diagnostics.rules.model import NEVER, Confidence, Evidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes.sources import about
from diagnostics.rules.volumes.words import error_of

OVERDUE = timedelta(seconds=60)

_DESCRIBE = "kubectl -n {namespace} describe pod {pod}"
_REFERENCES = (
    "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
)
_GONE = ("kubectl -n {namespace} get pod {pod} --ignore-not-found",)


def _rule(
    code: str,
    message: str,
    cause: str,
    remedy: str,
    *commands: str,
    severity: Severity = Severity.MEDIUM,
    clocks: tuple[int, int | None] = (1, 10),
    explains: tuple[str, ...] = (),
) -> Rule:
    """A rule about a pod that stays; the clocks are minutes until it is visible and until it is sent (None: never)."""
    visible, notify = clocks
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.REJECTED,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=(*commands, _DESCRIBE),
        verify=_GONE,
        references=_REFERENCES,
        explains=explains,
        visible_after=timedelta(minutes=visible),
        notify_after=NEVER if notify is None else timedelta(minutes=notify),
    )


NODE_GONE = _rule(
    "term-node-gone",
    "Pod {pod} should be gone since {overdue}, but its node {node} {node_state}, so nobody can confirm that it stopped.",
    "Only the kubelet of its node may say that a pod has ended. For a StatefulSet this is a safeguard: two pods of one "
    "name could write to one volume.",
    "Bring the node back, or delete its Node object. Only when the machine is surely off: taint it "
    "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute, or delete the pod with --force.",
    "kubectl describe node {node}",
    severity=Severity.HIGH,
    clocks=(5, 10),
    explains=("taint-evicted",),
)
FINALIZER = _rule(
    "term-finalizer",
    "Pod {pod} ended and should be gone since {overdue}, but finalizer {finalizers} is not removed.",
    "A finalizer keeps an object until the controller that set it has cleaned up and removes it; that controller does "
    "not run, or cannot finish.",
    "Find the controller that owns the finalizer and mend it. Removing the finalizer by hand skips its clean-up.",
    clocks=(5, 15),
)
KILL_FAILED = _rule(
    "term-kill-failed",
    "Pod {pod} should be gone since {overdue}, but node {node} cannot end it: {said}.",
    "The kubelet or the container runtime fails to stop the container or to take down its network or volumes.",
    "Look at the container runtime and network plugin on the node; a process in uninterruptible sleep needs a reboot.",
    "kubectl describe node {node}",
    clocks=(2, 10),
)
UNMOUNT_STUCK = _rule(
    "vol-unmount-stuck",
    "{hedge}Pod {pod} should be gone since {overdue}, but node {node} cannot let go of its volume {volume}: {said}.",
    "A pod ends only once its volumes are unmounted. A process still has a file of it open, the storage does not "
    "answer, or the driver's pod on the node does not run.",
    "See what holds the mount on the node (a process, a dead network file system), and whether the volume's driver "
    "runs there; where nothing helps, a reboot frees it. The volume cannot be attached to another node before.",
    "kubectl describe node {node}",
    clocks=(5, 15),
)
PRE_STOP = _rule(
    "term-prestop",
    "Pod {pod} should be gone since {overdue}; its preStop hook failed.",
    "The preStop hook runs before SIGTERM and uses up the grace period; this one failed or did not end.",
    "Mend the hook, or give it a time limit below terminationGracePeriodSeconds.",
    severity=Severity.LOW,
    clocks=(5, None),
)
GRACE = _rule(
    "term-grace",
    "Pod {pod} should be gone since {overdue} and is still there; nothing says why.",
    "Its grace period is over; the kubelet should have ended it by now.",
    "See whether its containers still run, and the kubelet's log on node {node}.",
    "kubectl describe node {node}",
)


_UNMOUNT_CLUES = (
    clue(UNMOUNT_STUCK, r"UnmountVolume\.\w{1,40} failed|UnmountDevice failed|DetachVolume\.Detach failed"),
    clue(UNMOUNT_STUCK, r"device or resource busy", Confidence.POSSIBLE),
)


@check(NODE_GONE, FINALIZER, UNMOUNT_STUCK, KILL_FAILED, PRE_STOP, GRACE)
def terminating(suspect: Suspect) -> Iterator[Finding]:
    """Pods past their deletion time by more than a minute, and what keeps them."""
    due = suspect.pod.metadata.deletion_timestamp
    if due is None or suspect.age(due) <= OVERDUE:
        return
    finding = next(finding for step in _LADDER if (finding := step(suspect)))
    # Until then the taint that removed the pod from a lost node is the news (taint-evicted), and must not be hidden.
    if finding.rule is not NODE_GONE or suspect.age(due) >= NODE_GONE.visible_after:
        yield finding


def _finding(
    suspect: Suspect,
    rule: Rule,
    *evidence: Evidence,
    confidence: Confidence = Confidence.CERTAIN,
    offender: Offender | None = None,
    signature: str = "",
    **params: Any,
) -> Finding:
    metadata = suspect.pod.metadata
    due = metadata.deletion_timestamp
    return suspect.finding(
        rule,
        confidence,
        *evidence,
        suspect.quote("metadata.deletionTimestamp", f"{due:%Y-%m-%dT%H:%M:%SZ}", due),
        offender=offender,
        since=due,
        signature=signature,
        overdue=f"{due:%Y-%m-%d %H:%M} UTC",
        **params,
    )


def _node_gone(suspect: Suspect) -> Finding | None:
    name, node = suspect.pod.spec.node_name, suspect.node
    if not name or not suspect.snapshot.nodes or (node is not None and node.ready):
        return None
    ready = node.status.condition("Ready") if node else None
    state = "does not answer" if ready else "no longer exists"
    proof = (
        Evidence("node", f"Node/{name}", "status.conditions[Ready].status", ready.status, ready.last_transition_time)
        if ready
        else suspect.quote("spec.nodeName", name)
    )
    return _finding(suspect, NODE_GONE, proof, offender=Offender("Node", name), node_state=state)


def _finalizer(suspect: Suspect) -> Finding | None:
    finalizers = suspect.pod.metadata.finalizers
    if not finalizers or any(container.status.state.running for container in suspect.containers):
        return None
    return _finding(
        suspect,
        FINALIZER,
        suspect.quote("metadata.finalizers", ", ".join(finalizers)),
        offender=Offender("Pod", suspect.pod.metadata.name, suspect.namespace, "metadata.finalizers"),
        signature=" ".join(sorted(finalizers)),
        finalizers=" and ".join(finalizers),
    )


def _unmount_stuck(suspect: Suspect) -> Finding | None:
    """Whichever component says so: kubelets before 1.12 had reasons of their own for it (FailedUnMount)."""
    told = ((event, match) for event in suspect.events() if (match := first(_UNMOUNT_CLUES, event.text)))
    event, match = next(told, (None, None))
    if event is None or match is None:
        return None
    volume, label = about(suspect, event)
    node = suspect.pod.spec.node_name
    return _finding(
        suspect,
        UNMOUNT_STUCK,
        suspect.quote_event(event),
        confidence=match.confidence,
        offender=Offender("Node", node) if node else None,
        signature=volume.name if volume else "",
        volume=label,
        said=error_of(event),
        hedge=match.hedge,
    )


def _kill_failed(suspect: Suspect) -> Finding | None:
    event = next(iter(suspect.events("FailedKillPod", "ExceededGracePeriod")), None)
    if event is None:
        return None
    node = suspect.pod.spec.node_name
    return _finding(
        suspect,
        KILL_FAILED,
        suspect.quote_event(event),
        offender=Offender("Node", node) if node else None,
        said=core(event.text),
    )


def _pre_stop(suspect: Suspect) -> Finding | None:
    event = next(iter(suspect.events("FailedPreStopHook")), None)
    if event is None:
        return None
    return _finding(
        suspect,
        PRE_STOP,
        suspect.quote_event(event),
        confidence=Confidence.LIKELY,
        offender=suspect.template("containers[*].lifecycle.preStop"),
    )


def _grace(suspect: Suspect) -> Finding | None:
    return _finding(suspect, GRACE, offender=suspect.template("terminationGracePeriodSeconds"))


_LADDER: tuple[Callable[[Suspect], Finding | None], ...] = (
    _node_gone,
    _finalizer,
    _unmount_stuck,
    _kill_failed,
    _pre_stop,
    _grace,
)
