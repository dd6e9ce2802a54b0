"""Whom a program cannot reach, and why: the Service that it means, and the workloads behind it (catalogue B0, 8).

A log names a host; the cluster knows what stands behind it. What workloads say of themselves is live, lists of
Services may be some minutes old: so a Service is called without ready pods only by the status of its workloads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.rules.signatures import network
from diagnostics.rules.suspect import ContainerView, Suspect

# The signatures of a peer that is called in vain, and of names that the cluster's DNS has to resolve.
UNANSWERED = frozenset({"conn-refused", "conn-timeout", "conn-reset", "no-route"})
UNRESOLVED = frozenset({"dns-nxdomain"})
DNS_FAILING = frozenset({"dns-temporary", "dns-timeout"})

_NEEDLES = tuple(
    needle
    for signature in network.SIGNATURES
    if signature.id in UNANSWERED | UNRESOLVED | DNS_FAILING
    for needle in signature.needles
)
_IN_NAMESPACE = re.compile(r"[a-z0-9-]\.(?P<namespace>[a-z0-9][a-z0-9-]{0,62})\.svc\b")
# What has to be known to tell whom a program calls, and who may call whom.
_LISTS = ("services", "networkpolicies")
# How much of a log is looked through for a peer, before anything is read.
_LOOKED_AT = 200


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """What could stand behind the host that a failed or unready container's log complains of."""
    told = "\n".join(_said(container) for container in suspect.containers if _failing(container)).lower()
    if any(needle in told for needle in _NEEDLES):
        yield from lists(suspect, told)


def lists(suspect: Suspect, told: str) -> Iterator[tuple[str, str | None]]:
    """Services and NetworkPolicies: of the cluster, or of its own namespace and those that a text names."""
    if suspect.snapshot.bookings_complete:
        yield from ((name, None) for name in (*_LISTS, "namespaces"))
        return
    named = (found["namespace"] for found in _IN_NAMESPACE.finditer(told))
    for namespace in {suspect.namespace, *named}:
        yield from ((name, namespace) for name in _LISTS)


def _failing(container: ContainerView) -> bool:
    return not container.status.ready and (container.last_end is not None or container.status.state.running is not None)


def _said(container: ContainerView) -> str:
    ended = container.last_end.message if container.last_end else ""
    return "\n".join((ended, *container.log.lines[-_LOOKED_AT:]))
