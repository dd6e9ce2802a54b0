"""Kubelets that the API server cannot talk to for their certificates (catalogue B12).

Certificate requests are not read. But when a container's log is asked for, the API server connects to the kubelet and
says what it met, and that stands where the log would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.exits import WINDOW
from diagnostics.rules.model import Evidence, Finding, Severity, check
from diagnostics.rules.nodes.rules import DESCRIBE, NODE
from diagnostics.rules.nodes.words import NodeView, finding
from diagnostics.rules.suspect import ContainerView

CERTIFICATE = NODE(
    code="node-cert-expiring",
    severity=Severity.HIGH,
    message="The API server does not accept the certificate of node {name}'s kubelet: {said}.",
    cause="Logs, exec and port-forward of the node's pods go through the kubelet's serving certificate. It has expired, "
    "or the request for a new one was never approved; where its client certificate is not renewed either, the node "
    "is lost next.",
    remedy="Approve the pending certificate request, or let the kubelet make a new one (restart it); see why requests "
    "are not approved by themselves.",
    commands=("kubectl get certificatesigningrequests", DESCRIBE),
    references=("https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/",),
    notify_after=timedelta(minutes=15),
)
# Source: crypto/tls and crypto/x509. A kubelet without a serving certificate answers with an "internal error".
_REFUSED = re.compile(
    r"containerLogs/.{0,400}(?P<said>x509: .{1,200}|tls: internal error|tls: .{0,60}certificate.{0,100})"
)


@check(CERTIFICATE, about=("Node",))
def kubelet_certificate(node: NodeView) -> Iterator[Finding]:
    """Nodes whose kubelet presents no certificate that the API server accepts, by the latest log that was asked for."""
    containers = (container for pod in node.pods for container in pod.containers if _asked_lately(container))
    for container in containers:
        if refused := _REFUSED.search(container.log.missing):
            end, suspect = container.last_end, container.suspect
            asked = Evidence("log", suspect.object, f"log of {container.name}", container.log.missing)
            yield finding(
                node, CERTIFICATE, asked, since=end.finished_at if end else None, said=refused["said"].rstrip(".")
            )
            return


def _asked_lately(container: ContainerView) -> bool:
    """Whether its log was asked for of late, so that the answer still holds: it is, when a run has ended."""
    end = container.last_end
    return end is not None and end.finished_at is not None and container.suspect.age(end.finished_at) <= WINDOW
