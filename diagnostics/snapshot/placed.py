"""What the pods that run take from those that wait, counted while their list goes by: the pods themselves are not kept.

Pods that a scheduler cannot tell apart are one cohort, of which only the number on each node is known. So this grows
with the controllers and the nodes that each of them uses; which is also what bounds the time that a pod costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern

import msgspec

from diagnostics.snapshot.meta import OwnerReference
from diagnostics.snapshot.placement import PodAffinityTerm
from diagnostics.snapshot.pods import LeanPod
from diagnostics.snapshot.requests import requests

# Labels by which a controller tells its pods apart: each pod would be a cohort of its own.
OF_ONE_POD = frozenset(
    {
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
    }
)
MOST_COHORTS = 50  # Of one controller, or of the pods of a namespace that have none; what is beyond is not told apart.


class Cohort(msgspec.Struct, eq=False):
    """Pods of one controller with the same labels, requests and anti-affinity, by the node that they are bound to.

    `labels` leaves out what is `OF_ONE_POD`, `pod` names one of them, `leaving` are those that are being deleted.
    """

    namespace: str
    controller: OwnerReference | None
    pod: str
    labels: dict[str, str]
    repels: tuple[PodAffinityTerm, ...]
    requests: dict[str, Decimal]
    leaving: bool = False
    nodes: dict[str, int] = {}


class Holder(msgspec.Struct, frozen=True):
    """A pod that has something to itself."""

    namespace: str
    pod: str
    node: str
    controller: OwnerReference | None = None
    host_ip: str = ""  # Where it keeps a port of its node on one address only.

    def __str__(self) -> str:
        """As kubectl takes it: `shop/web-0`."""
        return f"{self.namespace}/{self.pod}"


def _of_port(node: str, port: int, protocol: str) -> str:
    return f"{node}:{port}/{protocol}"


def _of_claim(namespace: str, name: str) -> str:
    return f"{namespace}/{name}"


class Kept(msgspec.Struct):
    """What `Placed` is kept as, where it has to outlive the process."""

    cohorts: list[Cohort] = []
    ports: dict[str, list[Holder]] = {}
    claims: dict[str, Holder] = {}
    disks: dict[str, Holder] = {}
    blurred: set[str] = set()


@dataclass(slots=True)
class Placed:
    """Who runs where, and who holds the host ports, the claims and the disks.

    `blurred` names the namespaces in which not all pods could be told apart: nothing can be said of their labels.
    """

    cohorts: dict[str, dict[OwnerReference | None, list[Cohort]]] = field(default_factory=dict)  # by namespace
    repelling: list[Cohort] = field(default_factory=list)
    ports: dict[str, list[Holder]] = field(default_factory=dict)
    claims: dict[str, Holder] = field(default_factory=dict)
    disks: dict[str, Holder] = field(default_factory=dict)
    blurred: set[str] = field(default_factory=set)
    _last: tuple[LeanPod, Cohort, bool] | None = None  # the pod before, its cohort, whether it holds anything

    @classmethod
    def of(cls, kept: Kept) -> Placed:
        """What was kept, as it was."""
        placed = cls(ports=kept.ports, claims=kept.claims, disks=kept.disks, blurred=kept.blurred)
        for cohort in kept.cohorts:
            placed.file(cohort)
        return placed

    def kept(self) -> Kept:
        """All of it, to be encoded."""
        return Kept(list(self), self.ports, self.claims, self.disks, self.blurred)

    def __iter__(self) -> Iterator[Cohort]:
        """Every cohort."""
        return (cohort for by_controller in self.cohorts.values() for like in by_controller.values() for cohort in like)

    def of_namespace(self, namespace: str) -> Iterator[Cohort]:
        """The cohorts of a namespace."""
        return (cohort for like in self.cohorts.get(namespace, {}).values() for cohort in like)

    def holders_of_port(self, node: str, port: int, protocol: str, host_ip: str = "") -> list[Holder]:
        """The pods that keep a port of a node, on an address that it would be wanted on, from others."""
        everywhere = ("", "0.0.0.0", "::")  # noqa: S104 - what a manifest says, nothing is bound here
        held = self.ports.get(_of_port(node, port, protocol), ())
        return [one for one in held if host_ip == one.host_ip or host_ip in everywhere or one.host_ip in everywhere]

    def holder_of_claim(self, namespace: str, name: str) -> Holder | None:
        """A pod that mounts a claim, but for a StatefulSet's that mounts its own."""
        return self.claims.get(_of_claim(namespace, name))

    def holder_of_disk(self, node: str, name: str) -> Holder | None:
        """The pod on a node that mounts a disk by its name: one that writes, if any does."""
        return self.disks.get(f"{node} {name}")

    def add(self, pod: LeanPod) -> Cohort:
        """Counts a pod that is bound to a node and has not ended; returns what it is one of."""
        # Lists come in the order of names: pods of one template mostly follow each other.
        if self._last is None or not _alike(self._last[0], pod):
            self._last = (pod, self._cohort(pod), _holds(pod))
        _, cohort, holds = self._last
        node = intern(pod.spec.node_name)
        cohort.nodes[node] = cohort.nodes.get(node, 0) + 1
        if holds:
            self._note_ports(pod, node)
            self._note_volumes(pod, node)
        return cohort

    def _cohort(self, pod: LeanPod) -> Cohort:
        """The cohort of a pod, found or new."""
        namespace, controller = pod.metadata.namespace, pod.metadata.controller
        new = Cohort(
            namespace=namespace,
            controller=controller,
            pod=pod.metadata.name,
            labels=_shared(pod.metadata.labels),
            repels=pod.spec.affinity.pod_anti_affinity.required,
            requests=requests(pod),
            leaving=pod.metadata.deletion_timestamp is not None,
        )
        like = self.cohorts.setdefault(namespace, {}).setdefault(controller, [])
        known = next((one for one in like if _same(one, new)), None)
        if known is None and len(like) < MOST_COHORTS:
            self.file(new)
        elif known is None:
            self.blurred.add(namespace)
        return known or new

    def file(self, cohort: Cohort) -> None:
        """Adds a cohort that is not known yet."""
        self.cohorts.setdefault(cohort.namespace, {}).setdefault(cohort.controller, []).append(cohort)
        if cohort.repels:
            self.repelling.append(cohort)

    def _note_ports(self, pod: LeanPod, node: str) -> None:
        for container in pod.spec.containers + pod.spec.init_containers:
            for port in container.ports:
                if port.host_port:
                    key = _of_port(node, port.host_port, port.protocol)
                    self.ports.setdefault(key, []).append(_holder(pod, node, port.host_ip))

    def _note_volumes(self, pod: LeanPod, node: str) -> None:
        """Notes who mounts what: a StatefulSet's pod's own claim is the pod's, whoever else might want it."""
        for volume in pod.spec.volumes:
            if (claim := volume.persistent_volume_claim) and not claim.claim_name.endswith(f"-{pod.metadata.name}"):
                self.claims.setdefault(_of_claim(pod.metadata.namespace, claim.claim_name), _holder(pod, node))
            elif disk := volume.disk:
                key = f"{node} {disk}"
                if key not in self.disks or not disk.read_only:
                    self.disks[key] = _holder(pod, node)


def _holds(pod: LeanPod) -> bool:
    """Whether a pod has anything to itself."""
    containers = pod.spec.containers + pod.spec.init_containers
    return any(port.host_port for container in containers for port in container.ports) or any(
        volume.persistent_volume_claim or volume.disk for volume in pod.spec.volumes
    )


def _holder(pod: LeanPod, node: str, host_ip: str = "") -> Holder:
    return Holder(pod.metadata.namespace, pod.metadata.name, node, pod.metadata.controller, host_ip)


def _shared(labels: dict[str, str]) -> dict[str, str]:
    if OF_ONE_POD.isdisjoint(labels):
        return labels
    return {key: value for key, value in labels.items() if key not in OF_ONE_POD}


def _same(cohort: Cohort, other: Cohort) -> bool:
    return (
        cohort.labels == other.labels
        and cohort.requests == other.requests
        and cohort.repels == other.repels
        and cohort.leaving == other.leaving
    )


def _alike(pod: LeanPod, other: LeanPod) -> bool:
    """Whether two pods are beyond doubt of one cohort and of one template, for what it takes to compare them."""
    own, others = pod.metadata, other.metadata
    return (
        own.labels == others.labels
        and own.owner_references == others.owner_references
        and own.namespace == others.namespace
        and (own.deletion_timestamp is None) == (others.deletion_timestamp is None)
        and pod.spec.containers == other.spec.containers
        and pod.spec.init_containers == other.spec.init_containers
        and pod.spec.volumes == other.spec.volumes
        and pod.spec.affinity == other.spec.affinity
        and pod.spec.resources == other.spec.resources
        and pod.spec.overhead == other.spec.overhead
    )
