"""Ingresses whose backends do not exist (catalogue B11, ingress-broken).

A backend that exists and has no ready pod is the Service's trouble, or its workload's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from diagnostics.rules.lookalikes import alike, listed
from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.traffic import rules
from diagnostics.snapshot.traffic import Backend, Ingress, Service, ServiceBackend

# The port's name by which the load balancers of AWS and Alibaba take an action from an annotation for a backend.
_ACTION = "use-annotation"


@dataclass(frozen=True, slots=True)
class _Route:
    """What an Ingress sends to a Service: where that stands in it, and in words."""

    path: str
    where: str
    service: ServiceBackend


@check(rules.INGRESS_BROKEN, needs=("services",), about=("Ingress",))
def ingress(view: ObjectView[Ingress]) -> Iterator[Finding]:
    """Backends that name a Service, or a port of it, that there is not; each once."""
    if view.metadata.deletion_timestamp is not None or "services" not in view.snapshot.read:
        return
    services = view.around.services.get(view.namespace, {})
    told: set[ServiceBackend] = set()
    for route in _routes(view.item):
        backend = route.service
        if backend in told or backend.port.name == _ACTION:
            continue
        told.add(backend)
        found = services.get(backend.name)
        if found is None:
            yield _broken(view, route, f"Service {backend.name}", _instead(backend.name, list(services)))
        elif not _has(found, backend):
            said = f"Service {backend.name} has port {_ports(found)}."
            yield _broken(view, route, f"port {_port(backend)} of Service {backend.name}", said)


def _routes(ingress: Ingress) -> Iterator[_Route]:
    rows = [
        (
            f"spec.rules[{rule.host or '*'}].http.paths[{path.path or '/'}].backend",
            f"{rule.host or 'any host'}{path.path}",
            path.backend,
        )
        for rule in ingress.spec.rules
        for path in rule.http.paths
    ]
    default: list[tuple[str, str, Backend]] = []
    if ingress.spec.default_backend is not None:
        default.append(("spec.defaultBackend", "what no rule matches", ingress.spec.default_backend))
    for path, where, backend in chain(rows, default):
        if backend.service is not None:
            yield _Route(path, where, backend.service)


def _has(service: Service, backend: ServiceBackend) -> bool:
    """Whether a Service has the port; by its target too, as ingress-nginx takes it. An external one may declare none."""
    if service.spec.type == "ExternalName" or not service.spec.ports:
        return True
    wanted = {str(backend.port.number or ""), backend.port.name} - {""}
    return not wanted or any(wanted & {port.name, str(port.port), str(port.target)} for port in service.spec.ports)


def _port(backend: ServiceBackend) -> str:
    return backend.port.name or str(backend.port.number)


def _ports(service: Service) -> str:
    return listed(f"{port.port} ({port.name})" if port.name else str(port.port) for port in service.spec.ports)


def _instead(name: str, here: list[str]) -> str:
    if near := alike(name, here):
        return f"There is a Service {near} in this namespace: is that the one that is meant?"
    return f"The namespace has {listed(here)}." if here else "The namespace has no Service at all."


def _broken(view: ObjectView[Ingress], route: _Route, backend: str, instead: str) -> Finding:
    path = f"{route.path}.service"
    return view.finding(
        rules.INGRESS_BROKEN,
        Confidence.CERTAIN,
        view.quote(path, f"{route.service.name}:{_port(route.service)}"),
        offender=Offender("Ingress", view.metadata.name, view.namespace, path),
        since=view.metadata.creation_timestamp,
        signature=f"{route.service.name}:{_port(route.service)}",
        where=route.where,
        backend=backend,
        instead=instead,
    )
