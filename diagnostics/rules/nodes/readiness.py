"""Nodes that do not answer, or say themselves that they are not ready, and those that are meant to go away."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.clues import Match, clue, core, first
from diagnostics.rules.model import Confidence, Evidence, Finding, check
from diagnostics.rules.nodes import rules
from diagnostics.rules.nodes.words import NodeView, bearing, finding, pods_of, quote_condition
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Taint

ZONE = "topology.kubernetes.io/zone"
CORDONED = "node.kubernetes.io/unschedulable"
# Set on a machine that is about to be taken away, with who does it.
LEAVING_TAINTS = {
    "ToBeDeletedByClusterAutoscaler": "the cluster autoscaler removes it",
    "DeletionCandidateOfClusterAutoscaler": "the cluster autoscaler may remove it",
    "cloud.google.com/impending-node-termination": "its spot machine is taken back",
    "aws-node-termination-handler/spot-itn": "its spot machine is taken back",
    "karpenter.sh/disrupted": "Karpenter replaces it",
    "node.cloudprovider.kubernetes.io/shutdown": "the cloud has shut the machine down",
}
_CANDIDATE = "DeletionCandidateOfClusterAutoscaler"

# Sources: pkg/kubelet/kubelet.go (runtimeErrors, networkErrors), pkg/kubelet/nodestatus/setters.go.
_CLUES = (
    clue(rules.LEAVING, r"node is shutting down"),
    clue(rules.NOT_READY_PLEG, r"PLEG is not healthy"),
    clue(rules.NOT_READY_RUNTIME, r"container runtime (?:is down|status check may not have completed|not ready)"),
    clue(rules.NOT_READY_CNI, r"runtime network not ready|NetworkReady=false|cni (?:plugin|config)"),
    clue(rules.NOT_READY_CSI, r"CSINode is not yet initialized|CSINode\b"),
    clue(rules.NOT_READY_STORAGE, r"missing node capacity for resources: ephemeral-storage|image ?fs|root ?fs|disk"),
)
# A runtime that is down has no network and lists no containers either.
_RUNTIME_DOWN = clue(rules.NOT_READY_RUNTIME, r"container runtime is down")


@check(
    rules.UNREACHABLE,
    rules.NOT_READY_RUNTIME,
    rules.NOT_READY_PLEG,
    rules.NOT_READY_CNI,
    rules.NOT_READY_CSI,
    rules.NOT_READY_STORAGE,
    rules.LEAVING,
    about=("Node",),
)
def not_ready(node: NodeView) -> Iterator[Finding]:
    """A node whose Ready condition is not "True", unless it was cordoned before, as for planned work."""
    ready = node.item.status.condition("Ready")
    if taint := leaving(node):
        yield _leaving(node, ready, LEAVING_TAINTS[taint.key], node.quote("spec.taints", taint, taint.time_added))
    elif ready is not None and not ready.true and not _planned(node, ready):
        yield _unreachable(node, ready) if not ready.false else _told(node, ready)


def leaving(node: NodeView) -> Taint | None:
    """The taint by which a node is announced to go away."""
    return next((t for t in node.item.spec.taints if t.key in LEAVING_TAINTS and t.key != _CANDIDATE), None)


def _planned(node: NodeView, ready: Condition) -> bool:
    """Whether the node was cordoned before it stopped being ready: somebody is at work on it."""
    lost = ready.last_transition_time
    cordons = (taint.time_added for taint in node.item.spec.taints if taint.key == CORDONED)
    return any(cordoned is not None and lost is not None and cordoned < lost for cordoned in cordons)


def _unreachable(node: NodeView, ready: Condition) -> Finding:
    taints = [taint for taint in node.item.spec.taints if taint.key == "node.kubernetes.io/unreachable"]
    evidence = [quote_condition(node, ready)]
    evidence += [node.quote("spec.taints", taint, taint.time_added) for taint in taints]
    since = ready.last_transition_time
    return finding(
        node,
        rules.UNREACHABLE,
        *evidence,
        since=since,
        age=short_duration(node.age(since)),
        bearing=bearing(node),
        others=_others(node),
    )


def _told(node: NodeView, ready: Condition) -> Finding:
    """What the kubelet itself says is wrong."""
    said = core(ready.message.rpartition(" message:")[2] or ready.reason or "no reason is given")
    match = first((_RUNTIME_DOWN, *_CLUES), ready.message)
    if match is None:  # Whatever else keeps a kubelet from working; the message says it better than a code.
        match = Match(rules.NOT_READY_RUNTIME, Confidence.POSSIBLE, {})
    if match.rule is rules.LEAVING:
        return _leaving(node, ready, "it shuts down", quote_condition(node, ready))
    return finding(
        node,
        match.rule,
        quote_condition(node, ready),
        confidence=match.confidence,
        since=ready.last_transition_time,
        said=said,
        because="" if match.hedge else " because its container runtime does not answer",
        bearing=bearing(node),
        pods=pods_of(node),
    )


def _leaving(node: NodeView, ready: Condition | None, why: str, *evidence: Evidence) -> Finding:
    since = evidence[0].at or (ready.last_transition_time if ready else None)
    return finding(node, rules.LEAVING, *evidence, since=since, why=why)


def _others(node: NodeView) -> str:
    """How the other nodes of its zone fare: a zone that is down looks different from one machine."""
    zone, snapshot = node.metadata.labels.get(ZONE), node.snapshot
    beside = [other for other in snapshot.nodes.values() if zone and other.metadata.labels.get(ZONE) == zone]
    if len(beside) < 2:
        return "It is the only node of its zone." if zone else "The other nodes tell whether more than it is affected."
    down = sum(not other.ready for other in beside)
    return f"Of the {len(beside)} nodes in zone {zone}, {down} {'is' if down == 1 else 'are'} not ready."
