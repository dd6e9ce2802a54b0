"""Where to list what stands around workloads: everywhere, or where the reader's workloads are."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.snapshot.cluster import Snapshot


def everywhere(snapshot: Snapshot, resource: str) -> Iterator[tuple[str, str | None]]:
    """That list over the whole cluster; or, for a reader of some namespaces, one of each that holds workloads."""
    if snapshot.bookings_complete:
        yield resource, None
        return
    workloads = (*snapshot.deployments, *snapshot.statefulsets)
    for namespace in sorted({namespace for namespace, _ in workloads if snapshot.judges(namespace)}):
        yield resource, namespace
