"""Whether NetworkPolicies let one pod talk to another: which of them isolate either side, and what no rule allows.

Only what is known counts against a policy: a rule that may allow the traffic, for all that can be told, does. So
addresses (`ipBlock`) may always be the peer's, whose address is not known, and labels of a namespace that were not
read may be the ones that are asked for.
Source: the NetworkPolicy API reference; `kubernetes.io/metadata.name` is on every namespace since Kubernetes 1.22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.placement import LabelSelector
from diagnostics.snapshot.selectors import holds, matches, requirements
from diagnostics.snapshot.traffic import IpBlock, NetworkPolicy, Peer, PolicyPort

# Labels that controllers put on pods, and that no rule should name.
_OF_ONE_REVISION = frozenset(
    {
        "pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    }
)
_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a connection: pods by namespace and labels; or only an address, or a host outside with neither."""

    namespace: str = ""
    labels: Mapping[str, str] | None = None
    address: str = ""

    def __str__(self) -> str:
        """As a rule would name it: "pods with app=db in namespace shop"."""
        if self.labels is None:
            return self.address or "any address"
        telling = sorted(label for label in self.labels.items() if label[0] not in _OF_ONE_REVISION)
        return f"pods with {', '.join(f'{key}={value}' for key, value in telling)} in namespace {self.namespace}"


@dataclass(frozen=True, slots=True)
class Port:
    """The port of the pods that is asked: its number, unless it is only known by name, and its name if it has one."""

    number: int | None
    name: str = ""
    protocol: str = "TCP"

    def __str__(self) -> str:
        """The number, else the name."""
        return str(self.number or self.name or "any")


@dataclass(frozen=True, slots=True)
class Blocked:
    """The policies that isolate one side, of which none allows the traffic; `direction` is Egress or Ingress."""

    direction: str
    policies: tuple[NetworkPolicy, ...]


def blocked(snapshot: Snapshot, source: Side, target: Side, port: Port) -> Blocked | None:
    """What keeps the source from the target; None where nothing does, or may not."""
    leaving = isolating(snapshot, source, "Egress")
    out = ((policy, rule.to, rule.ports) for policy in leaving for rule in policy.spec.egress)
    if leaving and not any(_covered(ports, port) and _among(snapshot, of, peers, target) for of, peers, ports in out):
        return Blocked("Egress", leaving)
    entering = isolating(snapshot, target, "Ingress")
    in_ = ((policy, rule.from_, rule.ports) for policy in entering for rule in policy.spec.ingress)
    if entering and not any(_covered(ports, port) and _among(snapshot, of, peers, source) for of, peers, ports in in_):
        return Blocked("Ingress", entering)
    return None


def isolating(snapshot: Snapshot, side: Side, direction: str) -> tuple[NetworkPolicy, ...]:
    """The policies that let the side's pods have only the Egress or Ingress that a rule allows, by name."""
    if side.labels is None:
        return ()
    found = (policy for (of, _), policy in snapshot.network_policies.items() if of == side.namespace)
    selecting = (one for one in found if one.spec.isolates(direction) and matches(one.spec.pod_selector, side.labels))
    return tuple(sorted(selecting, key=lambda policy: policy.metadata.name))


def _covered(ports: tuple[PolicyPort, ...], port: Port) -> bool:
    return not ports or any(_covers(allowed, port) for allowed in ports)


def _covers(allowed: PolicyPort, port: Port) -> bool:
    if allowed.protocol != port.protocol:
        return False
    if allowed.port is None or isinstance(allowed.port, str) or port.number is None:
        return isinstance(allowed.port, int | None) or allowed.port == port.name or not port.name
    return allowed.port <= port.number <= (allowed.end_port or allowed.port)


def _among(snapshot: Snapshot, policy: NetworkPolicy, peers: tuple[Peer, ...], side: Side) -> bool:
    return not peers or any(_may_be(snapshot, policy, peer, side) for peer in peers)


def _may_be(snapshot: Snapshot, policy: NetworkPolicy, peer: Peer, side: Side) -> bool:
    """Whether a peer of a policy may be that side; without a namespace selector it is of the policy's namespace."""
    if peer.ip_block is not None:
        return not side.address or _within(peer.ip_block, side.address)
    if side.labels is None:
        return bool(side.address)  # It may be some pod's; a host outside is no pod.
    if peer.pod_selector is not None and not matches(peer.pod_selector, side.labels):
        return False
    if peer.namespace_selector is None:
        return side.namespace == policy.metadata.namespace
    return _may_select(snapshot, peer.namespace_selector, side.namespace)


def _may_select(snapshot: Snapshot, selector: LabelSelector, namespace: str) -> bool:
    known = snapshot.namespaces.get(namespace)
    if known is not None:
        return matches(selector, {_NAME: namespace, **known.metadata.labels})
    asked = [requirement for requirement in requirements(selector) if requirement.key == _NAME]
    return all(holds(requirement, {_NAME: namespace}) for requirement in asked)


def _within(block: IpBlock, address: str) -> bool:
    try:
        asked = ip_address(address)
        inside = asked in ip_network(block.cidr, strict=False)
        return inside and not any(asked in ip_network(other, strict=False) for other in block.except_)
    except ValueError:  # An address that is none, as a log may have it.
        return True
