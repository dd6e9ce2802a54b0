"""From the host that a program cannot reach to the Service that it means.

Source: the DNS names of Services and Pods (`service`, `service.namespace`, `service.namespace.svc.cluster.local`,
`pod.service.namespace.svc...` of a StatefulSet).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from diagnostics.snapshot.owners import Key
from diagnostics.snapshot.traffic import Service

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LOOPBACK = re.compile(r"^(?:localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0)$")
_ADDRESS = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$")


def is_loopback(host: str) -> bool:
    """Whether the host is the pod itself."""
    return bool(_LOOPBACK.match(host.lower()))


def is_address(host: str) -> bool:
    """Whether it is an IP address and no name."""
    return bool(_ADDRESS.match(host))


def service_of(host: str, namespace: str, services: Mapping[Key, Service]) -> Key | None:
    """Namespace and name of the Service that a host stands for in a pod of that namespace.

    By the Services that are known, else by the form of the name; None for foreign names, and for addresses of none.
    """
    if is_loopback(host):
        return None
    if is_address(host):
        return next((key for key, service in services.items() if service.spec.cluster_ip == host), None)
    labels = host.lower().rstrip(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if "svc" in labels[2:]:
        name, of = labels[labels.index("svc", 2) - 2 :][:2]
        return of, name
    known = next((key for key in _readings(labels, namespace) if key in services), None)
    return known or _by_form(labels, namespace, services)


def _readings(labels: list[str], namespace: str) -> Iterator[Key]:
    """What a short name may mean, as the search domains have it: service.namespace before pod.service."""
    match labels:
        case [name]:
            yield namespace, name
        case [first, second]:
            yield second, first
            yield namespace, second
        case [_, name, of]:
            yield of, name


def _by_form(labels: list[str], namespace: str, services: Mapping[Key, Service]) -> Key | None:
    """What a name must mean though there is no such Service: one label its own namespace's, two another's that exists."""
    match labels:
        case [name]:
            return namespace, name
        case [name, of] if of == namespace or any(other == of for other, _ in services):
            return of, name
    return None
