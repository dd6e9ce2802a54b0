"""What is known of the Service that a program calls in vain: missing, without such a port, without ready pods, or well."""

from __future__ import annotations

from dataclasses import dataclass, replace

from diagnostics.rules.dependencies import DNS_FAILING, UNANSWERED, UNRESOLVED
from diagnostics.rules.dependencies.backing import Backing, backings, cluster_dns, said_of, without_ready_pods
from diagnostics.rules.dependencies.names import service_of
from diagnostics.rules.lookalikes import alike, listed
from diagnostics.rules.model import Evidence, Finding, Offender
from diagnostics.rules.signatures import Match
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import Key, WorkloadRef
from diagnostics.snapshot.traffic import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What the cluster knows of a peer.

    `said` goes on a sentence ("StatefulSet db behind Service db has 0 of 1 pods ready"), `why` and `advice` are
    sentences. `proves` is whether that alone makes the call fail.
    """

    said: str = ""
    why: str
    advice: str
    proves: bool
    offender: Offender
    evidence: tuple[Evidence, ...] = ()
    waits_for: tuple[WorkloadRef, ...] = ()

    @property
    def aside(self) -> str:
        """`said`, to follow on the words of a log."""
        return f", and {self.said}" if self.said else ""


@dataclass(frozen=True, slots=True)
class _Call:
    """Who calls whom: a pod, the Service that it means, the port; and whether it is the name that fails."""

    suspect: Suspect
    key: Key
    port: str
    unresolved: bool

    @property
    def snapshot(self) -> Snapshot:
        return self.suspect.snapshot

    @property
    def name(self) -> str:
        """The Service, with its namespace where that is another: `Service data/db`."""
        namespace, name = self.key
        return f"Service {name}" if namespace == self.suspect.namespace else f"Service {namespace}/{name}"

    @property
    def offender(self) -> Offender:
        return Offender("Service", self.key[1], self.key[0])

    @property
    def service(self) -> WorkloadRef:
        """The Service as what is waited for: what is wrong with it itself is why."""
        return WorkloadRef(kind="Service", name=self.key[1], namespace=self.key[0])


def with_fact(finding: Finding, fact: Fact | None) -> Finding:
    """The finding, waiting for the workloads that the fact is about."""
    return replace(finding, waits_for=fact.waits_for) if fact else finding


def told_by(suspect: Suspect, match: Match) -> Fact | None:
    """What is known of the peer that a line of a log complains of; None where that is nothing."""
    kind, names = match.signature.id, match.names
    if kind in DNS_FAILING | UNRESOLVED and (down := dns_down(suspect)):
        return down
    if kind in UNANSWERED | UNRESOLVED and "host" in names:
        return known_of(suspect, names["host"], names.get("port", ""), unresolved=kind in UNRESOLVED)
    return None


def known_of(suspect: Suspect, host: str, port: str = "", *, unresolved: bool) -> Fact | None:
    """What is known of the Service that a host stands for in the suspect; None for a host outside, or an unread list."""
    snapshot = suspect.snapshot
    key = service_of(host, suspect.namespace, snapshot.services) or _governing(suspect, host)
    if key is None:
        return None
    call, service = _Call(suspect, key, port, unresolved), snapshot.services.get(key)
    if service is None:
        return _missing(call) if unresolved and services_read(snapshot, key[0]) else None
    if not service.spec.selector:
        return None  # An external name, or addresses that somebody else keeps.
    return _wrong_port(call, service) or _by_backings(call, service)


def _governing(suspect: Suspect, host: str) -> Key | None:
    """The Service that a StatefulSet beside the suspect names, if the host is one of its pods': `kafka-1.kafka-hs`."""
    name = host.lower().partition(".")[2].partition(".")[0]
    beside = (
        found for (namespace, _), found in suspect.snapshot.statefulsets.items() if namespace == suspect.namespace
    )
    return (suspect.namespace, name) if name and any(one.spec.service_name == name for one in beside) else None


def dns_down(suspect: Suspect) -> Fact | None:
    """What is known of the cluster's DNS, where that is why a name cannot be looked up."""
    servers = cluster_dns(suspect.snapshot)
    if not without_ready_pods(servers):
        return None
    first = servers[0].ref
    return Fact(
        said=said_of(servers, ", the cluster's DNS,"),
        why="No name can be looked up while the cluster's DNS has no ready pod. The names themselves may be right.",
        advice=f"Repair {first.kind} {first.name} in {first.namespace} first; this pod then recovers by itself.",
        proves=True,
        offender=Offender(first.kind, first.name, first.namespace),
        evidence=tuple(server.evidence for server in servers),
        waits_for=tuple(server.ref for server in servers),
    )


def services_read(snapshot: Snapshot, namespace: str) -> bool:
    """Whether the Services of a namespace are known."""
    gaps = {gap.namespace for gap in snapshot.unavailable if gap.resource == "services"}
    return "services" in snapshot.read and not gaps & {None, namespace}


def _missing(call: _Call) -> Fact:
    (namespace, name), services = call.key, call.snapshot.services
    here = {other for of, other in services if of == namespace}
    near, elsewhere = alike(name, here), [of for of, other in services if other == name]
    hint = f" (did you mean {near}?)" if near else f" (namespace {listed(elsewhere)} has one)" if elsewhere else ""
    existing = f"Its Services are {listed(here)}." if here else "It has no Service at all."
    named = "" if namespace == call.suspect.namespace else f"{namespace}/"
    return Fact(
        said=f"namespace {namespace} has no Service {name}{hint}",
        why=f"Namespace {namespace} has no Service {name}, so the name stands for nothing. {existing}",
        advice=f"Write {named}{near} if that is the one that is meant; else create the Service, or correct the name."
        if near
        else f"Write {name}.{elsewhere[0]} if that is the one that is meant; else create the Service, or correct the name."
        if elsewhere
        else "Create the Service, or correct the name in the configuration.",
        proves=True,
        offender=call.offender,
        evidence=(Evidence("service", f"Namespace/{namespace}", "services[*].metadata.name", listed(here) or "none"),),
    )


def _wrong_port(call: _Call, service: Service) -> Fact | None:
    """A port that the Service does not have; a headless one leads to every port of its pods."""
    has = [str(one.port) for one in service.spec.ports]
    if service.headless or not has or call.port in ("", *has):
        return None
    return Fact(
        said=f"{call.name} has no port {call.port} (it has {listed(has)})",
        why=f"{call.name} exists, but nothing is served on its port {call.port}: it has {listed(has)}.",
        advice=f"Call port {has[0]}, or add port {call.port} to the Service.",
        proves=True,
        offender=replace(call.offender, path="spec.ports"),
        evidence=(Evidence("service", f"Service/{call.key[1]}", "spec.ports[*].port", listed(has)),),
    )


def _by_backings(call: _Call, service: Service) -> Fact | None:
    found = backings(call.snapshot, call.key[0], service)
    if not found:
        return _without_workload(call, service)
    return _not_ready(call, found) if without_ready_pods(found) else _ready(call, found)


def _not_ready(call: _Call, found: list[Backing]) -> Fact:
    first = found[0]
    mend = "Repair" if first.desired else "Scale up"
    return Fact(
        said=said_of(found, f" behind {call.name}"),
        why=f"{call.name} has no ready pod: {said_of(found)}.",
        advice=f"{mend} {first.ref.kind} {first.ref.name}; this pod then recovers by itself.",
        proves=True,
        offender=Offender(first.ref.kind, first.ref.name, first.ref.namespace),
        evidence=tuple(backing.evidence for backing in found),
        waits_for=tuple(backing.ref for backing in found),
    )


def _ready(call: _Call, found: list[Backing]) -> Fact:
    ready = sum(backing.ready for backing in found)
    pods = f"{ready} ready pod{'s' * (ready > 1)}"
    if call.unresolved:
        return Fact(
            why=f"{call.name} exists and has {pods} by now: it came up later than the failed lookup, or the pod does "
            "not ask the cluster's DNS (dnsPolicy, dnsConfig).",
            advice="Wait for the next attempt; if that fails as well, look at the pod's dnsPolicy and /etc/resolv.conf.",
            proves=False,
            offender=call.offender,
            evidence=tuple(backing.evidence for backing in found),
        )
    return Fact(
        why=f"{call.name} has {pods} by now ({said_of(found)}): they came up later than the failed call, do not listen "
        "on that port, or a NetworkPolicy stands between.",
        advice=f"Wait for the next attempt; if that fails as well, see whether the pods behind {call.name} listen on "
        "its targetPort, and which NetworkPolicies select either side.",
        proves=False,
        offender=call.offender,
        evidence=tuple(backing.evidence for backing in found),
        waits_for=(call.service,),
    )


def _without_workload(call: _Call, service: Service) -> Fact | None:
    """A Service whose pods belong to no workload that we read: its EndpointSlices tell, though they may be older."""
    slices = [one for (of, _), one in call.snapshot.endpoint_slices.items() if (of, one.service) == call.key]
    if not slices or any(endpoint.ready for one in slices for endpoint in one.endpoints):
        return None
    selector = ",".join(f"{label}={value}" for label, value in sorted(service.spec.selector.items()))
    return Fact(
        said=f"{call.name} has no ready endpoint",
        why=f"{call.name} has no ready endpoint, and no workload has pods with the labels that it selects ({selector}).",
        advice="Compare the Service's selector with the labels of the pods that it is meant for.",
        proves=False,
        waits_for=(call.service,),
        offender=replace(call.offender, path="spec.selector"),
        evidence=(Evidence("service", f"Service/{call.key[1]}", "spec.selector", selector),),
    )
