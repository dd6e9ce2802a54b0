"""From the host that a program cannot reach to the Service that it means.

Source: the DNS names of Services and Pods (`service`, `service.namespace`, `service.namespace.svc.cluster.local`,
`pod.service.namespace.svc...` of a StatefulSet).
"""

from __future__ import annotations

import re

from diagnostics.rules.model import Offender

_LABEL = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LOOPBACK = re.compile(r"^(?:localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0)$")


def is_loopback(host: str) -> bool:
    """Whether the host is the pod itself."""
    return bool(_LOOPBACK.match(host.lower()))


def service_of(host: str, namespace: str) -> Offender | None:
    """The Service that a host name stands for in a pod of that namespace; None for addresses and foreign names."""
    labels = host.lower().rstrip(".").split(".")
    if is_loopback(host) or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if "svc" in labels[2:]:
        name, of = labels[labels.index("svc", 2) - 2 :][:2]
        return Offender("Service", name, of)
    if len(labels) == 1 or (len(labels) == 2 and labels[1] == namespace):
        return Offender("Service", labels[0], namespace)
    return None
