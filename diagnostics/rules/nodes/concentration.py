"""Workloads that fail with their node, because all of their pods are on it (catalogue B12)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.model import NEVER, Confidence, Evidence, Finding, Rule, Severity, Stage, check
from diagnostics.rules.nodes.conditions import PRESSURES
from diagnostics.rules.workloads.pods import WorkloadView, latest, unready, unready_since
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Node

CONCENTRATED = Rule(
    code="node-pods-concentrated",
    severity=Severity.MEDIUM,
    stage=Stage.WORKLOAD,
    message="All {count} pods of {workload} are on node {node}, which is not well ({trouble}), and none is ready.",
    cause="With all of its replicas on one node a workload fails with that node. {others} could have had some of them.",
    remedy="Spread the replicas with topologySpreadConstraints on kubernetes.io/hostname, or a pod anti-affinity.",
    commands=("kubectl -n {namespace} edit {workload}",),
    verify=("kubectl -n {namespace} get pods -o wide",),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",),
    notify_after=NEVER,
)


@check(CONCENTRATED, needs=("nodes",), about=("Deployment", "StatefulSet"))
def pods_concentrated(view: WorkloadView) -> Iterator[Finding]:
    """Workloads with several pods, all on one node that is not well, and none of them ready."""
    pods, nodes = list(unready(view)), view.snapshot.nodes
    names = {pod.pod.spec.node_name for pod in pods}
    node = nodes.get(names.pop()) if len(names) == 1 else None
    trouble = _trouble(node) if node else None
    others = [other for other in nodes.values() if other.ready and other is not node and not other.spec.unschedulable]
    # Pods that are ready are no suspects: only where there are none is it known where all of them are.
    known = len(pods) == view.item.status.pods and not view.item.status.ready_pods
    if node is None or trouble is None or len(pods) < 2 or not others or not known:
        return
    name = node.metadata.name
    yield view.finding(
        CONCENTRATED,
        Confidence.CERTAIN,
        view.quote("status.replicas", view.item.status.pods),
        Evidence("node", f"Node/{name}", f"status.conditions[{trouble.type}]", f"{trouble.status} {trouble.reason}"),
        field="topologySpreadConstraints",
        since=latest(*(unready_since(pod) for pod in pods)),
        shortfall=(len(pods), len(pods)),
        count=len(pods),
        node=name,
        trouble=f"{trouble.type}={trouble.status}",
        others=f"{len(others)} other node{'s' * (len(others) > 1)}",
    )


def _trouble(node: Node) -> Condition | None:
    """What is wrong with the node by its own conditions."""
    return next(
        (
            condition
            for condition in node.status.conditions
            if (condition.type == "Ready" and not condition.true) or (condition.type in PRESSURES and condition.true)
        ),
        None,
    )
