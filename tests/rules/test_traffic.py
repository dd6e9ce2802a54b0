"""Services and Ingresses that lead nowhere: what they were meant for, what explains them, and what is no fault."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.engine import judge
from diagnostics.engine.verdict import Verdict
from diagnostics.rules.traffic import wants_around
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.traffic import EndpointSlice, Ingress, Service
from tests.corpus.truth import CORPUS
from tests.rules.loading import load_all

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MADE = "2026-11-23T03:00:00Z"
UNREADY = {"conditions": {"ready": False}}


def metadata(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": MADE, **fields}


def deployment(name: str, ready: int = 1, **labels: str) -> Workload:
    """A Deployment of one replica whose pods have those labels, `app` its name unless given; of old, and settled."""
    template = {"metadata": {"labels": {"app": name} | labels}, "spec": {"containers": [{"name": "app"}]}}
    status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready}
    return msgspec.convert(
        {"metadata": metadata(name), "spec": {"replicas": 1, "template": template}, "status": status}, Workload
    )


def pod(name: str, ready: str = "False", **labels: str) -> Pod:
    """A pod of nobody's that runs, and is looked at for some reason."""
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": MADE}
    status = {"phase": "Running", "conditions": [condition], "containerStatuses": []}
    found = {"metadata": metadata(name, labels=labels), "spec": {"containers": [{"name": "app"}]}, "status": status}
    return msgspec.convert(found, Pod)


def cluster(
    *found: Workload | Pod, endpoints: Iterable[Any] | None = None, name: str = "web", **selector: str
) -> Snapshot:
    """Namespace shop with a Service of that selector, its EndpointSlice, and these objects."""
    snapshot = Snapshot(cluster="lab", now=NOW, read={"services", "endpointslices", "ingresses"})
    service = {"metadata": metadata(name), "spec": {"selector": selector, "ports": [{"port": 80}]}}
    snapshot.services["shop", name] = msgspec.convert(service, Service)
    labels = {"kubernetes.io/service-name": name}
    slice_ = {"metadata": metadata(f"{name}-1", labels=labels), "endpoints": endpoints}
    snapshot.endpoint_slices["shop", f"{name}-1"] = msgspec.convert(slice_, EndpointSlice)
    for each in found:
        if isinstance(each, Pod):
            snapshot.suspects.append(each)
        else:
            snapshot.deployments["shop", each.metadata.name] = each
    return snapshot


def of_service(snapshot: Snapshot) -> list[Verdict]:
    judgement = judge(snapshot)
    assert not judgement.crashed
    return [found for found in judgement.verdicts if found.workload.kind in ("Service", "Ingress")]


def test_what_is_not_ready_behind_it_may_be_no_workload_that_is_read() -> None:
    (found,) = of_service(cluster(pod("db", app="db"), endpoints=[UNREADY], app="db"))
    assert (found.code, found.severity, found.offender.name) == ("svc-no-endpoints", "critical", "db")
    assert found.summary == "Service web leads to no ready pod: pod db behind it is not ready."
    (found,) = of_service(cluster(pod("db-1", app="db"), pod("db-2", app="db"), endpoints=[UNREADY], app="db"))
    assert found.summary == "Service web leads to no ready pod: none of the 2 pods is ready."


def test_a_pod_that_is_ready_by_now_is_enough() -> None:
    ready = pod("db-1", ready="True", app="db")
    assert of_service(cluster(ready, pod("db-2", app="db"), endpoints=[UNREADY], app="db")) == []


def test_what_has_just_moved_may_only_be_slow() -> None:
    snapshot = cluster(deployment("web", ready=0), app="web")
    assert of_service(snapshot)[0].visible_at <= NOW
    progress = {"type": "Progressing", "status": "True", "lastUpdateTime": "2026-11-23T03:55:00Z"}
    moving = msgspec.json.decode(msgspec.json.encode(deployment("web", ready=0)), type=dict[str, Any])
    moving["status"]["conditions"] = [progress]
    snapshot.deployments["shop", "web"] = msgspec.convert(moving, Workload)
    assert of_service(snapshot)[0].visible_at > NOW


@pytest.mark.parametrize(
    ("workloads", "selector", "said", "confidence", "severity"),
    [
        # A slip of the pen, in the value or in the key.
        ([deployment("checkout")], {"app": "chekout"}, "Deployment checkout have app=checkout", "likely", "high"),
        ([deployment("checkout")], {"apps": "checkout"}, "Deployment checkout have no label apps", "likely", "high"),
        # Some of the labels, of a workload that no Service leads to.
        (
            [deployment("web", tier="front")],
            {"app": "web", "tier": "backend"},
            "Deployment web have tier=front",
            "likely",
            "high",
        ),
        (
            [deployment("web")],
            {"app": "web", "tier": "backend"},
            "Deployment web have no label tier",
            "possible",
            "medium",
        ),
        # Of two that are as near, the one that looks like it.
        ([deployment("web"), deployment("wet")], {"app": "webb"}, "Deployment web have app=web", "likely", "high"),
        # Nothing alike, but the only one without a Service.
        ([deployment("shop-frontend")], {"app": "www"}, "shop-frontend have app=shop-frontend", "possible", "info"),
        # Nothing alike, but of that name.
        ([deployment("web"), deployment("b")], {"app": "www"}, "Deployment web have app=web", "likely", "high"),
        (
            [deployment("a"), deployment("b")],
            {"app": "www"},
            "no pod has the labels that it selects",
            "possible",
            "info",
        ),
        ([], {"app": "www"}, "no pod has the labels that it selects, app=www", "possible", "info"),
    ],
)
def test_which_workload_was_meant(
    workloads: list[Workload], selector: dict[str, str], said: str, confidence: str, severity: str
) -> None:
    (found,) = of_service(cluster(*workloads, **selector))
    assert said in found.summary
    assert (found.confidence, found.severity) == (confidence, severity)
    assert (found.offender.kind, found.offender.path) == ("Service", "spec.selector")


def test_a_workload_that_another_service_leads_to_is_hardly_meant() -> None:
    snapshot = cluster(deployment("web", tier="front"), app="web", tier="backend")
    snapshot.services["shop", "front"] = msgspec.convert(
        {"metadata": metadata("front"), "spec": {"selector": {"tier": "front"}}}, Service
    )
    (found,) = of_service(snapshot)
    assert (found.confidence, found.severity) == ("possible", "medium")


def test_a_headless_service_matters_to_the_set_that_names_it() -> None:
    snapshot = cluster(app="kafkaa", name="kafka")
    headless = {"metadata": metadata("kafka"), "spec": {"selector": {"app": "kafkaa"}, "clusterIP": "None"}}
    snapshot.services["shop", "kafka"] = msgspec.convert(headless, Service)
    assert of_service(snapshot) == []
    named = {"replicas": 1, "serviceName": "kafka", "template": {"metadata": {"labels": {"app": "kafka"}}}}
    document = {"metadata": metadata("kafka"), "spec": named, "status": {"replicas": 1, "readyReplicas": 1}}
    snapshot.statefulsets["shop", "kafka"] = msgspec.convert(document, Workload)
    (found,) = of_service(snapshot)
    assert "StatefulSet kafka have app=kafka" in found.summary


def test_a_service_of_pods_by_name_follows_from_their_set() -> None:
    labels = {"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"}
    (found,) = of_service(cluster(deployment("db", ready=0), **labels))
    assert "Deployment db behind it has 0 of 1 pods ready" in found.summary
    assert of_service(cluster(deployment("db"), **{"statefulset.kubernetes.io/pod-name": "db-0"})) == []


def test_pods_of_jobs_come_and_go() -> None:
    ended = pod("migrate-1", app="migrate")
    owner = {"kind": "Job", "name": "migrate", "uid": "j", "controller": True}
    document = msgspec.json.decode(msgspec.json.encode(ended), type=dict[str, Any])
    document["metadata"]["ownerReferences"] = [owner]
    assert of_service(cluster(msgspec.convert(document, Pod), app="migrate")) == []


def test_without_endpoint_slices_nothing_is_said() -> None:
    snapshot = cluster(app="www")
    snapshot.endpoint_slices.clear()
    assert of_service(snapshot) == []


def test_an_ingress_in_a_namespace_without_services() -> None:
    snapshot = cluster(app="web")
    snapshot.services.clear()
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = {"metadata": metadata("shop"), "spec": {"defaultBackend": backend}}
    snapshot.ingresses["shop", "shop"] = msgspec.convert(ingress, Ingress)
    (found,) = of_service(snapshot)
    assert found.summary == "Ingress shop sends what no rule matches to Service web, which does not exist."
    assert found.cause.endswith("The namespace has no Service at all.")
    snapshot.services["shop", "checkout"] = msgspec.convert({"metadata": metadata("checkout")}, Service)
    assert of_service(snapshot)[0].cause.endswith("The namespace has checkout.")
    snapshot.read.clear()
    assert of_service(snapshot) == []


def test_services_of_a_real_cluster_are_symptoms_of_what_is_wrong_behind_them() -> None:
    folded = {
        (symptom.workload.name, verdict.workload.name, verdict.code)
        for verdict in judge(load_all(CORPUS)).verdicts
        for symptom in verdict.symptoms
        if symptom.code == "svc-no-endpoints"
    }
    assert folded == {
        ("catalog", "catalog", "probe-http-status"),
        ("kafka", "kafka", "crash-java-1"),
        ("policy-webhook", "with-owner", "create-webhook-down"),
        ("metrics-server", "v1beta1.metrics.k8s.io", "cp-apiservice"),
    }


def test_lists_are_read_of_the_cluster_or_of_the_namespaces_that_are_looked_at() -> None:
    snapshot = cluster(deployment("web"), pod("db"))
    names = ("services", "endpointslices", "ingresses")
    assert list(wants_around(snapshot)) == [(name, None) for name in names]
    snapshot.bookings_complete = False
    assert sorted(wants_around(snapshot)) == sorted((name, "shop") for name in names)
    snapshot.scope = frozenset({"else"})
    assert list(wants_around(snapshot)) == []
