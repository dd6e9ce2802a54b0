"""Killed for memory: by the container's or the pod's limit, in a child process, by the node (catalogue 0.2, B8)."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.rules.crash.case import LOGS, MEMORY, VERIFY, Case, template_patch
from diagnostics.rules.exits import OOM_KILLED, MemoryLimit, memory_limit
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Terminated
from diagnostics.snapshot.quantities import InvalidQuantity, in_binary, parse

# A node kills for memory and the container ends within this time of each other.
NODE_OOM_WITHIN = timedelta(seconds=60)

OOM_LIMIT = Rule(
    code="crash-oom-limit",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} used more memory than {owner} limit of {limit} and was killed{restarts}.",
    cause="The kernel killed the main process when its memory reached the limit of {limit}: the limit is lower than "
    "what the program needs, or the program leaks.",
    remedy="Raise the memory limit above the working set, or find what grows. A runtime with a heap of its own needs "
    "a limit some way above that heap.",
    commands=(
        "kubectl -n {namespace} set resources {workload} -c {container} --limits=memory={suggested}",
        "kubectl -n {namespace} patch {workload} -p {pod_patch}",
        "kubectl -n {namespace} top pod {pod} --containers",
    ),
    verify=VERIFY,
    references=MEMORY,
    notify_after=timedelta(minutes=1),
)
OOM_CHILD = Rule(
    code="crash-oom-child",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="A process inside container {container} was killed for memory, and the container ended with code {code}"
    "{restarts}.",
    cause="The kernel killed a child process (a worker, an exec), not the main one, which then ended by itself. The "
    "kill may also be an older one of the same container: the counter behind it never goes back.",
    remedy="Start fewer workers, or raise the memory limit above what all of them need together.",
    commands=("kubectl -n {namespace} top pod {pod} --containers", LOGS),
    verify=VERIFY,
    references=MEMORY,
    notify_after=timedelta(minutes=5),
)
OOM_NODE = Rule(
    code="crash-oom-node",
    severity=Severity.CRITICAL,
    stage=Stage.CRASH,
    message="Node {node} ran out of memory, and container {container} was killed{restarts}.",
    cause="The node's memory was used up, so the kernel chose a victim, first among containers that use more than "
    "they request. The container's own limit was not reached.",
    remedy="Give memory requests that match real use, so that the node is not overcommitted; see what else grew on it.",
    commands=("kubectl describe node {node}", "kubectl top pod -A --sort-by=memory"),
    verify=VERIFY,
    references=MEMORY,
    notify_after=timedelta(minutes=2),
)


def at_limit(case: Case) -> Finding | None:
    """OOMKilled with 137: the main process itself. Or 137 after a run that was: the runtime's word may come late."""
    before = _killed_before(case)
    if not case.killed or (case.end.reason != OOM_KILLED and before is None):
        return None
    limit = memory_limit(case.container)
    if limit is None:
        return _by_node(case, _node_event(case))
    return _at_limit(case, limit, before)


def _killed_before(case: Case) -> Terminated | None:
    """The run before this one, where it was killed for memory."""
    before = case.container.status.last_state.terminated
    return before if before is not None and before.reason == OOM_KILLED and before.exit_code == 137 else None


def _at_limit(case: Case, limit: MemoryLimit, before: Terminated | None) -> Finding:
    told = case.end.reason == OOM_KILLED
    path = case.container.path("lastState.terminated.reason")
    offender = case.suspect.template(limit.field) if limit.of_pod else None
    doubled = _doubled(limit)
    return case.finding(
        OOM_LIMIT,
        Confidence.CERTAIN if told else Confidence.LIKELY,
        _limit_evidence(case, limit),
        *((case.suspect.quote(path, OOM_KILLED, before.finished_at),) if before and not told else ()),
        field=limit.field,
        offender=offender,
        owner="the pod's" if limit.of_pod else "its",
        limit=limit.quantity,
        suggested=None if limit.of_pod else doubled,
        pod_patch=template_patch(case.suspect, resources={"limits": {"memory": doubled}}) if limit.of_pod else None,
    )


def in_child(case: Case) -> Finding | None:
    """OOMKilled with any other code: a child process, or an older kill."""
    if case.end.reason != OOM_KILLED:
        return None
    limit = memory_limit(case.container)
    return case.finding(
        OOM_CHILD,
        Confidence.LIKELY,
        *case.said.evidence[:1],
        *((_limit_evidence(case, limit),) if limit else ()),
        field="resources.limits.memory",
        signature=f"exit {case.end.exit_code}",
        ruled_out=("main process killed for memory: the exit code is not 137",),
    )


def by_node(case: Case) -> Finding | None:
    """137 without OOMKilled, while the node killed for memory."""
    event = _node_event(case) if case.killed else None
    return _by_node(case, event) if event else None


def _by_node(case: Case, event: Event | None) -> Finding:
    node = case.suspect.pod.spec.node_name
    return case.finding(
        OOM_NODE,
        Confidence.CERTAIN if event else Confidence.LIKELY,
        *((case.suspect.quote_event(event),) if event else ()),
        offender=Offender("Node", node) if node else None,
        ruled_out=("its own limit: the container has none",) if memory_limit(case.container) is None else (),
    )


def _node_event(case: Case) -> Event | None:
    """The node's out-of-memory event of that moment. Sources: the kubelet's oom watcher, node-problem-detector."""
    finished = case.end.finished_at
    for event in case.suspect.node_events("SystemOOM", "OOMKilling"):
        if finished and event.at and abs(event.at - finished) <= NODE_OOM_WITHIN:
            return event
    return None


def _limit_evidence(case: Case, limit: MemoryLimit) -> Evidence:
    if limit.of_pod:
        return case.suspect.quote(f"spec.{limit.field}", limit.quantity)
    return case.container.quote_spec(limit.field, limit.quantity)


def _doubled(limit: MemoryLimit) -> str | None:
    """A first try that is likely to do: twice the limit."""
    try:
        return in_binary(parse(limit.quantity) * 2)
    except InvalidQuantity:
        return None
