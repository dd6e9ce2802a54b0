"""One full pass over a cluster: everything that is always read, in place of what was known."""

from __future__ import annotations

from typing import Any

from diagnostics import engine
from diagnostics.kube.access import Access
from diagnostics.kube.collect import Scope, sweep
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.health import failing_checks, server_version
from diagnostics.models import Cluster
from diagnostics.operations import applying
from diagnostics.operations.picture import Picture
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.pods import LeanPod

# What is not there for us, as long as nobody changes a role; everything else may be there in a moment.
_STANDING = frozenset({FailureKind.FORBIDDEN.value, FailureKind.NOT_FOUND.value})


def take_sweep(access: Access, cluster: Cluster, picture: Picture) -> dict[str, Any]:
    """Sweeps the cluster into its picture; returns what the API server says of itself, as columns of the cluster.

    Raises ReadFailed where a read failed for another reason than a missing permission: half a picture would look like
    recovery. Then the picture is as it was.
    """
    suspects, alive = picture.suspects.keys(), set[str]()

    def note(pod: LeanPod) -> None:
        if pod.metadata.uid in suspects:
            alive.add(pod.metadata.uid)

    scope = Scope(namespaces=tuple(cluster.namespaces) or None)
    swept = sweep(access, scope, suspicious=engine.suspicious, on_pod=note)
    _insist(swept.snapshot)
    swept.snapshot.cluster = cluster.name
    applying.replace(picture, swept, alive)
    return {"server_version": server_version(access) or "", "failing_checks": _failing_checks(access)}


def _insist(snapshot: Snapshot) -> None:
    for gap in snapshot.unavailable:
        if gap.error not in _STANDING:
            kind = FailureKind(gap.error)
            raise ReadFailed(kind, f"Not everything could be read: {gap.resource} failed ({kind.value}).")


def _failing_checks(access: Access) -> list[str]:
    try:
        return list(failing_checks(access))
    except ReadFailed:  # It need not tell us; the reads themselves have just succeeded.
        return []
