"""What stands behind a Service: the workloads whose pods it selects, and how many of those are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from diagnostics.rules.model import Evidence
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import Key, WorkloadRef
from diagnostics.snapshot.traffic import Service

# Where the cluster's DNS runs, and a label of its pods.
_DNS = {
    "kube-system": ("k8s-app", "kube-dns"),
    "openshift-dns": ("dns.operator.openshift.io/daemonset-dns", "default"),
}


@dataclass(frozen=True, slots=True)
class Backing:
    """A workload behind a Service, by its own, live status."""

    ref: WorkloadRef
    workload: Workload

    @property
    def ready(self) -> int:
        """How many of its pods are ready."""
        return self.workload.status.ready_pods

    @property
    def desired(self) -> int:
        """How many it should have."""
        return self.workload.desired

    @property
    def state(self) -> str:
        """Its readiness, to follow its name: "has 0 of 1 pods ready", "is scaled to 0"."""
        return f"has {self.ready} of {self.desired} pods ready" if self.desired else "is scaled to 0"

    @property
    def evidence(self) -> Evidence:
        """What it says of its pods."""
        path = "status.numberReady" if self.ref.kind == "DaemonSet" else "status.readyReplicas"
        return Evidence(self.ref.kind.lower(), str(self), path, f"{self.ready} of {self.desired}")

    def __str__(self) -> str:
        """As evidence names it: `StatefulSet/db`."""
        return f"{self.ref.kind}/{self.ref.name}"


def backings(snapshot: Snapshot, namespace: str, service: Service) -> list[Backing]:
    """The workloads whose pods a Service selects, by kind and name."""
    return _chosen(snapshot, namespace, lambda workload: service.selects(workload.spec.template.metadata.labels))


def serves_dns(namespace: str, workload: Workload) -> bool:
    """Whether a workload is the cluster's DNS: by the label that CoreDNS and kube-dns have, and by that of OpenShift's."""
    label, value = _DNS.get(namespace, ("", ""))
    return bool(label) and workload.spec.template.metadata.labels.get(label) == value


def cluster_dns(snapshot: Snapshot) -> list[Backing]:
    """The workloads that are the cluster's DNS; none where they are not known."""
    return [found for of in _DNS for found in _chosen(snapshot, of, partial(serves_dns, of))]


def without_ready_pods(found: list[Backing]) -> bool:
    """Whether there are workloads, and none of them has a ready pod."""
    return bool(found) and not any(backing.ready for backing in found)


def said_of(found: list[Backing], after: str = "") -> str:
    """All of them in a sentence: "StatefulSet db behind Service db has 0 of 1 pods ready", with `after` each name."""
    return " and ".join(f"{one.ref.kind} {one.ref.name}{after} {one.state}" for one in found)


def _chosen(snapshot: Snapshot, namespace: str, chosen: Callable[[Workload], bool]) -> list[Backing]:
    found = (
        Backing(WorkloadRef(kind, name, of), workload)
        for kind, (of, name), workload in _workloads(snapshot)
        if of == namespace and chosen(workload)
    )
    return sorted(found, key=lambda backing: backing.ref)


def _workloads(snapshot: Snapshot) -> Iterator[tuple[str, Key, Workload]]:
    for kind, known in (
        ("Deployment", snapshot.deployments),
        ("StatefulSet", snapshot.statefulsets),
        ("DaemonSet", snapshot.daemonsets),
    ):
        yield from ((kind, key, workload) for key, workload in known.items())
