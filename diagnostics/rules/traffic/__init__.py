"""Traffic that does not arrive: Services without endpoints, ports and backends that do not exist (catalogue B11).

Whether a Secret with a certificate or an IngressClass exists is not looked at: neither may be read by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.traffic.ingresses import ingress
from diagnostics.rules.traffic.ports import ports
from diagnostics.rules.traffic.services import no_endpoints
from diagnostics.rules.traffic.statefulsets import service_missing
from diagnostics.snapshot.cluster import Snapshot

__all__ = ["ingress", "no_endpoints", "ports", "service_missing", "wants_around"]

_LISTS = ("services", "endpointslices", "ingresses")


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """Services and what stands before and behind them: of the cluster, or of the namespaces that are looked at."""
    if snapshot.bookings_complete:
        yield from ((name, None) for name in _LISTS)
        return
    workloads = (*snapshot.deployments, *snapshot.statefulsets, *snapshot.daemonsets)
    for namespace in {
        *(namespace for namespace, _ in workloads),
        *(pod.metadata.namespace for pod in snapshot.suspects),
    }:
        if snapshot.judges(namespace):
            yield from ((name, namespace) for name in _LISTS)
