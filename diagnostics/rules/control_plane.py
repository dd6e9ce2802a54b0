"""Aggregated APIs that do not answer (catalogue B15, cp-apiservice)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from diagnostics.rules.clues import core
from diagnostics.rules.dependencies.backing import backings, without_ready_pods
from diagnostics.rules.model import Confidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.admission import ApiService
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef

API_SERVICE = Rule(
    code="cp-apiservice",
    severity=Severity.HIGH,
    stage=Stage.TRAFFIC,
    message="API {group}/{version} is unavailable: {said}.",
    cause="The API server hands this API on to {backend}, which does not answer. Whatever uses it fails{who}, and no "
    "namespace can be deleted meanwhile, because this API cannot be asked what is in it.",
    remedy="Bring the backend back. If the API is not needed any more, delete the APIService.",
    commands=(
        "kubectl -n {service_namespace} get endpointslices -l kubernetes.io/service-name={service}",
        "kubectl -n {service_namespace} describe service {service}",
        "kubectl get apiservice {name} -o yaml",
    ),
    verify=("kubectl get apiservice {name}",),
    explains=("svc-no-endpoints",),  # Of the Service that it names.
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=(
        "https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/",
    ),
)

# Who suffers when an API of this group is away.
_USERS = {
    "metrics.k8s.io": " (kubectl top, and autoscaling by CPU and memory)",
    "custom.metrics.k8s.io": " (autoscaling by custom metrics)",
    "external.metrics.k8s.io": " (autoscaling by external metrics)",
}


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """The APIServices, for whoever looks at the whole cluster."""
    if snapshot.bookings_complete:
        yield "apiservices", None


@check(API_SERVICE, about=("APIService",))
def api_unavailable(view: ObjectView[ApiService]) -> Iterator[Finding]:
    """APIServices that say that they are not available."""
    available, service = view.item.status.condition("Available"), view.item.spec.service
    if available is None or not available.false:
        return
    since, said = available.last_transition_time, core(available.message) or available.reason
    found = view.finding(
        API_SERVICE,
        Confidence.CERTAIN,
        view.quote("status.conditions[Available].message", available.message or available.reason, since),
        view.quote("status.conditions[Available].reason", available.reason, since),
        offender=Offender("Service", service.name, service.namespace)
        if service
        else Offender("APIService", view.metadata.name),
        since=since,
        signature=available.reason,
        group=view.item.spec.group,
        version=view.item.spec.version,
        said=said or "it gives no reason",
        backend=f"Service {service.namespace}/{service.name}" if service else "its own code",
        service=service.name if service else None,
        service_namespace=service.namespace if service else None,
        who=_USERS.get(view.item.spec.group, ""),
    )
    yield replace(found, waits_for=tuple(_down_behind(view)))


def _down_behind(view: ObjectView[ApiService]) -> Iterator[WorkloadRef]:
    """The workloads behind it, where none of their pods is ready."""
    named = view.item.spec.service
    service = view.snapshot.services.get((named.namespace, named.name)) if named else None
    behind = backings(view.snapshot, named.namespace, service) if named and service else []
    if without_ready_pods(behind):
        yield from (backing.ref for backing in behind)
