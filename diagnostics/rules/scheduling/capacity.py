"""Too little CPU, memory, storage, devices or pod slots on every node that the pod may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal

from diagnostics.rules.model import Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import NodeFit
from diagnostics.rules.scheduling.root import impossible_resource
from diagnostics.rules.scheduling.wording import free_of, measure, number, resource_of
from diagnostics.snapshot.cluster import amounts

_VERIFY = ("kubectl -n {namespace} get pod {pod} -o wide", "kubectl describe nodes | grep -A8 'Allocated resources'")
_REFERENCE = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"


def _shortage(code: str, resource: str, remedy: str) -> Rule:
    return Rule(
        code=code,
        severity=Severity.HIGH,
        stage=Stage.SCHEDULING,
        message="No node that {workload_name} may use has {request} free; {emptiest}.",
        cause="{nodes}The pod requests {request}, and the scheduler only counts requests, not what is really used.",
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
    cause="{nodes}The pod needs {request}{devices}.",
    remedy="{would_fit}Free one that another pod holds, add a node that offers {resource}, or look at the device plugin"
    " that should advertise it.",
    commands=("kubectl get nodes -o custom-columns=NAME:.metadata.name,ALLOCATABLE:.status.allocatable",),
    references=("https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/",),
)
TOO_MANY_PODS = Rule(
    code="sched-too-many-pods",
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="Every node that {workload_name} may use already runs as many pods as it takes; {emptiest}.",
    cause="{nodes}A node's number of pods is limited by its kubelet (maxPods) and, on some clouds, by its addresses.",
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
    commands=(
        "kubectl -n {namespace} set resources {workload} -c {container} --requests={resource}={largest_quantity}",
    ),
    verify=("kubectl get nodes -o custom-columns=NAME:.metadata.name,ALLOCATABLE:.status.allocatable",),
    notify_after=timedelta(minutes=1),
    references=(_REFERENCE,),
)
RULES = (CPU, MEMORY, EPHEMERAL, EXTENDED, TOO_MANY_PODS, IMPOSSIBLE)
_NATIVE_RULES = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": EPHEMERAL}


def explain_shortage(case: Case) -> Finding:
    """A pod for which no node has enough of one resource free, or could ever have."""
    resource = resource_of(case.cause) or ""
    if resource == (impossible_resource(case.trial) or _impossible_device(case, resource)):
        return _impossible(case, resource)
    if resource not in _NATIVE_RULES:
        return _too_few_devices(case, resource)
    best = _emptiest(case, resource)
    container = _requester(case, resource)
    suggested = best.room.free(resource) if best and best.room.exact else Decimal(0)
    return case.finding(
        _NATIVE_RULES[resource],
        *_quote_rooms(case, resource),
        field=_request_path(container, resource),
        container=container or None,
        request=measure(resource, case.trial.demands.get(resource, Decimal(0))),
        emptiest=_say_emptiest(case, resource, best),
        suggested=number(resource, suggested, ROUND_FLOOR) if suggested else None,
    )


def _impossible(case: Case, resource: str) -> Finding:
    trial = case.trial
    largest = max(trial.fits, key=lambda fit: fit.room.offers(resource))
    container = _requester(case, resource)
    amount = largest.room.offers(resource)
    return case.finding(
        IMPOSSIBLE,
        case.quote_node(largest, f"status.allocatable.{resource}", largest.node.status.allocatable[resource]),
        field=_request_path(container, resource),
        signature=resource,
        container=container if resource in _NATIVE_RULES and container else None,
        resource=resource,
        request=measure(resource, trial.demands[resource]),
        largest=number(resource, amount, ROUND_FLOOR),
        largest_amount=measure(resource, amount),
        largest_quantity=number(resource, amount, ROUND_FLOOR),
        largest_node=largest.name,
        open_note=_open_note(case, resource, amount),
    )


def _impossible_device(case: Case, resource: str) -> str | None:
    """The extended resource, where nodes offer some of it but none as much as the pod asks for."""
    largest = case.trial.largest(resource)
    return resource if 0 < largest < case.trial.demands.get(resource, 0) else None


def _open_note(case: Case, resource: str, largest: Decimal) -> str:
    best = max((fit.room.offers(resource) for fit in case.trial.open), default=largest)
    return "" if best == largest else f"; the largest that is open to it has {number(resource, best, ROUND_FLOOR)}"


def _too_few_devices(case: Case, resource: str) -> Finding:
    best, broken = _emptiest(case, resource), _unhealthy(case, resource)
    container = _requester(case, resource)
    return case.finding(
        EXTENDED,
        *_quote_rooms(case, resource),
        field=_request_path(container, resource),
        offender=Offender("Node", broken.name, path=f"status.allocatable.{resource}") if broken else None,
        signature=resource,
        resource=resource,
        request=measure(resource, case.trial.demands.get(resource, Decimal(1))),
        emptiest=_say_emptiest(case, resource, best),
        devices=f". {broken.name} has {resource} but offers none of it: its device plugin is not healthy"
        if broken
        else "",
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
        emptiest=_say_pods(best),
    )


def _say_pods(best: NodeFit | None) -> str:
    if best is None:
        return "which they are could not be read"
    takes = number("pods", best.room.offers("pods"))
    return f"{best.name} runs {best.room.booking.pods} of {takes}" if best.room.exact else f"{best.name} takes {takes}"


def _emptiest(case: Case, resource: str) -> NodeFit | None:
    return max(case.usable, key=lambda fit: fit.room.free(resource), default=None)


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
    """What the emptiest nodes offer, as they say it, and what is booked of it."""
    rooms = sorted(case.usable, key=lambda fit: (-fit.room.free(resource), fit.name))
    return [
        case.quote_node(
            fit,
            f"status.allocatable.{resource}",
            f"{fit.node.status.allocatable[resource]} ({number(resource, fit.room.free(resource), ROUND_FLOOR)} free)",
        )
        for fit in rooms[:3]
        if resource in fit.node.status.allocatable
    ]


def _requester(case: Case, resource: str) -> str:
    """The container that requests the most of it; blank where the pod as a whole requests it."""
    spec = case.suspect.pod.spec
    if resource in spec.resources.requests:
        return ""
    asked = {c.name: amounts(c.resources.requests).get(resource, Decimal(0)) for c in spec.containers}
    asked.update({c.name: amounts(c.resources.requests).get(resource, Decimal(0)) for c in spec.init_containers})
    return max(asked, key=lambda name: asked[name], default="")


def _request_path(container: str, resource: str) -> str:
    return f"containers[{container}].resources.requests.{resource}" if container else f"resources.requests.{resource}"


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    **{rule.code: explain_shortage for rule in (CPU, MEMORY, EPHEMERAL, EXTENDED)},
    TOO_MANY_PODS.code: explain_too_many_pods,
}
