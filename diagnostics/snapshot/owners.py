"""From a pod to the workload that people know it by: the top of its chain of controllers.

A ReplicaSet is not read just to learn its Deployment: its name is the Deployment's plus the pod template's hash, and
the Deployments are always read. Where no such Deployment exists (a Rollout, a bare ReplicaSet), the ReplicaSet's own
owner decides. Sources: metadata.ownerReferences; k8s.io/kubernetes/pkg/controller/deployment (the name of a new
ReplicaSet).
"""

from __future__ import annotations

from collections.abc import Mapping

from diagnostics.snapshot.meta import LeanMetadata, Object, OwnerReference

# (namespace, name) of an object of a known kind.
Key = tuple[str, str]


class WorkloadRef(Object, frozen=True, order=True):
    """The workload that a diagnosis is about: the top owner, or the pod itself when nothing owns it."""

    kind: str
    name: str
    namespace: str = ""

    @property
    def slug(self) -> str:
        """As kubectl takes it: `deployment/cart`."""
        return f"{self.kind.lower()}/{self.name}"


class Owners:
    """Resolves owners with the workloads that were read; knows nothing of how they were."""

    def __init__(
        self,
        deployments: Mapping[Key, object] | None = None,
        replicasets: Mapping[Key, LeanMetadata] | None = None,
        jobs: Mapping[Key, LeanMetadata] | None = None,
    ) -> None:
        self._deployments = deployments or {}
        self._metadata: dict[str, Mapping[Key, LeanMetadata]] = {
            "ReplicaSet": replicasets or {},
            "Job": jobs or {},
        }

    def top(self, metadata: LeanMetadata, kind: str = "Pod") -> WorkloadRef:
        """The workload of an object: itself when it has no controller."""
        owner = metadata.controller
        if owner is None or owner.kind == "Node":  # A static pod's mirror: nothing but the node's manifest owns it.
            return WorkloadRef(kind=kind, name=metadata.name, namespace=metadata.namespace)
        return self.of_controller(owner, metadata.namespace)

    def of_controller(self, owner: OwnerReference, namespace: str) -> WorkloadRef:
        """The workload above (or at) a controller, in the namespace of what it controls."""
        passed: set[tuple[str, str]] = set()  # Objects that own each other in a ring would have no top.
        while (above := self._controller(owner, namespace)) is not None and (owner.kind, owner.name) not in passed:
            passed.add((owner.kind, owner.name))
            owner = above
        if owner.kind == "ReplicaSet":
            deployment = owner.name.rpartition("-")[0]
            if (namespace, deployment) in self._deployments:
                return WorkloadRef(kind="Deployment", name=deployment, namespace=namespace)
        return WorkloadRef(kind=owner.kind, name=owner.name, namespace=namespace)

    def _controller(self, owner: OwnerReference, namespace: str) -> OwnerReference | None:
        known = self._metadata.get(owner.kind, {}).get((namespace, owner.name))
        return known.controller if known is not None else None
