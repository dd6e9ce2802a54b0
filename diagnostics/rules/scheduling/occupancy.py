"""Which nodes other pods close to a pod that waits, and who those pods are.

Everything is computed as the scheduler's plugins do (NodePorts, PodTopologySpread, InterPodAffinity), from pods that
were counted, not kept; where not all were counted that could matter, there is no answer rather than a wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import NamedTuple

from diagnostics.rules.scheduling.message import Kind
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Node
from diagnostics.snapshot.owners import Owners, WorkloadRef
from diagnostics.snapshot.placed import OF_ONE_POD, Cohort, Holder
from diagnostics.snapshot.placement import HostPort, LabelSelector, PodAffinityTerm, TopologySpreadConstraint
from diagnostics.snapshot.selectors import holds, matches, node_requirements, requirements, selects, untolerated

HOST_PORT = Kind("sched-host-port")
SPREAD = Kind("sched-topology-spread")
AFFINITY = Kind("sched-pod-affinity")
ANTI_AFFINITY = Kind("sched-pod-anti-affinity")
EXISTING_ANTI_AFFINITY = Kind("sched-existing-anti-affinity")
_NAMESPACE_NAME = "kubernetes.io/metadata.name"

Names = frozenset[str]


class Skew(NamedTuple):
    """How pods are spread over the domains of a constraint, and the nodes where one more would be too many."""

    constraint: TopologySpreadConstraint
    counts: dict[str, int]
    closed: Names


class Occupancy:
    """The other pods as one pod that waits finds them; None stands for what could not be counted."""

    def __init__(self, suspect: Suspect) -> None:
        self._suspect = suspect
        self._pod = suspect.pod
        self._labels = suspect.pod.metadata.labels
        self._snapshot = suspect.snapshot
        self._placed = suspect.snapshot.placed

    @cached_property
    def closed(self) -> dict[Kind, Names]:
        """The nodes that other pods close to this one, by what closes them; without what could not be counted."""
        if not self._placed.cohorts:
            return {}
        found = {
            HOST_PORT: self._closed_by_ports(),
            SPREAD: self._closed_by_spread(),
            AFFINITY: self._closed_by_affinity(),
            ANTI_AFFINITY: self._closed_by_anti_affinity(),
            EXISTING_ANTI_AFFINITY: self._closed_by_others(),
        }
        return {kind: nodes for kind, nodes in found.items() if nodes is not None}

    def counted(self, namespace: str | None = None) -> bool:
        """Whether every pod of a namespace, or (None) of all, was counted and told from others."""
        snapshot = self._snapshot
        lost = {gap.namespace for gap in snapshot.unavailable if gap.resource == "pods"}
        lost |= {bad.namespace for bad in snapshot.malformed_objects if bad.resource == "pods"}
        lost |= self._placed.blurred
        if namespace is None or None in lost:
            return snapshot.bookings_complete and not lost
        return (snapshot.bookings_complete or namespace in snapshot.counted_namespaces) and namespace not in lost

    # ---- Host ports.

    @cached_property
    def wanted_ports(self) -> tuple[HostPort, ...]:
        """The host ports that the pod wants."""
        sidecars = (container for container in self._pod.spec.init_containers if container.restartable)
        containers = (*self._pod.spec.containers, *sidecars)
        return tuple(port for container in containers for port in container.ports if port.host_port)

    def port_holders(self, node: str) -> list[Holder]:
        """The pods that hold a host port of a node that this one wants."""
        ports = self.wanted_ports
        return [
            holder
            for port in ports
            for holder in self._placed.holders_of_port(node, port.host_port, port.protocol, port.host_ip)
        ]

    def _closed_by_ports(self) -> Names | None:
        if self.wanted_ports and not self.counted():
            return None
        return frozenset(node for node in self._snapshot.nodes if self.port_holders(node))

    # ---- Spreading.

    @cached_property
    def skews(self) -> tuple[Skew | None, ...]:
        """How the pods of each binding constraint are spread."""
        constraints = self._pod.spec.topology_spread_constraints
        binding = [one for one in constraints if one.when_unsatisfiable != "ScheduleAnyway"]
        return tuple(self._skew(constraint, {one.topology_key for one in binding}) for constraint in binding)

    def _closed_by_spread(self) -> Names | None:
        return _union(skew and skew.closed for skew in self.skews)

    def _skew(self, constraint: TopologySpreadConstraint, keys: Collection[str]) -> Skew | None:
        """Source: pkg/scheduler/framework/plugins/podtopologyspread, `calPreFilterState` and `Filter`."""
        key, selector = constraint.topology_key, _with_own_labels(constraint, self._labels)
        peers = self.matching(PodAffinityTerm(label_selector=selector), self._suspect.namespace)
        if peers is None:
            return None
        nodes = self._snapshot.nodes
        eligible = {name for name, node in nodes.items() if self._is_eligible(node, constraint, keys)}
        counts = Counter(dict.fromkeys((nodes[name].metadata.labels[key] for name in eligible), 0))
        for peer in peers:
            for name in eligible & peer.nodes.keys() if not peer.leaving else ():
                counts[nodes[name].metadata.labels[key]] += peer.nodes[name]
        least = 0 if len(counts) < (constraint.min_domains or 1) else min(counts.values())
        most = constraint.max_skew + least - matches(selector, self._labels)
        labels = {name: node.metadata.labels for name, node in nodes.items()}
        return Skew(
            constraint, counts, frozenset(n for n in nodes if key not in labels[n] or counts[labels[n][key]] > most)
        )

    def _is_eligible(self, node: Node, constraint: TopologySpreadConstraint, keys: Collection[str]) -> bool:
        spec = self._pod.spec
        if constraint.node_affinity_policy == "Honor" and not selects(node_requirements(spec), node):
            return False
        if constraint.node_taints_policy == "Honor" and untolerated(spec.tolerations, node.spec.taints):
            return False
        return node.metadata.labels.keys() >= set(keys)

    # ---- Affinity, its own and that of others.

    def matching(self, term: PodAffinityTerm, home: str) -> list[Cohort] | None:
        """The pods that a term of a pod in namespace `home` selects."""
        namespaces = self._namespaces(term, home)
        demands = requirements(term.label_selector) if term.label_selector else ()
        if namespaces is None or any(demand.key in OF_ONE_POD for demand in demands):
            return None
        if term.label_selector is None:
            return []
        cohorts = (cohort for namespace in sorted(namespaces) for cohort in self._placed.of_namespace(namespace))
        return [cohort for cohort in cohorts if all(holds(demand, cohort.labels) for demand in demands)]

    def _namespaces(self, term: PodAffinityTerm, home: str) -> Names | None:
        """The namespaces that a term looks into, if their pods were counted."""
        if term.namespace_selector is None:
            chosen = frozenset(term.namespaces or (home,))
            return chosen if all(map(self.counted, chosen)) else None
        if not self.counted():
            return None
        found = {name: self._selects_namespace(term.namespace_selector, name) for name in self._placed.cohorts}
        if None in found.values():
            return None
        return frozenset(term.namespaces) | {name for name, selected in found.items() if selected}

    def _selects_namespace(self, selector: LabelSelector, name: str) -> bool | None:
        """Whether a namespace is selected; None where its labels would tell and were not read."""
        known = self._snapshot.namespaces.get(name)
        if known is None and any(demand.key != _NAMESPACE_NAME for demand in requirements(selector)):
            return None
        return matches(selector, {**(known.metadata.labels if known else {}), _NAMESPACE_NAME: name})

    def in_domains(self, cohorts: Iterable[Cohort], key: str) -> dict[str, list[Cohort]]:
        """Pods by the domain of a topology key that they run in."""
        found: dict[str, list[Cohort]] = {}
        for cohort in cohorts:
            for value in sorted({value for node in cohort.nodes if (value := self._domain(node, key))}):
                found.setdefault(value, []).append(cohort)
        return found

    def _domain(self, node: str, key: str) -> str:
        known = self._snapshot.nodes.get(node)
        return known.metadata.labels.get(key, "") if known else ""

    def _nodes_in(self, domains: Collection[str], key: str) -> Names:
        return frozenset(name for name in self._snapshot.nodes if self._domain(name, key) in domains)

    def sought(self) -> list[Cohort] | None:
        """The pods that every term of the pod's affinity selects."""
        terms = self._pod.spec.affinity.pod_affinity.required
        found = [peers for term in terms if (peers := self.matching(term, self._suspect.namespace)) is not None]
        if len(found) < len(terms):
            return None
        return [peer for peer in found[0] if all(peer in peers for peers in found)] if found else []

    def _closed_by_affinity(self) -> Names | None:
        terms, sought = self._pod.spec.affinity.pod_affinity.required, self.sought()
        if sought is None:
            return None
        alone = not sought and all(self._names_it(term, self._suspect.namespace) for term in terms)
        return _union(self._too_far(sought, term.topology_key, alone=alone) for term in terms)

    def _too_far(self, sought: list[Cohort], key: str, *, alone: bool) -> Names:
        """The nodes with none of those pods in their domain; the first of a group has none to join."""
        near = {value for node in self._snapshot.nodes if (value := self._domain(node, key))}
        return frozenset(self._snapshot.nodes) - self._nodes_in(near if alone else self.in_domains(sought, key), key)

    def _closed_by_anti_affinity(self) -> Names | None:
        terms = self._pod.spec.affinity.pod_anti_affinity.required
        return _union(self._taken(term) for term in terms)

    def _taken(self, term: PodAffinityTerm) -> Names | None:
        peers = self.matching(term, self._suspect.namespace)
        if peers is None:
            return None
        return self._nodes_in(self.in_domains(peers, term.topology_key), term.topology_key)

    @cached_property
    def repelling(self) -> list[tuple[Cohort, PodAffinityTerm]] | None:
        """The pods whose anti-affinity names this one, with the term that does."""
        if not self.counted():
            return None
        pairs = [(cohort, term) for cohort in self._placed.repelling for term in cohort.repels]
        answers = [self._names_it(term, cohort.namespace) for cohort, term in pairs]
        return None if None in answers else [pair for pair, named in zip(pairs, answers, strict=True) if named]

    def _names_it(self, term: PodAffinityTerm, home: str) -> bool | None:
        own = self._suspect.namespace
        if not matches(term.label_selector, self._labels):
            return False
        if own in term.namespaces or (term.namespace_selector is None and not term.namespaces and own == home):
            return True
        return term.namespace_selector is not None and self._selects_namespace(term.namespace_selector, own)

    def _closed_by_others(self) -> Names | None:
        if self.repelling is None:
            return None
        return _union(
            self._nodes_in(self.in_domains([cohort], term.topology_key), term.topology_key)
            for cohort, term in self.repelling
        )

    # ---- Who they are.

    def workload(self, one: Cohort | Holder) -> WorkloadRef:
        """The workload of a pod; a pod that has none stands for itself."""
        if one.controller is None or one.controller.kind == "Node":
            return WorkloadRef(kind="Pod", name=one.pod, namespace=one.namespace)
        return self._owners.of_controller(one.controller, one.namespace)

    @cached_property
    def _owners(self) -> Owners:
        return self._snapshot.owners


def _with_own_labels(constraint: TopologySpreadConstraint, labels: dict[str, str]) -> LabelSelector | None:
    """A constraint's selector, with what `matchLabelKeys` adds: newer API servers have merged it in already."""
    selector, keys = constraint.label_selector, [key for key in constraint.match_label_keys if key in labels]
    if selector is None or not keys:
        return selector
    own = {key: labels[key] for key in keys}
    return LabelSelector(match_labels={**selector.match_labels, **own}, match_expressions=selector.match_expressions)


def _union(parts: Iterable[Names | None]) -> Names | None:
    """All of them; None where one could not be counted."""
    every = list(parts)
    return None if None in every else frozenset().union(*(part for part in every if part))
