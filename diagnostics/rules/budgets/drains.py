"""Nodes that cannot be drained (drain-blocked), and the budgets that are why, as far as that can be seen.

The API server answers 429 to an eviction that a budget does not allow; nothing of that is kept. What drains the node
may write an event about it; kubectl does not. Without one there is only a sign: pods are still on a node that has taken
no new ones for a while, and their budget allows no eviction. That the node is being drained is then a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from diagnostics.rules.budgets import rules
from diagnostics.rules.budgets.guarded import KIND, BudgetView, failing, finding, guarded, lasted, named
from diagnostics.rules.clues import core
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, check
from diagnostics.rules.nodes.readiness import CORDONED, LEAVING_TAINTS
from diagnostics.rules.nodes.words import NodeView
from diagnostics.rules.workloads.pods import earliest, latest
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Event, Node
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.selectors import matches
from diagnostics.snapshot.surroundings import Surroundings
from diagnostics.snapshot.traffic import Budget

LATELY = timedelta(minutes=15)
# Written of a drain that goes on by Karpenter (two), AKS, OpenShift's machine config operator, the cluster autoscaler.
_REASONS = ("FailedDraining", "DisruptionBlocked", "Drain", "FailedToDrain", "ScaleDownFailed")
_REFUSED = re.compile(
    r"\bPDB\b|disruption ?budget|too many requests|waiting to be evicted|fail\w* to (?:drain|evict)", re.IGNORECASE
)
# Words of a message that may be names: `shop/web-6d9f-x2kp`, `web-6d9f-x2kp`.
_NAMES = re.compile(r"[a-z0-9][a-z0-9./-]*[a-z0-9]")
# What a Deployment, DaemonSet or StatefulSet adds to its own name to make a pod's.
_OF_POD = r"-(?:(?:[a-z0-9]{1,10}-)?[a-z0-9]{5}|\d{1,5})"
# The cluster autoscaler marks nodes that it may remove some day, too.
_EMPTIED = frozenset({CORDONED, *LEAVING_TAINTS}) - {"DeletionCandidateOfClusterAutoscaler"}


@dataclass(frozen=True, slots=True)
class _Drain:
    """A node that is to be emptied, since when if that is known, and what was written about it lately, newest first."""

    node: str
    since: datetime | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """How a budget is known to hold up a drain."""

    node: str
    confidence: Confidence
    since: datetime | None
    evidence: Evidence


@check(rules.BLOCKED, about=(KIND,))
def drain_blocked(view: BudgetView) -> Iterator[Finding]:
    """Budgets that allow no eviction, while a node with pods of theirs is being drained."""
    if not _used_up(view.item) or view.metadata.deletion_timestamp:
        return
    blocks = [block for drain in _drains(view.snapshot) if (block := _block(view, drain))]
    since = earliest(*(block.since for block in blocks))
    if lasted(view, rules.BLOCKED, since):
        yield _blocked(view, blocks, since)


def _used_up(budget: Budget) -> bool:
    return bool(budget.status.expected_pods) and not budget.status.disruptions_allowed


def _drains(snapshot: Snapshot) -> Iterator[_Drain]:
    """The nodes that are being emptied, by name."""
    for name in sorted(snapshot.nodes):
        if drain := _drain(snapshot, snapshot.nodes[name]):
            yield drain


def _drain(snapshot: Snapshot, node: Node) -> _Drain | None:
    """How a node is being emptied: it is deleted, cordoned, or tainted by what takes it away."""
    taints = [taint for taint in node.spec.taints if taint.key in _EMPTIED]
    deleted = node.metadata.deletion_timestamp
    if not taints and deleted is None:
        return None
    return _Drain(
        node.metadata.name, deleted or earliest(*(taint.time_added for taint in taints)), _told(snapshot, node)
    )


def _told(snapshot: Snapshot, node: Node) -> tuple[Event, ...]:
    found = [e for uid in {node.metadata.name, node.metadata.uid} for e in snapshot.events_of(uid, *_REASONS)]
    fresh = (event for event in found if event.at and snapshot.now - event.at <= LATELY and _REFUSED.search(event.text))
    return tuple(sorted(fresh, key=lambda event: (event.at or snapshot.now, event.text), reverse=True))


def _block(view: BudgetView, drain: _Drain) -> _Block | None:
    """Whether this budget holds up that drain: an event accuses it, or a pod of it that is not ready is there."""
    accused = next((found for event in drain.events if (found := _accused(view.around, view.item, event))), None)
    if accused:
        event, confidence = accused
        return _Block(drain.node, confidence, latest(event.since, drain.since), view.quote_event(event))
    pods = 0 if _may_leave(view.item) else _placed(view, drain.node)
    if not pods or drain.since is None or view.read_at("pods") - drain.since < rules.BLOCKED.visible_after:
        return None
    seen = Evidence("node", f"Node/{drain.node}", "pods", f"{pods} that {view.object} selects", view.read_at("pods"))
    return _Block(drain.node, Confidence.POSSIBLE, drain.since, seen)


def _accused(around: Surroundings, budget: Budget, event: Event) -> tuple[Event, Confidence] | None:
    """The event, if it names the budget or a pod that it guards, and how sure that makes it."""
    namespace, names = budget.metadata.namespace, set(_NAMES.findall(event.text))
    if f"{namespace}/{budget.metadata.name}" in names:
        return event, Confidence.CERTAIN
    bare = {name.removeprefix(f"{namespace}/") for name in names}
    guards = any(_is_of(name, ref) for ref in guarded(around, budget) for name in bare)
    return (event, Confidence.LIKELY) if guards else None


def _is_of(pod: str, workload: WorkloadRef) -> bool:
    return pod.startswith(workload.name) and re.fullmatch(_OF_POD, pod[len(workload.name) :]) is not None


def _may_leave(budget: Budget) -> bool:
    """Whether the pods that keep it from being met may be evicted nevertheless; the others are needed then."""
    status = budget.status
    lacking = status.current_healthy < status.desired_healthy
    return lacking and budget.spec.unhealthy_pod_eviction_policy == "AlwaysAllow"


def _placed(view: BudgetView, node: str) -> int:
    """How many pods that it selects were on a node when pods were last counted."""
    here = (cohort for cohort in view.snapshot.placed.of_namespace(view.namespace) if not cohort.leaving)
    return sum(cohort.nodes.get(node, 0) for cohort in here if matches(view.item.spec.selector, cohort.labels))


def _blocked(view: BudgetView, blocks: list[_Block], since: datetime | None) -> Finding:
    status, workloads = view.item.status, guarded(view.around, view.item)
    surest = min((block.confidence for block in blocks), key=list(Confidence).index)
    lacking = status.current_healthy < status.desired_healthy
    nodes = listed(block.node for block in blocks)
    found = finding(
        view,
        rules.BLOCKED,
        since,
        *(block.evidence for block in blocks),
        view.quote("status.disruptionsAllowed", 0),
        confidence=surest,
        node_word=_node_word(surest),
        node=blocks[0].node,
        why=f"PodDisruptionBudget {view.metadata.name} allows no eviction of {named(workloads)}",
        explained=f"It wants {status.desired_healthy} healthy pods and has {status.current_healthy}; an eviction that "
        f"would leave fewer is refused. To be emptied: {nodes}.",
        mend=_NOT_READY if lacking else _ONE_MORE,
        budget=view.metadata.name,
        budget_namespace=view.namespace,
    )
    return replace(found, waits_for=failing(view, workloads)) if lacking else found


_ONE_MORE = "Run one pod more than the budget wants, or let it want one fewer for as long as the drain takes."
_NOT_READY = "Make its pods ready. Where they cannot be, unhealthyPodEvictionPolicy: AlwaysAllow lets them be evicted all the same."


def _node_word(confidence: Confidence) -> str:
    return "Possibly node" if confidence is Confidence.POSSIBLE else "Node"


@check(rules.BLOCKED, needs=("events",), about=("Node",))
def drain_does_not_end(node: NodeView) -> Iterator[Finding]:
    """Nodes whose drain is said to wait for pods, where no budget that was read is accused of it."""
    snapshot, drain = node.snapshot, _drain(node.snapshot, node.item)
    if drain is None or not drain.events:
        return
    full = [budget for budget in snapshot.budgets.values() if _used_up(budget)]
    if any(_accused(node.around, budget, event) for budget in full for event in drain.events):
        return
    yield node.finding(
        rules.BLOCKED,
        Confidence.POSSIBLE,
        *(node.quote_event(event) for event in drain.events[:2]),
        offender=Offender("Node", drain.node),
        since=latest(drain.since, earliest(*(event.since for event in drain.events))),
        node_word=_node_word(Confidence.POSSIBLE),
        node=drain.node,
        why=core(drain.events[0].text),
        explained="It is to be emptied, and pods are still there: they take long to end, or a PodDisruptionBudget does "
        "not let them go.",
        mend="See which pods are left on the node, and which budgets guard them.",
        budget=None,
        budget_namespace=None,
    )
