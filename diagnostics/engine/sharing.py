"""What several workloads suffer at the same time from one thing is one diagnosis, the thing's (catalogue B0, 4).

A registry that does not answer, a node's network, a CSI driver, an admission webhook: rules name it in
`Finding.shared`. Where enough pods of more than one workload were struck alike within ten minutes, it is at fault, and
what they suffer are its symptoms; so is whatever is struck later. What fewer suffer, or one workload alone, has a cause
of its own, and so has what failed long before the others.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from diagnostics.engine.folding import Cause, Standing
from diagnostics.engine.precedence import Root
from diagnostics.rules.model import Shared
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef

WITHIN = timedelta(minutes=10)
PODS, WORKLOADS = 3, 2  # So many have to be struck within that time.
ZONE_LABEL = "topology.kubernetes.io/zone"

Key = TypeVar("Key")
# A root, and the fingerprint of what it is by itself.
Member = tuple[str, Root]
# A code, and what is shared by those that have it.
Place = tuple[str, Shared]


@dataclass(frozen=True, slots=True)
class SharedCause:
    """What several workloads share: what they suffer by the fingerprint of what it would be by itself."""

    code: str
    thing: Shared
    members: Standing = field(default_factory=dict)

    @property
    def roots(self) -> Iterator[Root]:
        """Everything that is put down to it."""
        return (root for roots in self.members.values() for root in roots)


def share(causes: Iterable[Cause]) -> tuple[list[SharedCause], list[Cause]]:
    """The causes that workloads share, and those that are each workload's own."""
    standing = dict(causes)
    shared = [_shared(place, struck) for place, members in _alike(standing).items() if (struck := _outbreak(members))]
    taken = {id(root) for cause in shared for root in cause.roots}
    own = ((key, [root for root in members if id(root) not in taken]) for key, members in standing.items())
    return shared, [(key, members) for key, members in own if members]


def reach(thing: Shared) -> str:
    """What else has to be looked at, to tell whether it is shared: all that names the same; for nodes all nodes."""
    return thing.kind if thing.kind == "Node" else f"{thing.kind}/{thing.name}"


def _shared(place: Place, struck: Iterable[Member]) -> SharedCause:
    cause = SharedCause(*place)
    for key, root in struck:
        cause.members.setdefault(key, []).append(root)
    return cause


def _alike(standing: Standing) -> dict[Place, list[Member]]:
    """What may be shared, by code and thing; of several nodes of one zone, if it tells, by the zone."""
    alike: dict[Place, list[Member]] = {}
    for key, members in standing.items():
        for root in members:
            if root.finding.shared:
                alike.setdefault((root.finding.rule.code, root.finding.shared), []).append((key, root))
    for code in {code for code, thing in alike if thing.kind == "Node"}:
        nodes = [place for place in alike if place[0] == code and place[1].kind == "Node"]
        everywhere = [member for place in nodes for member in alike[place]]
        zone = _zone(everywhere[0][1].subject.snapshot, {thing.name for _, thing in nodes})
        if zone and _outbreak(everywhere):
            alike[code, Shared("Zone", zone)] = everywhere
            for place in nodes:
                del alike[place]
    return alike


def _zone(snapshot: Snapshot, nodes: set[str]) -> str:
    """The zone that these nodes are in, if they are several and nodes of other zones are spared; else nothing."""
    zones = {name: node.metadata.labels.get(ZONE_LABEL, "") for name, node in snapshot.nodes.items()}
    struck = {zones.get(name, "") for name in nodes}
    return struck.pop() if len(nodes) > 1 and len(struck) == 1 and set(zones.values()) > struck else ""


def _outbreak(members: Iterable[Member]) -> list[Member]:
    """Those that were struck since enough of them were within ten minutes; none where that never happened."""
    ordered = sorted(members, key=lambda member: member[1].since)
    window = _Window()
    for _, root in ordered:
        window.take(root)
        if window.enough:
            return [member for member in ordered if member[1].since >= window.begin]
    return []


class _Window:
    """The pods that were struck within ten minutes up to the latest, and their workloads."""

    def __init__(self) -> None:
        self._struck: deque[tuple[datetime, tuple[str, str, int], WorkloadRef]] = deque()
        self._pods: Counter[tuple[str, str, int]] = Counter()
        self._workloads: Counter[WorkloadRef] = Counter()

    @property
    def begin(self) -> datetime:
        """When the first of them was struck."""
        return self._struck[0][0]

    @property
    def enough(self) -> bool:
        """Whether it takes something shared to explain them."""
        return len(self._pods) >= PODS and len(self._workloads) >= WORKLOADS

    def take(self, root: Root) -> None:
        """Adds the latest, and lets go of what was struck too long before it."""
        for pod in _pods(root):
            self._struck.append((root.since, pod, root.subject.workload))
            self._pods[pod] += 1
            self._workloads[root.subject.workload] += 1
        while root.since - self.begin > WITHIN:
            _, pod, workload = self._struck.popleft()
            _take_away(self._pods, pod)
            _take_away(self._workloads, workload)


def _take_away(counts: Counter[Key], key: Key) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _pods(root: Root) -> Iterator[tuple[str, str, int]]:
    """The pod that is struck; of a workload whose pods are not made as many as are missing, but no more than matter."""
    missing = root.finding.shortfall[0] if root.finding.shortfall else 1
    metadata = root.subject.metadata
    return ((metadata.namespace, metadata.name, number) for number in range(min(missing, PODS)))
