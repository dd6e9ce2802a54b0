"""The truth about a captured cluster, as data: one `truth.json` a namespace."""

from __future__ import annotations

from pathlib import Path

import msgspec

CORPUS = Path(__file__).parent
CLUSTER = "cluster"  # The place of what belongs to no namespace.

# What the first word of a code is about: the families of the table.
FAMILIES = {
    "sched": "scheduling",
    "create": "creation refused",
    "reject": "rejected by the kubelet",
    "cni": "sandbox and network",
    "sandbox": "sandbox and network",
    "image": "image",
    "vol": "volumes",
    "config": "configuration and start",
    "start": "configuration and start",
    "crash": "crash and restart",
    "init": "crash and restart",
    "port": "crash and restart",
    "probe": "readiness and probes",
    "ready": "readiness and probes",
    "mesh": "readiness and probes",
    "deadline": "eviction and termination",
    "drain": "eviction and termination",
    "evicted": "eviction and termination",
    "pdb": "eviction and termination",
    "term": "eviction and termination",
    "cronjob": "workloads and jobs",
    "job": "workloads and jobs",
    "cp": "nodes and control plane",
    "node": "nodes and control plane",
    "ns": "nodes and control plane",
}


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One diagnosis that a perfect tool gives. Codes and offenders are patterns, any of which will do, best first.

    Workloads and offenders are written as `Deployment/cart`. An optional one need not be given; one that may be
    `folded_under` a cause may be given as a symptom of what is diagnosed there.
    """

    workload: str
    wrong: str
    codes: tuple[str, ...]
    offenders: tuple[str, ...]
    container: str | None = None
    optional: bool = False
    folded_under: str | None = None

    @property
    def family(self) -> str:
        """Which part of the catalogue its best code belongs to."""
        return FAMILIES[self.codes[0].partition("-")[0]]


class Truth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong in one place, and what is healthy there: `Deployment/cart`, `Pod/cart-6d9f-*`, `Container/app`, `*`."""

    diagnoses: tuple[Expected, ...]
    silent: tuple[str, ...]


def truths() -> dict[str, Truth]:
    """The truth by place: each namespace, and `cluster`."""
    return {
        path.parent.name: msgspec.json.decode(path.read_bytes(), type=Truth)
        for path in sorted(CORPUS.glob("*/truth.json"))
    }
