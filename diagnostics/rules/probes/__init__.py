"""Why a running pod is not ready: its probes, its mesh sidecar, its readiness gates (catalogue B9).

A probe that fails while a container starts, or failed before it became ready, is nobody's news: a container is judged
when it runs, is not ready, and has had the time that its readiness probe allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from diagnostics.rules.model import Confidence, Evidence, Finding, check
from diagnostics.rules.probes import codes
from diagnostics.rules.probes.design import liveness_as_written
from diagnostics.rules.probes.failures import (
    FRESH,
    Kind,
    ProbeFailure,
    listens_elsewhere,
    port_of,
    probe_failure,
    resolve,
    undeclared_port,
)
from diagnostics.rules.probes.flapping import ready_by_turns
from diagnostics.rules.signatures.last_words import cut
from diagnostics.rules.stages import serving
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.pods import Probe

__all__ = [
    "liveness_as_written",
    "readiness",
    "readiness_gate",
    "ready_by_turns",
    "redirected_probe",
    "unready_since",
]

_RULES = {
    Kind.STATUS: codes.HTTP_STATUS,
    Kind.REFUSED: codes.REFUSED,
    Kind.TIMEOUT: codes.TIMEOUT,
    Kind.EXEC: codes.EXEC,
    Kind.GRPC: codes.GRPC,
    Kind.TLS: codes.TLS,
}
_MESH_SIDECARS = ("istio-proxy", "linkerd-proxy")
_MESH_PORTS = ("15020", "15021")
_MESH_PATH = "/app-health/"
# What a sidecar's log says of why it is not ready.
_SIDECAR_CLUES = (
    ("config not received from XDS server", "it gets no configuration from the control plane"),
    ("failed to connect to upstream", "it cannot reach the control plane"),
    ("Envoy proxy is NOT ready", "its proxy does not come up"),
)


@check(*_RULES.values(), codes.PORT_UNDECLARED, codes.MESH, codes.MESH_SIDECAR, codes.PARTIAL_MESH, codes.NO_CAUSE)
def readiness(suspect: Suspect) -> Iterator[Finding]:
    """Containers that run and are not ready, though they have had the time to become so."""
    if not serving(suspect):
        return
    for container in suspect.containers:
        since = unready_since(container)
        if since is not None and since <= suspect.now:
            yield _conclude(container, since)


@check(codes.GATE)
def readiness_gate(suspect: Suspect) -> Iterator[Finding]:
    """Pods whose containers are all ready, and which wait for a condition that another controller sets."""
    ready = suspect.pod.status.condition("Ready")
    if not serving(suspect) or ready is None or ready.reason != "ReadinessGatesNotReady":
        return
    wanted = (gate.condition_type for gate in suspect.pod.spec.readiness_gates)
    missing = sorted(type_ for type_ in wanted if not _holds(suspect, type_))
    yield suspect.finding(
        codes.GATE,
        Confidence.CERTAIN,
        suspect.quote("status.conditions[Ready].message", ready.message, ready.last_transition_time),
        field="readinessGates",
        since=ready.last_transition_time,
        signature=" ".join(missing),
        gates=" and ".join(missing) or "of the pod",
    )


@check(codes.REDIRECT, needs=("events",))
def redirected_probe(suspect: Suspect) -> Iterator[Finding]:
    """Probes whose answer is a redirect that the kubelet does not follow."""
    if not serving(suspect):
        return
    for container in suspect.containers:
        warning = next((event for event in container.events("ProbeWarning") if "redirect" in event.text), None)
        if warning is not None and suspect.age(warning.at) <= FRESH:
            yield container.finding(
                codes.REDIRECT,
                Confidence.CERTAIN,
                suspect.quote_event(warning),
                field="readinessProbe",
                since=warning.since,
            )


def _holds(suspect: Suspect, type_: str) -> bool:
    found = suspect.pod.status.condition(type_)
    return found is not None and found.true


def unready_since(container: ContainerView) -> datetime | None:
    """Since when a running container should be ready and is not; it may be in the future. None for any other.

    The later of two: the end of the time that its readiness probe allows after a start, and the moment at which the
    pod stopped being ready.
    """
    status, running = container.status, container.status.state.running
    helper = container.init and not container.spec.restartable
    if helper or running is None or running.started_at is None or status.ready or status.started is False:
        return None
    probe = container.spec.readiness_probe or Probe()
    due = running.started_at + timedelta(seconds=probe.budget_seconds)
    ready = container.suspect.pod.status.condition("Ready")
    lost = ready.last_transition_time if ready else None
    return max(due, lost) if lost else due


def _conclude(container: ContainerView, since: datetime) -> Finding:
    probe = container.spec.readiness_probe
    if probe is not None and (port := undeclared_port(container, probe)):
        return _undeclared(container, port, since)
    failure = probe_failure(container, "Readiness", probe)
    if failure is not None and container.suspect.age(failure.event.at) > FRESH:
        failure = None
    sides = failure is None and _other_side(container)
    if container.name in _MESH_SIDECARS and not (sides and _sidecar_clue(container) is None):
        return _sidecar(container, failure, since)
    if sides:
        return _partial(container, sides, since)
    if failure is None or failure.kind is Kind.OTHER:
        return _no_cause(container, failure, since)
    return _failed(container, failure, since)


def _failed(container: ContainerView, failure: ProbeFailure, since: datetime) -> Finding:
    rule = codes.MESH if _through_mesh(failure.probe) else _RULES[failure.kind]
    elsewhere = listens_elsewhere(container, failure.probe) if failure.kind is Kind.REFUSED else None
    hint = f" The container listens on port {elsewhere[0]}." if elsewhere else ""
    return container.finding(
        rule,
        Confidence.CERTAIN,
        *_unready_evidence(container, failure),
        *((elsewhere[1],) if elsewhere else ()),
        field="readinessProbe",
        since=since,
        signature=_signature(container, failure),
        met=failure.words(container),
        elsewhere=hint,
        status_means=f" {failure.status_means}" if failure.status_means else "",
    )


def _signature(container: ContainerView, failure: ProbeFailure) -> str:
    """The same for every pod and attempt: what was met and where, not which address answered."""
    if failure.kind is Kind.STATUS:
        return f"status {failure.said[-3:]}"
    return f"{failure.kind} {resolve(container, port_of(failure.probe))}"


def _through_mesh(probe: Probe) -> bool:
    by_path = probe.http_get is not None and probe.http_get.path.startswith(_MESH_PATH)
    return by_path or str(port_of(probe)) in _MESH_PORTS


def _sidecar(container: ContainerView, failure: ProbeFailure | None, since: datetime) -> Finding:
    clue = _sidecar_clue(container)
    met = clue[0] if clue else failure.words(container) if failure else "it does not say why"
    return container.finding(
        codes.MESH_SIDECAR,
        Confidence.CERTAIN if clue or failure else Confidence.LIKELY,
        *((clue[1],) if clue else ()),
        *_unready_evidence(container, failure),
        field="readinessProbe",
        since=since,
        signature=met if clue else "",
        met=met,
    )


def _sidecar_clue(container: ContainerView) -> tuple[str, Evidence] | None:
    """What the sidecar's log says last of why it is not ready."""
    lines = container.log.lines
    for number, line in reversed(list(enumerate(lines, 1))):
        for phrase, meaning in _SIDECAR_CLUES:
            if phrase in line:
                place = f"log, line {number} of {len(lines)}"
                return meaning, Evidence("log", container.suspect.object, place, cut(line))
    return None


def _other_side(container: ContainerView) -> str:
    """The containers of a mesh's pod on the other side, application or sidecar, if they are there and all ready."""
    sidecar = container.name in _MESH_SIDECARS
    lasting = (other for other in container.suspect.containers if not other.init or other.spec.restartable)
    others = [other for other in lasting if (other.name in _MESH_SIDECARS) is not sidecar]
    return " and ".join(other.name for other in others) if all(other.status.ready for other in others) else ""


def _partial(container: ContainerView, others: str, since: datetime) -> Finding:
    met, why = _unknown(container)
    return container.finding(
        codes.PARTIAL_MESH,
        Confidence.LIKELY,
        *_unready_evidence(container, None),
        field="readinessProbe",
        since=since,
        side="Mesh sidecar" if container.name in _MESH_SIDECARS else "Container",
        others=others,
        met=met,
        why=why,
    )


def _no_cause(container: ContainerView, failure: ProbeFailure | None, since: datetime) -> Finding:
    if failure is not None:
        met, why = failure.words(container), "The readiness probe fails in a way that is not known."
    else:
        met, why = _unknown(container)
    return container.finding(
        codes.NO_CAUSE,
        Confidence.POSSIBLE,
        *_unready_evidence(container, failure),
        field="readinessProbe",
        since=since,
        met=met,
        why=why,
    )


def _unknown(container: ContainerView) -> tuple[str, str]:
    """Why nothing tells what keeps it unready: for the end of a sentence, and as a sentence."""
    if container.suspect.unread("events"):
        return "why cannot be said without the events", "The events that would tell could not be read."
    if container.spec.readiness_probe is None:
        return "it has no readiness probe that could fail", "The kubelet has not yet called the container ready."
    return (
        "no event of the last ten minutes says why",
        "The event of the failing probe has expired, or the kubelet has stopped probing.",
    )


def _undeclared(container: ContainerView, port: str, since: datetime) -> Finding:
    declared = [one.name for one in container.spec.ports if one.name]
    return container.finding(
        codes.PORT_UNDECLARED,
        Confidence.CERTAIN,
        container.quote_spec("readinessProbe", f"port: {port}"),
        container.quote_spec("ports[*].name", ", ".join(declared) or "none"),
        field="readinessProbe",
        since=since,
        signature=port,
        probe="readiness",
        port=port,
        declared=", ".join(declared) or "none is",
    )


def _unready_evidence(container: ContainerView, failure: ProbeFailure | None) -> tuple[Evidence, ...]:
    unready = container.quote("ready", "false")
    return (container.suspect.quote_event(failure.event), unready) if failure else (unready,)
