"""Ended by a signal from outside: SIGTERM and SIGKILL, and what can be known of who sent them (catalogue B8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.crash.case import LIFECYCLE, LOGS, VERIFY, Case
from diagnostics.rules.crash.memory import NODE_OOM_WITHIN
from diagnostics.rules.exits import STATUS_UNKNOWN, signal_of
from diagnostics.rules.model import NEVER, Confidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.snapshot.objects import Event

_DEFAULT_GRACE = 30
_SLACK = timedelta(seconds=3)
_REBOOT_WITHIN = timedelta(minutes=10)

STATUS_LOST = Rule(
    code="crash-status-unknown",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="The kubelet on node {node} lost track of container {container}; how it ended is unknown.",
    cause="The container was gone when the kubelet looked for it: the node restarted, or its container runtime was "
    "wiped. The code 137 is a placeholder, not a kill.",
    remedy="Look at the node: was it rebooted, or its runtime reset? The container itself needs no mending.",
    commands=("kubectl describe node {node}",),
    verify=VERIFY,
    references=LIFECYCLE,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
GRACE_EXCEEDED = Rule(
    code="crash-grace-exceeded",
    severity=Severity.LOW,
    stage=Stage.CRASH,
    message="Container {container} did not end within {grace} s of being asked to, and was killed.",
    cause="The kubelet asked it to end (SIGTERM), and killed it when the grace period was over: the process ignores "
    "the signal, a shell in front does not pass it on, or its clean-up takes longer.",
    remedy="Start the program itself as process 1 (exec form, or exec in the script), let it end on SIGTERM, or raise "
    "terminationGracePeriodSeconds.",
    commands=("kubectl -n {namespace} describe pod {pod}", LOGS),
    verify=VERIFY,
    references=LIFECYCLE,
    visible_after=timedelta(minutes=5),
    notify_after=NEVER,
)
SIGKILL_UNKNOWN = Rule(
    code="crash-sigkill-unknown",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Container {container} was killed by SIGKILL (exit code 137), and nothing says by whom{restarts}.",
    cause="Something sent SIGKILL: a process in the container, an agent on the node, or somebody by hand. That it was "
    "for memory is not known; what was checked stands under what was ruled out.",
    remedy="Look for the kill in the node's kernel log, and at what in the container sends signals.",
    commands=("kubectl debug node/{node} -it --image=busybox -- chroot /host dmesg -T", LOGS),
    verify=VERIFY,
    references=LIFECYCLE,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
SIGTERM = Rule(
    code="crash-sigterm-143",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Container {container} ends by SIGTERM (exit code 143), though nobody deletes the pod{restarts}.",
    cause="Somebody asked the process to end: itself, a supervisor in the container, an agent on the node, or a node "
    "that shuts down.",
    remedy="Find who sends SIGTERM: look in the log just before the end, and for a supervisor or a time limit in the "
    "container's command.",
    commands=(LOGS, "kubectl -n {namespace} describe pod {pod}"),
    verify=VERIFY,
    references=LIFECYCLE,
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
NODE_REBOOT = Rule(
    code="restart-node-reboot",
    severity=Severity.INFO,
    stage=Stage.TRAFFIC,
    message="Container {container} was restarted because node {node} rebooted.",
    cause="All containers of a node end when it reboots; this one came back.",
    remedy="Nothing, unless nobody meant to reboot the node.",
    commands=("kubectl describe node {node}",),
    notify_after=NEVER,
)


def by_reboot(case: Case) -> Finding | None:
    """It came back after its node had rebooted."""
    if case.container.status.state.running is None or case.end.reason not in ("Unknown", STATUS_UNKNOWN, "Error"):
        return None
    finished = case.end.finished_at
    for event in case.suspect.node_events("Rebooted"):
        if finished and event.at and abs(event.at - finished) <= _REBOOT_WITHIN:
            return case.finding(NODE_REBOOT, Confidence.LIKELY, case.suspect.quote_event(event), offender=_node(case))
    return None


def lost(case: Case) -> Finding | None:
    """The kubelet made up the end, because it found no container."""
    if case.end.reason != STATUS_UNKNOWN:
        return None
    message = case.suspect.quote(f"{case.container.last_end_path}.message", case.end.message)
    return case.finding(
        STATUS_LOST, Confidence.CERTAIN, message, offender=_node(case), ruled_out=("out of memory: not OOMKilled",)
    )


def over_grace(case: Case) -> Finding | None:
    """SIGKILL a grace period after the kubelet had asked it to end, or the kubelet's own word that it had to."""
    event = _grace_event(case) if case.killed else None
    if event is None:
        return None
    return case.finding(
        GRACE_EXCEEDED,
        Confidence.CERTAIN if event.reason == "ExceededGracePeriod" else Confidence.LIKELY,
        case.suspect.quote_event(event),
        field="command",
        ruled_out=case.ruled_out[:1],
        grace=_grace(case),
    )


def by_sigterm(case: Case) -> Finding | None:
    """143 in a pod that is to stay."""
    if signal_of(case.end) != 15:
        return None
    return case.finding(SIGTERM, Confidence.CERTAIN, *case.said.evidence[:1], field="command", ruled_out=case.ruled_out)


def by_sigkill(case: Case) -> Finding | None:
    """137 that nothing explains."""
    if not case.killed:
        return None
    ruled_out = (*case.ruled_out, *_not_the_node(case), "grace period: the kubelet had not asked it to end")
    return case.finding(
        SIGKILL_UNKNOWN, Confidence.CERTAIN, *case.said.evidence[:1], field="command", ruled_out=ruled_out
    )


def _not_the_node(case: Case) -> Iterator[str]:
    node = case.suspect.pod.spec.node_name
    seconds = int(NODE_OOM_WITHIN.total_seconds())
    yield f"node out of memory: no SystemOOM or OOMKilling event of node {node} within {seconds} s"
    yield "eviction: the pod was not evicted"


def _grace(case: Case) -> int:
    own = case.suspect.pod.spec.termination_grace_period_seconds
    return _DEFAULT_GRACE if own is None else own


def _grace_event(case: Case) -> Event | None:
    finished = case.end.finished_at
    for event in case.suspect.events("ExceededGracePeriod", "Killing"):
        if finished is None or event.at is None:
            continue
        killed_at = event.at + timedelta(seconds=_grace(case)) if event.reason == "Killing" else event.at
        if abs(finished - killed_at) <= _SLACK and event.involved_object.field_path in ("", _field_path(case)):
            return event
    return None


def _field_path(case: Case) -> str:
    return f"spec.{'initContainers' if case.container.init else 'containers'}{{{case.container.name}}}"


def _node(case: Case) -> Offender | None:
    name = case.suspect.pod.spec.node_name
    return Offender("Node", name) if name else None
