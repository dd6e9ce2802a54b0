"""Tries a pending pod on every node that was read: what keeps it off, and on which nodes it would fit if.

What nodes and bookings tell is computed: cordons, taints, selector and affinity, resources, the number of pods; and
what other pods close (see `occupancy`), if that comes to what the scheduler counts. What cannot be computed (volumes,
devices) is taken from the scheduler's reasons, for the nodes that nothing computed explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property

import msgspec

from diagnostics.rules.scheduling.message import ORDER, Kind, Refusal
from diagnostics.rules.scheduling.occupancy import Names, Occupancy
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Booking
from diagnostics.snapshot.objects import Node, Taint
from diagnostics.snapshot.quantities import InvalidQuantity, parse
from diagnostics.snapshot.requests import requests
from diagnostics.snapshot.selectors import node_requirements, selects, untolerated

CORDONED = Kind("sched-cordoned")
SELECTOR = Kind("sched-node-selector")
TOO_MANY_PODS = Kind("sched-too-many-pods")
TAINT = "sched-untolerated-taint"
EXTENDED = "sched-insufficient-extended"
NATIVE = {
    "cpu": Kind("sched-insufficient-cpu"),
    "memory": Kind("sched-insufficient-memory"),
    "ephemeral-storage": Kind("sched-insufficient-ephemeral"),
}
_RESOURCES = frozenset({TOO_MANY_PODS.code, EXTENDED, *(kind.code for kind in NATIVE.values())})
# Where nodes contradict the scheduler on these, they have changed since it spoke.
_TOLD_BY_NODES = frozenset({CORDONED.code, SELECTOR.code, TAINT})
_CORDON_TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_NO_BOOKING = Booking(requests={})
_NOTHING = Decimal(0)


def shortage(resource: str) -> Kind:
    """The kind of an `Insufficient <resource>`."""
    return NATIVE.get(resource) or Kind(EXTENDED, resource)


class Room(msgspec.Struct, frozen=True, eq=False):
    """What a node has for pods, and what is left of it: at most that, where not all pods could be counted."""

    node: Node
    booking: Booking
    exact: bool = True

    def offers(self, resource: str) -> Decimal:
        """`status.allocatable` in base units; nothing for what the node does not advertise."""
        try:
            return parse(self.node.status.allocatable.get(resource, 0))
        except InvalidQuantity:
            return _NOTHING

    def free(self, resource: str) -> Decimal:
        """What no pod has requested of it; nothing where more is booked than there is."""
        booked = self.booking.pods if resource == "pods" else self.booking.requests.get(resource, _NOTHING)
        return max(self.offers(resource) - booked, _NOTHING)


class NodeFit(msgspec.Struct, frozen=True, eq=False):
    """One node and everything that keeps the pod off it; `taints` are those that the pod does not tolerate."""

    room: Room
    taints: tuple[Taint, ...]
    blockers: frozenset[Kind]

    @property
    def node(self) -> Node:
        """The node."""
        return self.room.node

    @property
    def name(self) -> str:
        """The node's name."""
        return self.room.node.metadata.name

    @property
    def closed(self) -> bool:
        """Whether a cordon or a taint keeps the pod off, whatever it asks for."""
        return bool(self.taints) or CORDONED in self.blockers

    @property
    def counted(self) -> frozenset[Kind]:
        """What the scheduler counts this node for: the first filter that refuses it, but every short resource."""
        if not self.blockers:
            return frozenset()
        first = min(self.blockers, key=lambda kind: (ORDER.get(kind.code, len(ORDER)), kind))
        if first.code == TAINT:
            return frozenset((Kind(TAINT),))
        if first.code in _RESOURCES:
            return frozenset(kind for kind in self.blockers if kind.code in _RESOURCES)
        return frozenset((first,))


class Trial:
    """A pending pod tried on all nodes; `fits` is empty where no node could be read."""

    def __init__(self, suspect: Suspect, refusal: Refusal) -> None:
        self.suspect = suspect
        self.refusal = refusal
        self.occupancy = Occupancy(suspect)
        self.demands = {name: amount for name, amount in requests(suspect.pod).items() if amount > 0}
        self.alternatives = node_requirements(suspect.pod.spec)

    @cached_property
    def fits(self) -> tuple[NodeFit, ...]:
        """Every node, by name, with what keeps the pod off it: computed, else stated by the scheduler."""
        computed = self._with_others or self._alone
        stated = self._unexplained(computed)
        return tuple(fit if fit.blockers else NodeFit(fit.room, fit.taints, stated) for fit in computed)

    @property
    def others_known(self) -> bool:
        """Whether what other pods close comes to what the scheduler counts: then it can be said who they are."""
        return self._with_others is not None

    @cached_property
    def _alone(self) -> list[NodeFit]:
        """Every node with what keeps the pod off it whatever other pods run there."""
        snapshot = self.suspect.snapshot
        exact = snapshot.bookings_complete and not any(gap.resource == "pods" for gap in snapshot.unavailable)
        rooms = (Room(node, snapshot.bookings.get(name, _NO_BOOKING), exact) for name, node in snapshot.nodes.items())
        return [self._try(room) for room in sorted(rooms, key=lambda room: room.node.metadata.name)]

    @cached_property
    def _with_others(self) -> list[NodeFit] | None:
        """The same with what other pods close; None where it is not known, or known to have changed since."""
        closed = self.occupancy.closed
        fits = [_closed_too(fit, closed) for fit in self._alone]
        counts = Counter(kind for fit in fits for kind in fit.counted)
        stated: Counter[Kind] = Counter()
        for reason in self.refusal.reasons:
            stated[reason.kind] += reason.nodes or 0
        return fits if closed and all(counts[kind] == stated[kind] for kind in closed) else None

    @cached_property
    def selected(self) -> tuple[NodeFit, ...]:
        """The nodes that the pod's own selector and affinity allow."""
        return tuple(fit for fit in self.fits if SELECTOR not in fit.blockers)

    @cached_property
    def allowed(self) -> tuple[NodeFit, ...]:
        """Those of them that offer the extended resources that it needs: only these were ever meant for it."""
        extended = [name for name in self.demands if name not in NATIVE]
        return tuple(fit for fit in self.selected if all(fit.room.offers(r) >= self.demands[r] for r in extended))

    @cached_property
    def open(self) -> tuple[NodeFit, ...]:
        """Those of them that neither a cordon nor a taint closes to it."""
        return tuple(fit for fit in self.allowed if not fit.closed)

    def only(self, kind: Kind) -> tuple[NodeFit, ...]:
        """The nodes that the pod would fit on if this one thing were lifted."""
        return tuple(fit for fit in self.fits if fit.blockers == {kind})

    def largest(self, resource: str) -> Decimal:
        """The most of a resource that any node of the cluster has for pods."""
        return max((fit.room.offers(resource) for fit in self.fits), default=_NOTHING)

    def _try(self, room: Room) -> NodeFit:
        tolerations, node = self.suspect.pod.spec.tolerations, room.node
        cordoned = node.spec.unschedulable and bool(untolerated(tolerations, (_CORDON_TAINT,)))
        taints = tuple(taint for taint in untolerated(tolerations, node.spec.taints) if taint.key != _CORDON_TAINT.key)
        return NodeFit(room, taints, frozenset(self._blockers(room, taints, cordoned=cordoned)))

    def _blockers(self, room: Room, taints: tuple[Taint, ...], *, cordoned: bool) -> Iterator[Kind]:
        if cordoned:
            yield CORDONED
        for taint in taints:
            yield Kind(TAINT, taint.key)
        if not selects(self.alternatives, room.node):
            yield SELECTOR
        for resource, amount in self.demands.items():
            if room.free(resource) < amount:
                yield shortage(resource)
        if "pods" in room.node.status.allocatable and room.free("pods") < 1:
            yield TOO_MANY_PODS

    def _unexplained(self, computed: list[NodeFit]) -> frozenset[Kind]:
        """What the scheduler counted more often than the nodes account for, and that nodes alone cannot tell."""
        counts = Counter(kind for fit in computed for kind in fit.counted)
        stated = ((reason.kind, reason.nodes or 0) for reason in self.refusal.reasons)
        return frozenset(kind for kind, nodes in stated if nodes > counts[kind] and kind.code not in _TOLD_BY_NODES)


def _closed_too(fit: NodeFit, closed: Mapping[Kind, Names]) -> NodeFit:
    more = frozenset(kind for kind, names in closed.items() if fit.name in names)
    return NodeFit(fit.room, fit.taints, fit.blockers | more) if more else fit
