"""Kubelets whose version does not go with the API server's (catalogue B12).

Of several control planes one answers for its version, while they are upgraded one after the other: a newer kubelet
beside an API server of its own is no fault. What a virtual node tells is the version of a library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.rules.model import NEVER, Finding, Severity, check
from diagnostics.rules.nodes.rules import DRAIN, NODE
from diagnostics.rules.nodes.words import NodeView, finding

VERSION_SKEW = NODE(
    code="node-version-skew",
    severity=Severity.LOW,
    message="Node {name} runs kubelet {kubelet}, which is {skew} the API server's {server}.",
    cause="A kubelet may be up to three minor versions older than the API server, and never newer; beyond that, fields "
    "that one of them does not know are lost.",
    remedy="Upgrade the control plane first, then the nodes, one minor version after the other.",
    commands=("kubectl get nodes", DRAIN),
    references=("https://kubernetes.io/releases/version-skew-policy/",),
    notify_after=NEVER,
)
# Kubernetes' version skew policy: how many minor versions a kubelet may be behind the API server.
MOST_BEHIND = 3
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_MINOR = re.compile(r"v?\d{1,4}\.(?P<minor>\d{1,4})\b")


@check(VERSION_SKEW, about=("Node",))
def version_skew(node: NodeView) -> Iterator[Finding]:
    """Kubelets that are newer than the API server, or older than is supported."""
    if _virtual(node):
        return
    server, kubelet = node.snapshot.server_version, node.item.status.node_info.kubelet_version
    expected, found = _MINOR.match(server), _MINOR.match(kubelet)
    if expected is None or found is None:
        return
    behind = int(expected["minor"]) - int(found["minor"])
    beside_its_own = behind < 0 and CONTROL_PLANE in node.metadata.labels
    if not 0 <= behind <= MOST_BEHIND and not beside_its_own:
        yield finding(
            node,
            VERSION_SKEW,
            node.quote("status.nodeInfo.kubeletVersion", kubelet),
            since=None,
            path="status.nodeInfo.kubeletVersion",
            kubelet=kubelet,
            server=server,
            skew=f"{behind} minor versions behind" if behind > 0 else "newer than",
        )


def _virtual(node: NodeView) -> bool:
    """Whether it is none that a kubelet runs on: container instances of a cloud, another cluster (Virtual Kubelet)."""
    kind = node.metadata.labels.get("type", "")
    return kind.startswith("virtual-") or any(taint.key.startswith("virtual-") for taint in node.item.spec.taints)
