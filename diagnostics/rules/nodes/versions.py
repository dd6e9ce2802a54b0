"""Kubelets whose version does not go with the API server's (catalogue B12)."""

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
_MINOR = re.compile(r"v?\d{1,4}\.(?P<minor>\d{1,4})\b")


@check(VERSION_SKEW, about=("Node",))
def version_skew(node: NodeView) -> Iterator[Finding]:
    """Kubelets that are newer than the API server, or older than is supported."""
    server, kubelet = node.snapshot.server_version, node.item.status.node_info.kubelet_version
    expected, found = _MINOR.match(server), _MINOR.match(kubelet)
    if expected is None or found is None:
        return
    behind = int(expected["minor"]) - int(found["minor"])
    if not 0 <= behind <= MOST_BEHIND:
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
