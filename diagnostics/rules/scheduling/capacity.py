"""Too little CPU, memory, storage, devices or pod slots on every node that the pod may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from operator import itemgetter
from typing import Any

from diagnostics.rules.model import Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import NodeFit
from diagnostics.rules.scheduling.tenants import say_reservers
from diagnostics.rules.scheduling.wording import SHOWN, free_of, measure, number, resource_of
from diagnostics.snapshot.requests import amounts

_VERIFY = ("kubectl -n {namespace} get pod {pod} -o wide", "kubectl describe nodes | grep -A8 'Allocated resources'")
_REFERENCE = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"


def _shortage(code: str, resource: str, remedy: str) -> Rule:
    return Rule(
        code=code,
        severity=Severity.HIGH,
        stage=Stage.SCHEDULING,
        message="{short_nodes} {request} free; {emptiest}.",
        cause="{nodes}The pod requests {request}, and the scheduler only counts requests, not what is really used."
        "{reservers}",
        remedy="{would_fit}" + remedy,
        commands=(
            "kubectl -n {namespace} set resources {workload} -c {container} --requests=" + resource + "={suggested}",
        ),
        verify=_VERIFY,
        visible_after=timedelta(minutes=1),
        notify_after=timedelta(minutes=5),
        references=(_REFERENCE,),
    )


CPU = _shortage(
    "sched-insufficient-cpu",
    "cpu",
    "Lower the CPU request to what the container really uses, stop what else is booked there, or add nodes.",
)
MEMORY = _shortage(
    "sched-insufficient-memory",
    "memory",
    "Lower the memory request to what the container really uses, stop what else is booked there, or add nodes.",
)
EPHEMERAL = _shortage(
    "sched-insufficient-ephemeral",
    "ephemeral-storage",
    "Lower the request for ephemeral storage, or use nodes with bigger disks.",
)
EXTENDED = replace(
    CPU,
    code="sched-insufficient-extended",
    cause="{nodes}The pod needs {request}{devices}.{reservers}",
    remedy="{would_fit}Free one that another pod holds, add a node that offers {resource}, or look at the device plugin"
    " that should advertise it.",
    commands=("kubectl get nodes -o custom-columns=NAME:.metadata.name,ALLOCATABLE:.status.allocatable",),
    references=("https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/",),
)
TOO_MANY_PODS = Rule(
    code="sched-too-many-pods",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="{full_nodes} full of pods; {emptiest}.",
    cause="{nodes}A node's number of pods is limited by its kubelet (maxPods) and, on some clouds, by its addresses."
    "{reservers}",
    remedy="{would_fit}Add nodes, raise the kubelet's maxPods (on EKS with prefix delegation), or remove idle pods.",
    commands=("kubectl get nodes -o custom-columns=NAME:.metadata.name,PODS:.status.allocatable.pods",),
    verify=("kubectl -n {namespace} get pod {pod} -o wide",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/setup/best-practices/cluster-large/",),
)
IMPOSSIBLE = Rule(
    code="sched-impossible-request",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="No node has {request} for {workload_name}; the largest has {largest} in all.",
    cause="{nodes}The pod requests {request}. The largest node, {largest_node}, has {largest} for pods even when"
    " empty, so it can never run here{open_note}.",
    remedy="Lower the request to at most {largest_amount}, or add nodes of a larger type.",
    commands=("kubectl -n {namespace} set resources {workload} -c {container} --requests={resource}={largest}",),
    verify=("kubectl get nodes -o custom-columns=NAME:.metadata.name,ALLOCATABLE:.status.allocatable",),
    notify_after=timedelta(minutes=1),
    references=(_REFERENCE,),
)
RULES = (CPU, MEMORY, EPHEMERAL, EXTENDED, TOO_MANY_PODS, IMPOSSIBLE)
_NATIVE_RULES = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": EPHEMERAL}


def explain_shortage(case: Case) -> Finding:
    """A pod for which no node has enough of one resource free, or could ever have."""
    resource = resource_of(case.cause) or ""
    if 0 < case.trial.largest(resource) < case.trial.demands.get(resource, 0):
        return _impossible(case, resource)
    if resource not in _NATIVE_RULES:
        return _too_few_devices(case, resource)
    best = _emptiest(case, resource)
    suggested = best.room.free(resource) if best and best.room.exact else Decimal(0)
    container, path = _requester(case, resource)
    return case.finding(
        _NATIVE_RULES[resource],
        *_quote_rooms(case, resource),
        field=path,
        container=container,
        suggested=number(resource, suggested, ROUND_FLOOR) if suggested else None,
        words=_words(case, resource, best),
    )


def _impossible(case: Case, resource: str) -> Finding:
    trial = case.trial
    largest = max(trial.fits, key=lambda fit: fit.room.offers(resource))
    amount = largest.room.offers(resource)
    container, path = _requester(case, resource)
    return case.finding(
        IMPOSSIBLE,
        case.quote_node(largest, f"status.allocatable.{resource}", largest.node.status.allocatable[resource]),
        field=path,
        signature=resource,
        container=container if resource in _NATIVE_RULES else None,  # A device's limit has to change with it.
        resource=resource,
        request=measure(resource, trial.demands[resource]),
        largest=number(resource, amount, ROUND_FLOOR),
        largest_amount=measure(resource, amount),
        largest_node=largest.name,
        open_note=_open_note(case, resource, amount),
    )


def _open_note(case: Case, resource: str, largest: Decimal) -> str:
    best = max((fit.room.offers(resource) for fit in case.trial.open), default=largest)
    return "" if best == largest else f"; the largest that is open to it has {number(resource, best, ROUND_FLOOR)}"


def _too_few_devices(case: Case, resource: str) -> Finding:
    broken = _unhealthy(case, resource)
    said = f". {broken.name} has {resource} but offers none of it: its device plugin is not healthy" if broken else ""
    return case.finding(
        EXTENDED,
        *_quote_rooms(case, resource),
        field=_requester(case, resource)[1],
        offender=Offender("Node", broken.name, path=f"status.allocatable.{resource}") if broken else None,
        signature=resource,
        resource=resource,
        devices=said,
        words=_words(case, resource, _emptiest(case, resource)),
    )


def _unhealthy(case: Case, resource: str) -> NodeFit | None:
    """A node that knows the device (`status.capacity`) but has none to give."""
    known = (fit for fit in case.trial.fits if amounts(fit.node.status.capacity).get(resource, 0))
    return next((fit for fit in known if not fit.room.offers(resource)), None)


def explain_too_many_pods(case: Case) -> Finding:
    """A pod for which every node that it may use is full of pods."""
    best = _emptiest(case, "pods")
    return case.finding(
        TOO_MANY_PODS,
        *_quote_rooms(case, "pods"),
        offender=Offender("Node", best.name, path="status.allocatable.pods") if best else None,
        full_nodes=_say_short(case, "Every node that {} may use is", "is", "are"),
        emptiest=_say_pods(best),
        reservers=_reservers(case, "pods"),
    )


def _say_pods(best: NodeFit | None) -> str:
    if best is None:
        return "which they are could not be read"
    takes = number("pods", best.room.offers("pods"))
    return f"{best.name} runs {best.room.booking.pods} of {takes}" if best.room.exact else f"{best.name} takes {takes}"


def _words(case: Case, resource: str, best: NodeFit | None) -> dict[str, Any]:
    return {
        "request": measure(resource, case.trial.demands.get(resource, Decimal(0))),
        "short_nodes": _say_short(case, "No node that {} may use has", "does not have", "do not have"),
        "emptiest": _say_emptiest(case, resource, best),
        "reservers": _reservers(case, resource),
    }


def _reservers(case: Case, resource: str) -> str:
    """Who has booked the most on the nodes that would do: short of this alone, and large enough when empty."""
    short, wanted = _short(case), case.trial.demands.get(resource, Decimal(1))
    large = [fit for fit in short if fit.room.offers(resource) >= wanted]
    return say_reservers(case, resource, [fit for fit in large if len(fit.blockers) == 1] or large)


def _emptiest(case: Case, resource: str) -> NodeFit | None:
    return max(_short(case), key=lambda fit: fit.room.free(resource), default=None)


def _short(case: Case) -> tuple[NodeFit, ...]:
    """The usable nodes that the shortage keeps the pod off."""
    return tuple(fit for fit in case.usable if case.cause in fit.blockers) or case.usable


def _say_short(case: Case, every: str, one: str, some: str) -> str:
    """How many of the nodes that the pod may use are short: every one, `one` of them or `some`."""
    name, short, usable = case.suspect.workload.name, len(_short(case)), len(case.usable)
    if short == usable:
        return every.format(name)
    return f"{short} of the {usable} nodes that {name} may use {one if short == 1 else some}"


def _say_emptiest(case: Case, resource: str, best: NodeFit | None) -> str:
    if best is None:
        return "how much is free could not be read"
    if not best.room.offers(resource):
        return "none of them offers it"
    if best.room.free(resource) >= case.trial.demands.get(resource, 0):
        whole = number(resource, best.room.offers(resource), ROUND_FLOOR)
        return f"{best.name} has {whole} in all, but what is booked there could not all be read"
    return f"{best.name}, the emptiest, has {free_of(resource, best)}"


def _quote_rooms(case: Case, resource: str) -> list[Evidence]:
    """What the emptiest nodes offer, as they say it, and what is free of it."""
    rooms = sorted(_short(case), key=lambda fit: (-fit.room.free(resource), fit.name))
    return [
        case.quote_node(fit, f"status.allocatable.{resource}", f"{stated} ({free_of(resource, fit)} free)")
        for fit in rooms[:SHOWN]
        if (stated := fit.node.status.allocatable.get(resource)) is not None
    ]


def _requester(case: Case, resource: str) -> tuple[str | None, str]:
    """The container that requests the most of it (None where the pod as a whole does), and the path of the request."""
    spec, path = case.suspect.pod.spec, f"resources.requests.{resource}"
    if resource in spec.resources.requests:
        return None, path
    asked = [
        (amounts(container.resources.requests).get(resource, Decimal(0)), f"{kind}[{container.name}]", container.name)
        for kind, containers in (("containers", spec.containers), ("initContainers", spec.init_containers))
        for container in containers
    ]
    _, prefix, name = max(asked, key=itemgetter(0), default=(0, "containers[*]", None))
    return name, f"{prefix}.{path}"


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    **{rule.code: explain_shortage for rule in (CPU, MEMORY, EPHEMERAL, EXTENDED)},
    TOO_MANY_PODS.code: explain_too_many_pods,
}
