"""Calls that got no answer: who made them, and whom they were for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from diagnostics.rules.dependencies import DNS_FAILING
from diagnostics.rules.dependencies.backing import Backing, backings, cluster_dns, said_of, without_ready_pods
from diagnostics.rules.dependencies.facts import services_read
from diagnostics.rules.dependencies.names import is_address, is_loopback, service_of
from diagnostics.rules.exits import failing_since, recent
from diagnostics.rules.model import Evidence
from diagnostics.rules.policies.flow import Port, Side
from diagnostics.rules.probes import unready_since
from diagnostics.rules.signatures import LastWords, Match, search
from diagnostics.rules.signatures.last_words import cut
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.owners import Key
from diagnostics.snapshot.traffic import Service, ServicePort

_SILENT = frozenset({"conn-timeout", "no-route"}) | DNS_FAILING
_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Call:
    """A call that got no answer: by which container, by what line of its log, since when."""

    container: ContainerView
    match: Match
    evidence: Evidence
    since: datetime | None

    @property
    def source(self) -> Side:
        """The pod that calls."""
        suspect = self.container.suspect
        return Side(suspect.namespace, suspect.metadata.labels)


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom it called: in words, as a side of the traffic, at which port; with what is known of its health."""

    words: str
    side: Side
    port: Port
    evidence: tuple[Evidence, ...] = ()
    ruled_out: tuple[str, ...] = ()


def calls(suspect: Suspect) -> Iterator[Call]:
    """By each container that failed, or that runs and is not ready, the call that its log complains of most."""
    for container in suspect.containers:
        call = _failed(container) or _running(container)
        if call is not None and call.match.signature.id in _SILENT:
            yield call


def peers(suspect: Suspect, match: Match) -> list[Peer]:
    """Whom the line may be about, each a workload of its own; none where that one is known to be down, or not known."""
    if match.signature.id in DNS_FAILING:
        return _dns(suspect)
    host, port = match.names.get("host", ""), match.names.get("port", "")
    if not host or is_loopback(host):
        return []
    key = service_of(host, suspect.namespace, suspect.snapshot.services)
    if key is not None:
        service = suspect.snapshot.services.get(key)
        return _behind(suspect, key, service, port) if service else []
    return _outside(suspect, host, port)


def _failed(container: ContainerView) -> Call | None:
    if container.last_end is None or container.last_end.exit_code == 0 or not recent(container):
        return None
    said = LastWords(container)
    return Call(container, said.best, said.evidence[0], failing_since(container)) if said.best else None


def _running(container: ContainerView) -> Call | None:
    since, running = unready_since(container), container.status.state.running
    if since is None and container.blocks_main and running is not None:
        since = running.started_at
    found = search(container.log.lines) if since is not None and since <= container.suspect.now else ()
    if not found:
        return None
    place = f"log, line {found[0].line} of {len(container.log.lines)}"
    return Call(container, found[0], Evidence("log", container.suspect.object, place, cut(found[0].text)), since)


def _dns(suspect: Suspect) -> list[Peer]:
    servers = cluster_dns(suspect.snapshot)
    if without_ready_pods(servers):
        return []
    port = Port(_DNS_PORT, "dns", "UDP")
    if not servers:  # They are not readable: only whether any rule lets the port through can be told.
        return [Peer("the cluster's DNS", Side(address="the cluster's DNS"), port)]
    return [_of("the cluster's DNS", server, port) for server in servers if server.ref.namespace == "kube-system"]


def _behind(suspect: Suspect, key: Key, service: Service, port: str) -> list[Peer]:
    found = backings(suspect.snapshot, key[0], service)
    asked = [one for one in service.spec.ports if port in ("", str(one.port))]
    if without_ready_pods(found) or (port and not asked and not service.headless):
        return []
    words = f"Service {key[1]}" if key[0] == suspect.namespace else f"Service {key[0]}/{key[1]}"
    words += f" on port {port}" if port else ""
    only = asked[0] if len(asked) == 1 else None
    return [_of(words, backing, _target(backing, only) if only else _plain(port)) for backing in found]


def _of(words: str, backing: Backing, port: Port) -> Peer:
    side = Side(backing.ref.namespace, backing.workload.spec.template.metadata.labels)
    return Peer(words, side, port, (backing.evidence,), (f"its pods are down: {said_of([backing])}",))


def _target(backing: Backing, port: ServicePort) -> Port:
    """The port of the pods that a Service's port leads to: both by number and by name, where they are declared."""
    declared = [one for container in backing.workload.spec.template.spec.containers for one in container.ports]
    for one in declared:
        if port.target in (one.name, one.container_port):
            return Port(one.container_port, one.name, port.protocol)
    number = port.target if isinstance(port.target, int) else None
    return Port(number, "" if number else str(port.target), port.protocol)


def _plain(port: str) -> Port:
    return Port(int(port) if port else None)


def _outside(suspect: Suspect, host: str, port: str) -> list[Peer]:
    """A host outside the cluster; an address only where it is known to be no Service's."""
    snapshot = suspect.snapshot
    if not is_address(host):
        return [Peer(f"{host}:{port}" if port else host, Side(), _plain(port))]
    if not snapshot.bookings_complete or not services_read(snapshot, suspect.namespace):
        return []
    return [Peer(f"{host}:{port}" if port else host, Side(address=host), _plain(port))]
