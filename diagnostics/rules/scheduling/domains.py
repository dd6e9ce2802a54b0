"""Topology domains: how many places there are for pods that must not share one, or must be spread evenly."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.rules.scheduling.fit import NodeFit, Trial
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.placement import PodAffinityTerm
from diagnostics.snapshot.selectors import matches

_WORDS = {
    "kubernetes.io/hostname": "node",
    "topology.kubernetes.io/zone": "zone",
    "topology.kubernetes.io/region": "region",
}


def domain_word(key: str) -> str:
    """What people call a domain of a topology key: node, zone, region, or the key itself."""
    return _WORDS.get(key, key)


def domains(fits: Iterable[NodeFit], key: str) -> dict[str, list[str]]:
    """The nodes by their value of a topology key; nodes without the label belong to no domain."""
    found: dict[str, list[str]] = {}
    for fit in fits:
        if value := fit.node.metadata.labels.get(key):
            found.setdefault(value, []).append(fit.name)
    return found


def repelled_by_siblings(suspect: Suspect) -> tuple[PodAffinityTerm, ...]:
    """The required anti-affinity terms that a pod holds against the other pods of its own workload."""
    labels, namespace = suspect.pod.metadata.labels, suspect.namespace
    return tuple(
        term
        for term in suspect.pod.spec.affinity.pod_anti_affinity.required
        if matches(term.label_selector, labels) and (not term.namespaces or namespace in term.namespaces)
    )


def replicas(suspect: Suspect) -> int | None:
    """How many pods the workload should have; None where it was not read or has no such number."""
    snapshot, workload = suspect.snapshot, suspect.workload
    by_kind = {
        "Deployment": snapshot.deployments,
        "StatefulSet": snapshot.statefulsets,
        "ReplicaSet": snapshot.replicasets,
    }
    found: Workload | None = by_kind.get(workload.kind, {}).get((workload.namespace, workload.name))
    return found.spec.replicas if found else None


def room_for_replicas(trial: Trial) -> bool:
    """Whether the open nodes have a domain for each replica, so that siblings on some of them are as intended."""
    wanted, terms = replicas(trial.suspect), repelled_by_siblings(trial.suspect)
    if wanted is None or not terms:
        return False
    return all(len(domains(trial.open, term.topology_key)) >= wanted for term in terms)
