"""What a pod's spec says of where it may run, and what its running keeps others from.

Source: the Kubernetes API reference, "Pod v1 core", `Affinity`, `Toleration`, `TopologySpreadConstraint`.
"""

from __future__ import annotations

import msgspec

from diagnostics.snapshot.meta import Object


class Toleration(Object, frozen=True):
    """`spec.tolerations[]`; an empty key with operator Exists tolerates everything."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None


class SelectorRequirement(Object, frozen=True):
    """`matchExpressions[]` or `matchFields[]` of a node selector term or a label selector."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class NodeSelectorTerm(Object, frozen=True):
    """One term of a required node affinity; its requirements must all hold."""

    match_expressions: tuple[SelectorRequirement, ...] = ()
    match_fields: tuple[SelectorRequirement, ...] = ()


class NodeSelector(Object, frozen=True):
    """`requiredDuringSchedulingIgnoredDuringExecution` of a node affinity; one term must hold."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] = ()


class NodeAffinity(Object, frozen=True):
    """`spec.affinity.nodeAffinity`; preferences never keep a pod pending and are not read."""

    required: NodeSelector | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")


class LabelSelector(Object, frozen=True):
    """`labelSelector`, `spec.selector`."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[SelectorRequirement, ...] = ()


class PodAffinityTerm(Object, frozen=True):
    """One required term of a pod (anti-)affinity."""

    topology_key: str = ""
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None


class PodAffinity(Object, frozen=True):
    """`spec.affinity.podAffinity` and `.podAntiAffinity`."""

    required: tuple[PodAffinityTerm, ...] = msgspec.field(
        default=(), name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class LeanAffinity(Object, frozen=True):
    """The part of `spec.affinity` by which a pod that runs keeps others off."""

    pod_anti_affinity: PodAffinity = PodAffinity()


class Affinity(LeanAffinity, frozen=True):
    """`spec.affinity`."""

    node_affinity: NodeAffinity = NodeAffinity()
    pod_affinity: PodAffinity = PodAffinity()


class TopologySpreadConstraint(Object, frozen=True):
    """`spec.topologySpreadConstraints[]`."""

    max_skew: int = 1
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    min_domains: int | None = None
    node_affinity_policy: str = "Honor"
    node_taints_policy: str = "Ignore"


class HostPort(Object, frozen=True):
    """The part of `ports[]` by which a container keeps a port of its node to itself."""

    host_port: int = 0
    protocol: str = "TCP"
    host_ip: str = msgspec.field(default="", name="hostIP")


class ContainerPort(HostPort, frozen=True):
    """`ports[]` of a container."""

    container_port: int = 0
    name: str = ""
