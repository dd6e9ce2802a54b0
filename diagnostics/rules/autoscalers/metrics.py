"""Autoscalers that get no metrics (hpa-no-metrics): which of the links from a pod to its autoscaler is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from diagnostics.rules.autoscalers import rules
from diagnostics.rules.autoscalers.words import AutoscalerView, finding, held, lasted, scaled, target
from diagnostics.rules.clues import core
from diagnostics.rules.model import Evidence, Finding, Offender, check
from diagnostics.rules.subject import TEMPLATE_PATHS
from diagnostics.rules.workloads.pods import latest, settled, unready, unready_since
from diagnostics.snapshot.admission import ApiService
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import WorkloadRef

# Reasons of ScalingActive=False that are no want of metrics: nobody wants pods, or the target is at fault.
NOT_METRICS = frozenset({"ScalingDisabled", "InvalidSelector", "AmbiguousSelector"})

_PREFIX = re.compile(r"^(?:the HPA was unable to compute the replica count: |failed to get \w+ utilization: )*")
_REQUEST = re.compile(r"missing request for (?P<resource>\S+)(?: in container (?P<container>\S+))?")
_FETCH = re.compile(
    r"unable to fetch metrics from (?P<api>resource|custom|external) metrics API: (?P<said>.*)", re.DOTALL
)
_GROUPS = {
    "resource": "metrics.k8s.io",
    "custom": "custom.metrics.k8s.io",
    "external": "external.metrics.k8s.io",
}
_SERVED_BY = {
    "resource": ("metrics-server", "Usage of CPU and memory"),
    "custom": ("an adapter such as prometheus-adapter", "A metric of pods or objects"),
    "external": ("an adapter such as KEDA or prometheus-adapter", "A metric from outside the cluster"),
}
_NONE_CAME = ("no metrics returned from", "did not receive metrics for")


@dataclass(frozen=True, slots=True)
class _Why:
    """One broken link: how it is told and mended, what has to change, and whose failure it follows from, if anyone's."""

    signature: str
    why: str
    explained: str
    mend: str
    offender: Offender
    evidence: tuple[Evidence, ...] = ()
    api_service: str | None = None
    waits_for: tuple[WorkloadRef, ...] = ()


@check(rules.NO_METRICS, about=("HorizontalPodAutoscaler",))
def no_metrics(view: AutoscalerView) -> Iterator[Finding]:
    """Autoscalers that cannot compute a number of pods; not those of what is scaled to zero."""
    active, workload = view.item.status.condition("ScalingActive"), scaled(view)
    if active is None or not active.false or active.reason in NOT_METRICS or not active.reason:
        return
    idle = workload is not None and workload.desired == 0
    if idle or view.metadata.deletion_timestamp or not lasted(view, rules.NO_METRICS, active.last_transition_time):
        return
    if broken := _broken(view, _PREFIX.sub("", active.message), workload):
        found = finding(
            view,
            rules.NO_METRICS,
            active,
            *broken.evidence,
            since=_began(view, active, broken, workload),
            offender=broken.offender,
            signature=broken.signature,
            why=broken.why,
            explained=broken.explained,
            mend=broken.mend,
            api_service=broken.api_service,
        )
        yield replace(found, waits_for=broken.waits_for)


def _began(view: AutoscalerView, active: Condition, broken: _Why, workload: Workload | None) -> datetime | None:
    """Since when it has had no metrics; of pods that are not ready, since when they should be."""
    if not broken.waits_for or workload is None:
        return active.last_transition_time
    return settled(view, latest(active.last_transition_time, *map(unready_since, unready(view))), (workload,))


def _broken(view: AutoscalerView, said: str, workload: Workload | None) -> _Why | None:
    """The link that the message says is broken; None for what the cluster has mended since it was written."""
    if found := _REQUEST.search(said):
        return _no_request(view, found["resource"], found["container"] or "", workload)
    if found := _FETCH.search(said):
        return _not_fetched(view, found["api"], core(found["said"]))
    if any(phrase in said for phrase in _NONE_CAME):
        return _none_came(view, workload)
    return _Why(
        signature="other",
        why=core(said) or "it does not say why",
        explained="One of its metrics cannot be read.",
        mend="Compare the metric's name, selector and source with what the metrics API offers.",
        offender=held(view, "spec.metrics"),
        waits_for=_unready(view, workload),
    )


def _no_request(view: AutoscalerView, resource: str, container: str, workload: Workload | None) -> _Why | None:
    ref = target(view)
    own = {found.name: found for found in workload.spec.template.spec.containers} if workload else {}
    if container in own and resource in own[container].resources.requests:
        return None  # By now the template has it: the pods are being replaced.
    added = bool(own) and bool(container) and container not in own
    path = f"{TEMPLATE_PATHS.get(ref.kind, '')}.containers[{container}].resources.requests.{resource}".lstrip(".")
    mend = f"Give container {container or 'it'} of {ref.kind} {ref.name} a request for {resource}"
    if added:
        mend = (
            f"Whatever adds container {container} to the pods, as it is not in the template, has to give it a request"
        )
    return _Why(
        signature=f"request {container} {resource}",
        why=f"container {container or 'of its pods'} requests no {resource}",
        explained=f"It measures {resource} in percent of what the pods request, so every container has to request some.",
        mend=f"{mend}, measure other containers alone (a metric of type ContainerResource), or aim at an absolute "
        "value (averageValue).",
        offender=Offender(ref.kind, ref.name, ref.namespace, None if added else path),
    )


def _not_fetched(view: AutoscalerView, api: str, said: str) -> _Why:
    """Whose fault it is that an API has no answer: nobody serves it, what serves it is down, or it has no such metric."""
    group, (server, what) = _GROUPS[api], _SERVED_BY[api]
    services = [found for found in view.snapshot.api_services.values() if found.spec.group == group]
    down = next((found.metadata.name for found in services if _down(found)), None)
    why = _Why(
        signature=group,
        why=f"{group} answers: {said}",
        explained=f"{what} is served by {server}, through the API {group}: {said}.",
        mend=f"Look at the log of what serves {group}: it may not know that metric.",
        offender=held(view, "spec.metrics"),
        api_service=services[0].metadata.name if services else None,
    )
    if down is not None:
        at_fault = WorkloadRef(kind="APIService", name=down)
        offender, mend = Offender("APIService", down), f"Bring back what serves {group}."
        return replace(
            why,
            why=f"API {group} is unavailable",
            mend=mend,
            offender=offender,
            api_service=down,
            waits_for=(at_fault,),
        )
    if not services and "apiservices" in view.snapshot.read and not view.unread("apiservices"):
        offender = Offender("APIService", f"v1beta1.{group}")
        return replace(why, why=f"the cluster has no API {group}", mend=f"Install {server}.", offender=offender)
    return why


def _down(service: ApiService) -> bool:
    available = service.status.condition("Available")
    return available is not None and available.false


def _none_came(view: AutoscalerView, workload: Workload | None) -> _Why:
    ref = target(view)
    if workload is not None and not _unready(view, workload):
        explained = "Its pods are ready: metrics-server does not get their figures from the kubelets of their nodes."
        mend = "Look at the log of metrics-server: which nodes can it not scrape, and why?"
    else:
        explained = "Figures come in some 15 to 60 seconds after a pod has started, and only of pods that run."
        mend = f"See why the pods of {ref.name} do not run; if they do, look at the log of metrics-server."
    return _Why(
        signature="none",
        why="no metrics of its pods have come in",
        explained=explained,
        mend=mend,
        offender=Offender(ref.kind, ref.name, ref.namespace),
        waits_for=_unready(view, workload),
    )


def _unready(view: AutoscalerView, workload: Workload | None) -> tuple[WorkloadRef, ...]:
    """What it scales, if that is short of ready pods, or is not known not to be: then its pods are why."""
    short = workload is None or workload.status.ready_pods < workload.desired
    return (target(view),) if short else ()
