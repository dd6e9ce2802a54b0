"""Ports of a Service that its pods do not have (catalogue B11, svc-port-mismatch).

A port by name has to be declared, else there is no endpoint for it. A port by number need not be: containers may listen
on ports that they do not declare, so that a number is only doubted where everything that is known speaks against it: a
port is declared that no Service leads to, and this one leads elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.rules.dependencies.backing import Backing
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Severity, check
from diagnostics.rules.probes.failures import port_of
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.traffic import rules
from diagnostics.rules.traffic.behind import Behind, labels
from diagnostics.snapshot.placement import ContainerPort
from diagnostics.snapshot.pods import Container
from diagnostics.snapshot.traffic import Service, ServicePort

# What containers offer beside their traffic, and often do not declare.
_ASIDE = re.compile(r"metric|prom|health|probe|status|admin|debug|pprof|jmx", re.IGNORECASE)


@check(rules.PORT_MISMATCH, needs=("endpointslices",), about=("Service",))
def ports(view: ObjectView[Service]) -> Iterator[Finding]:
    """Ports that lead to none of the ports of the pods behind the Service, as the workloads' templates declare them."""
    behind = Behind(view)
    if not behind.known or view.item.headless or not any(each.ready for each in behind.workloads):
        return  # A headless Service only gives names, and without ready pods nothing arrives anyhow.
    declared = _Declared(tuple(each for each in behind.workloads if each.desired))
    wrong = [port for port in view.item.spec.ports if not declared.has(port)]
    for port in wrong:
        if isinstance(port.target, str):
            if behind.endpoints and not _resolved(behind, port):
                yield _unnamed(behind, declared, port)
        elif (
            wrong == list(view.item.spec.ports) and declared.speaks_against(port.target) and _only_way(behind, declared)
        ):
            yield _doubted(behind, declared, port)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the templates behind a Service say of their containers' ports."""

    workloads: tuple[Backing, ...]

    @property
    def containers(self) -> Iterator[Container]:
        """All that keep running."""
        for each in self.workloads:
            spec = each.workload.spec.template.spec
            yield from spec.containers
            yield from (container for container in spec.init_containers if container.restartable)

    @property
    def ports(self) -> list[ContainerPort]:
        """All that are declared."""
        return [port for container in self.containers for port in container.ports]

    @property
    def said(self) -> str:
        """All of them in a sentence: "http (8080), 9090"."""
        return listed(
            {f"{port.name} ({port.container_port})" if port.name else str(port.container_port) for port in self.ports}
        )

    def has(self, port: ServicePort) -> bool:
        """Whether any container declares what a port leads to."""
        return any(
            port.target in (declared.name, declared.container_port) and port.protocol == declared.protocol
            for declared in self.ports
        )

    def speaks_against(self, number: int) -> bool:
        """Whether the only container of each declares ports for traffic, and names that one nowhere else."""
        alone = all(len(each.workload.spec.template.spec.containers) == 1 for each in self.workloads)
        return alone and all(_takes_traffic(one) and not _mentions(one, number) for one in self.containers)

    @property
    def probed(self) -> str:
        """A declared port that a probe asks; blank if there is none."""
        known = {port.name: port.container_port for port in self.ports} | {
            p.container_port: p.container_port for p in self.ports
        }
        asked = (port for container in self.containers for port in _probed(container))
        return next((str(known[port]) for port in asked if port in known), "")


def _takes_traffic(container: Container) -> bool:
    return any(not _ASIDE.search(port.name) for port in container.ports)


def _only_way(behind: Behind, declared: _Declared) -> bool:
    """Whether this Service is meant for traffic, and no other leads to a port that its pods declare."""
    ports = " ".join(port.name for port in behind.service.spec.ports)
    if _ASIDE.search(f"{behind.view.metadata.name} {ports}"):
        return False
    services = behind.view.around.services[behind.view.namespace].values()
    beside = (other for other in services if other is not behind.service and not other.headless)
    to_them = (other for other in beside if any(other.selects(labels(each)) for each in declared.workloads))
    return not any(declared.has(port) for other in to_them for port in other.spec.ports)


def _probed(container: Container) -> Iterator[int | str]:
    probes = (container.readiness_probe, container.liveness_probe, container.startup_probe)
    return (port_of(probe) for probe in probes if probe is not None)


def _mentions(container: Container, number: int) -> bool:
    words = " ".join((*container.command, *container.args))
    return str(number) in map(str, _probed(container)) or re.search(rf"(?<!\d){number}(?!\d)", words) is not None


def _resolved(behind: Behind, port: ServicePort) -> bool:
    """Whether some pod has it all the same: a sidecar that was injected, a revision that is on its way out."""
    return any(each.endpoints and any(one.name == port.name for one in each.ports) for each in behind.slices)


def _unnamed(behind: Behind, declared: _Declared, port: ServicePort) -> Finding:
    has = f"they declare {declared.said}" if declared.ports else "they declare none"
    return _finding(
        behind,
        declared,
        port,
        Confidence.CERTAIN,
        Evidence("endpointslice", f"EndpointSlice/{behind.slices[0].metadata.name}", "ports", "none of that name"),
        lack="which none of their containers declares",
        because=f"A port by name is looked up among the ports of the pods' containers: {has}. So this port of the Service "
        "has no endpoints, and connections to it are refused.",
    )


def _doubted(behind: Behind, declared: _Declared, port: ServicePort) -> Finding:
    probed = f", and their probes ask port {declared.probed}" if declared.probed else ""
    found = _finding(
        behind,
        declared,
        port,
        Confidence.POSSIBLE,
        lack="which their container does not declare",
        because=f"Possibly nothing listens there: they declare {declared.said}{probed}. A container may listen on a port "
        "that it does not declare; then all is well.",
    )
    return replace(found, severity=Severity.MEDIUM if declared.probed else Severity.LOW)


def _finding(
    behind: Behind, declared: _Declared, port: ServicePort, confidence: Confidence, *evidence: Evidence, **params: Any
) -> Finding:
    view, first = behind.view, declared.workloads[0].ref
    path = f"spec.ports[{port.name or port.port}].targetPort"
    return view.finding(
        rules.PORT_MISMATCH,
        confidence,
        view.quote(path, port.target),
        *_evidence(declared.workloads),
        *evidence,
        offender=Offender("Service", view.metadata.name, view.namespace, path),
        since=behind.changed,
        signature=str(port.port),
        service=view.metadata.name,
        port=port.port,
        target=port.target,
        declared=declared.said or "none so far",
        behind=first.slug,
        **params,
    )


def _evidence(workloads: Iterable[Backing]) -> Iterator[Evidence]:
    for each in workloads:
        has = _Declared((each,)).said or "none"
        yield Evidence(each.ref.kind.lower(), str(each), "spec.template.spec.containers[*].ports", has)
