"""The codes of Services and Ingresses (catalogue B11) and what they say."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

_DEBUG = "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/"
_SLICES = "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service}"
_SERVICES = "kubectl -n {namespace} get services"
_EDIT_SERVICE = "kubectl -n {namespace} edit service {service}"

_TRAFFIC = partial(Rule, severity=Severity.HIGH, stage=Stage.TRAFFIC, visible_after=timedelta(minutes=1))

NO_ENDPOINTS = _TRAFFIC(
    code="svc-no-endpoints",
    stage=Stage.WORKLOAD,
    message="Service {service} leads to no ready pod: {why}.",
    cause="{because}",
    remedy="{mend}",
    commands=("kubectl -n {namespace} get pods --show-labels -l {selector}", _EDIT_SERVICE),
    verify=(_SLICES,),
    notify_after=timedelta(minutes=5),
    references=(_DEBUG,),
    cases=(
        (Severity.CRITICAL, "where there are pods behind it and none is ready"),
        (Severity.MEDIUM, "where it is not clear which pods are meant"),
        (Severity.INFO, "where no workload lacks a Service like it, and nothing else names it"),
    ),
    rests_on=("services", "endpointslices"),
)
PORT_MISMATCH = _TRAFFIC(
    code="svc-port-mismatch",
    message="Service {service} sends its port {port} to port {target} of its pods, {lack}.",
    cause="{because}",
    remedy="Set targetPort to a port that the containers declare ({declared}), or declare port {target} in the template.",
    commands=(_EDIT_SERVICE, "kubectl -n {namespace} edit {behind}"),
    verify=(_SLICES, "kubectl -n {namespace} describe service {service}"),
    notify_after=timedelta(minutes=10),
    references=("https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",),
    cases=(
        (Severity.MEDIUM, "where a number is not declared and probes ask another port"),
        (Severity.LOW, "where a number is not declared"),
    ),
    rests_on=("services", "endpointslices"),
)
INGRESS_BROKEN = _TRAFFIC(
    code="ingress-broken",
    message="Ingress {name} sends {where} to {backend}, which does not exist.",
    cause="The ingress controller has no address to send these requests to, and answers them itself, with 503 or 404. "
    "{instead}",
    remedy="Correct the backend in the Ingress, or create what it names.",
    commands=("kubectl -n {namespace} edit ingress {name}",),
    verify=("kubectl -n {namespace} describe ingress {name}", _SERVICES),
    notify_after=timedelta(minutes=10),
    references=("https://kubernetes.io/docs/concepts/services-networking/ingress/",),
    rests_on=("ingresses", "services"),
)
SERVICE_MISSING = _TRAFFIC(
    code="sts-service-missing",
    stage=Stage.WORKLOAD,
    severity=Severity.MEDIUM,
    message="StatefulSet {name} names Service {service}, which does not exist.",
    cause="The Service of a StatefulSet gives its pods their DNS names ({name}-0.{service}). Without it these do not "
    "resolve, and members of a cluster do not find each other. {instead}",
    remedy="Create a headless Service {service} that selects the set's labels. serviceName itself cannot be changed.",
    commands=("kubectl -n {namespace} get statefulset {name} -o jsonpath='{{.spec.selector.matchLabels}}'",),
    verify=("kubectl -n {namespace} get service {service}",),
    visible_after=timedelta(minutes=5),  # Whoever makes the set first and its Service later is given time.
    notify_after=timedelta(minutes=10),
    cases=((Severity.INFO, "where all of its pods are ready, and no Service looks as if it was meant"),),
    references=("https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id",),
    rests_on=("services",),
)
