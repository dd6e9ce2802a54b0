"""One full pass over a cluster: everything that is always read, in place of what was known."""

from __future__ import annotations

from typing import Any

from diagnostics import engine
from diagnostics.kube.access import Access
from diagnostics.kube.collect import Scope, sweep
from diagnostics.kube.errors import OF_THE_WAY, STANDING, FailureKind, ReadFailed
from diagnostics.kube.health import cluster_uid, failing_checks, server_version
from diagnostics.kube.resources import PODS
from diagnostics.models import Cluster
from diagnostics.operations import applying
from diagnostics.operations.packing import pack
from diagnostics.operations.picture import Picture
from diagnostics.operations.witnesses import Witnesses
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.pods import LeanPod, Pod


def take_sweep(access: Access, cluster: Cluster, picture: Picture) -> dict[str, Any]:
    """Sweeps the cluster into its picture; returns what the API server says of itself, as columns of the cluster.

    Raises ReadFailed where pods could not be read for another reason than a missing permission: half a picture would
    look like recovery; and where another cluster answers. Then the picture is as it was. Another list that could not be
    read leaves what it would have told as it was, and is left to the watch that tries it again (`watches`).
    """
    identity = _identity(access, cluster)
    suspects, alive = picture.suspects.keys(), set[str]()
    witnesses, bodies = Witnesses(), dict[str, bytes]()

    def note(pod: LeanPod) -> None:
        if pod.metadata.uid in suspects:
            alive.add(pod.metadata.uid)

    def keep(pod: Pod, redacted: bytes) -> None:
        if witnesses.claim(pod) and not picture.is_known(pod):
            bodies[pod.metadata.uid] = pack(redacted)

    scope = Scope(namespaces=tuple(cluster.namespaces) or None)
    swept = sweep(access, scope, suspicious=engine.suspicious, on_pod=note, on_suspect=keep, without=picture.unlisted)
    _insist(swept.snapshot)
    swept.snapshot.unavailable.extend(gap for place, gap in picture.gaps.items() if place in picture.unlisted)
    swept.snapshot.cluster = cluster.name
    swept.snapshot.server_version = server_version(access) or ""
    applying.replace(picture, swept, alive, bodies)
    return {
        "identity": identity,
        "server": access.server,
        "server_version": swept.snapshot.server_version,
        "failing_checks": _failing_checks(access),
    }


def _identity(access: Access, cluster: Cluster) -> str:
    """Which cluster answers, if it says so. Raises ReadFailed if it is not the one that is stored under this name."""
    told = cluster_uid(access)
    if told and cluster.identity and told != cluster.identity:
        raise ReadFailed(
            FailureKind.OTHER_CLUSTER,
            f"Another cluster answers at {access.server} than the one that {cluster.name} has stood for (namespace "
            f"kube-system has UID {told}, it had {cluster.identity}).",
            "Give the new cluster's context a name of its own, or drop what is stored of the old one: "
            f"`manage.py forget {cluster.name}`.",
        )
    return told or cluster.identity


def _insist(snapshot: Snapshot) -> None:
    for gap in snapshot.unavailable:
        kind = FailureKind(gap.error)
        if kind in OF_THE_WAY or (gap.resource == PODS.name and kind not in STANDING):
            raise ReadFailed(kind, f"Not everything could be read: {gap.resource} failed ({kind.value}).")


def _failing_checks(access: Access) -> list[str]:
    try:
        return list(failing_checks(access))
    except ReadFailed:  # It need not tell us; the reads themselves have just succeeded.
        return []
