"""Two processes on one port: the containers of a pod share one network (catalogue, port-conflict-*)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from diagnostics.rules.crash.case import DEBUGGING, LOGS, VERIFY
from diagnostics.rules.model import Evidence, Rule, Severity, Stage
from diagnostics.rules.probes.failures import port_of
from diagnostics.rules.suspect import ContainerView

IN_POD = Rule(
    code="port-conflict-in-pod",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} {exits}: port {port} is already taken by container {other} of the same pod{restarts}.",
    cause="The containers of a pod share one network, so a port can be bound once in it. The one that starts later "
    "fails.",
    remedy="Let one of the two listen on another port.",
    commands=("kubectl -n {namespace} edit {workload}", LOGS),
    verify=VERIFY,
    references=DEBUGGING,
    notify_after=timedelta(minutes=2),
)
HOST = Rule(
    code="port-conflict-host",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} {exits}: the port {port} is already in use on node {node}{restarts}.",
    cause="The pod binds ports of the node itself (hostNetwork or hostPort), and another pod or program of the node "
    "has this one.",
    remedy="Use another port, or keep the two off the same node; during a rollout let the old pod go first.",
    commands=("kubectl get pods -A -o wide --field-selector spec.nodeName={node}", LOGS),
    verify=VERIFY,
    references=DEBUGGING,
    notify_after=timedelta(minutes=3),
)


@dataclass(frozen=True, slots=True)
class Rival:
    """Another container that has the port."""

    container: str
    port: str
    evidence: Evidence


def rival(container: ContainerView, port: str) -> Rival | None:
    """The container of the same pod that declares, probes or is told to bind the port."""
    for other in container.suspect.containers:
        if other.name == container.name or (other.init and not other.spec.restartable):
            continue
        for number, evidence in _ports(other, port):
            if number == port:
                return Rival(other.name, port, evidence)
    return None


def _ports(other: ContainerView, port: str) -> Iterator[tuple[str, Evidence]]:
    """The ports that a container is known to bind, with the proof."""
    for declared in other.spec.ports:
        yield str(declared.container_port), other.quote_spec("ports[*].containerPort", declared.container_port)
    spec = other.spec
    probes = {
        "readinessProbe": spec.readiness_probe,
        "livenessProbe": spec.liveness_probe,
        "startupProbe": spec.startup_probe,
    }
    for field, probe in probes.items():
        if probe is not None:
            yield str(port_of(probe)), other.quote_spec(field, f"port: {port_of(probe)}")
    command = " ".join((*other.spec.command, *other.spec.args))
    if port and re.search(rf"(?<!\d){re.escape(port)}(?!\d)", command):
        yield port, other.quote_spec("command", command[:200])
