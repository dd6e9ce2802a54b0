"""Platforms as they run when they are well, from the manifests of their charts: nothing is said of them.

Each is judged as a scan sees it, and namespace by namespace as who follows a cluster does.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.engine import judge
from tests.rules.controllers import NOW, Json, at, condition
from tests.rules.platforms import Platform, container, labels, port, probe, shown, unready

Build = Callable[[Platform], None]


def dns(cluster: Platform) -> None:
    selector = {"k8s-app": "kube-dns"}
    ports = (port(53, "dns", protocol="UDP"), port(53, "dns-tcp"), port(9153, "metrics"))
    cluster.deployment("coredns", "kube-system", 2, labels=selector, containers=[container("coredns", *ports)])
    udp = {"name": "dns", "port": 53, "protocol": "UDP"}
    cluster.service("kube-dns", "kube-system", udp, {"name": "dns-tcp", "port": 53}, selector=selector)
    cluster.service("kube-dns-upstream", "kube-system", udp, selector=selector)
    cluster.budget("coredns", "kube-system", labels=selector)


def prometheus(cluster: Platform) -> None:
    """Headless Services that operators make, and those of a control plane that cannot be seen."""
    made = {"ownerReferences": [{"kind": "Prometheus", "name": "kps", "uid": "p"}]}
    own = labels("prometheus", "kps", prometheus="kps")
    web = container("prometheus", port(9090, "http-web"))
    reloader = container("config-reloader", port(8080, "reloader-web"))
    cluster.stateful_set(
        "prometheus-kps", "monitoring", 2, "prometheus-operated", labels=own, containers=[web, reloader]
    )
    name = {"app.kubernetes.io/name": "prometheus"}
    named = {"name": "http-web", "port": 9090, "targetPort": "http-web"}
    cluster.service("prometheus-operated", "monitoring", named, clusterIP="None", selector=name, metadata=made)
    by_name = {"name": "reloader-web", "port": 8080, "targetPort": "reloader-web"}
    cluster.service("kps-prometheus", "monitoring", {"name": "web", "port": 9090}, by_name, selector=own)
    ruler = {"app.kubernetes.io/name": "thanos-ruler"}
    cluster.service("thanos-ruler-operated", "monitoring", 10902, clusterIP="None", selector=ruler)
    for component in ("kube-scheduler", "kube-controller-manager", "etcd"):
        cluster.service(f"kps-{component}", "kube-system", 10259, clusterIP="None", selector={"component": component})
    cluster.service("kps-kubelet", "kube-system", 10250, clusterIP="None", selector=None)
    host = {"hostNetwork": True}
    exporter = container("node-exporter", port(9100, "http-metrics", hostPort=9100))
    cluster.daemon_set("node-exporter", "monitoring", containers=[exporter], pod_spec=host)
    cluster.service("node-exporter", "monitoring", 9100)
    dns(cluster)


def ingress_nginx(cluster: Platform) -> None:
    """An admission Service, and one for metrics, whose port no container declares."""
    own = labels("ingress-nginx", component="controller")
    ports = (port(80, "http"), port(443, "https"), port(8443, "webhook"))
    cluster.deployment("ingress-nginx", "ingress", 2, labels=own, containers=[container("controller", *ports)])
    https = {"name": "https", "port": 443, "targetPort": "https"}
    cluster.service("ingress-nginx", "ingress", https, selector=own, type="LoadBalancer")
    cluster.service("ingress-nginx-admission", "ingress", {"port": 443, "targetPort": "webhook"}, selector=own)
    cluster.service("ingress-nginx-stats", "ingress", 10254, selector=own)
    cluster.deployment("web", "shop")
    cluster.service("web", "shop", 80)
    backends: list[Json] = [{"name": "web", "port": {"number": 80}}, {"name": "go", "port": {"name": "use-annotation"}}]
    paths = [{"path": "/", "backend": {"service": backend}} for backend in backends]
    cluster.add("ingresses", "web", "shop", spec={"rules": [{"host": "shop.example", "http": {"paths": paths}}]})


def argo(cluster: Platform) -> None:
    """Controllers in shards that name a Service which nobody makes; a Service for each pod; a Rollout."""
    own = labels("argocd-application-controller")
    name = "argocd-application-controller"
    cluster.stateful_set(name, "argocd", 2, name, labels=own, containers=[container("c", port(8082))])
    cluster.service(f"{name}-metrics", "argocd", 8082, selector=own)
    cluster.deployment("argocd-dex-server", "argocd", 0)
    cluster.service("argocd-dex-server", "argocd", 5556)
    for number in range(3):
        by_pod = {"app": "redis-ha", "statefulset.kubernetes.io/pod-name": f"redis-ha-{number}"}
        cluster.service(f"redis-ha-announce-{number}", "argocd", 6379, selector=by_pod)
    cluster.stateful_set("redis-ha", "argocd", 2, labels={"app": "redis-ha"})
    for pod in "ab":
        revision = {"app": "web", "rollouts-pod-template-hash": "abc12"}
        cluster.pod(f"web-abc12-{pod}", "shop", labels=revision, owner=("ReplicaSet", "web-abc12"))
    for service, revision_hash in (("web-active", "abc12"), ("web-preview", "def34")):
        cluster.service(service, "shop", 80, selector={"app": "web", "rollouts-pod-template-hash": revision_hash})
    cluster.service("idle", "shop", 80)  # Its Rollout, which is not read, is scaled to zero.
    cluster.deployment("worker", "shop")


def istio(cluster: Platform) -> None:
    """A gateway whose containers are injected, and sidecars as init containers."""
    gateway = {"app": "istio-ingress", "istio": "ingress"}
    auto = {"name": "istio-proxy", "image": "auto", "ports": [port(15090, "http-envoy-prom")]}
    cluster.deployment("istio-ingress", "istio-ingress", labels=gateway, containers=[auto])
    http, status = {"name": "http2", "port": 80}, {"name": "status-port", "port": 15021}
    cluster.service("istio-ingress", "istio-ingress", status, http, selector=gateway, type="LoadBalancer")
    sidecar = container("istio-proxy", port(15090, "http-envoy-prom"), restartPolicy="Always")
    app = container("app", port(8080, "http"))
    cluster.deployment("web", "shop", 2, containers=[app], pod_spec={"initContainers": [sidecar]})
    cluster.service("web", "shop", {"port": 80, "targetPort": "http"})


def scaled_to_zero(cluster: Platform) -> None:
    """By KEDA and by Knative; beside an autoscaler without a range."""
    idle = condition("ScalingActive", "False", reason="ScalingDisabled")
    for name, namespace in (("worker", "shop"), ("hello-00001", "fn")):
        cluster.deployment(name, namespace, 0)
        cluster.service(name, namespace, 80)
    cluster.autoscaler("worker", "shop", condition("AbleToScale"), idle)
    cluster.budget("worker", "shop")
    outside = {"type": "ExternalName", "externalName": "gateway.istio-system.svc.cluster.local", "clusterIP": None}
    cluster.service("hello", "fn", {"name": "http2", "port": 80}, selector=None, **outside)
    cluster.service("hello-public", "fn", 80, selector=None)
    cluster.deployment("web", "shop", 2)
    limited = condition("ScalingLimited", reason="TooManyReplicas")
    cluster.autoscaler("web", "shop", condition("ScalingActive"), limited, least=2, most=2)


def databases(cluster: Platform) -> None:
    """Pods that operators make, with labels for their roles; a cluster that is paused."""
    spilo = {"application": "spilo", "cluster-name": "acid"}
    cluster.stateful_set("acid", "db", 1, "acid", labels=spilo)
    cluster.service("acid", "db", 5432, selector=None)
    cluster.service("acid-repl", "db", 5432, selector={**spilo, "spilo-role": "replica"})
    cluster.budget("acid", "db", labels={"cluster-name": "acid", "spilo-role": "master"})
    kafka = {"strimzi.io/cluster": "one", "strimzi.io/kind": "Kafka"}
    made = {"ownerReferences": [{"kind": "Kafka", "name": "one", "uid": "k", "controller": False}]}
    for number in range(3):
        cluster.pod(f"one-{number}", "kafka", labels=kafka, owner=("StrimziPodSet", "one"))
    cluster.service("one-bootstrap", "kafka", 9092, selector=kafka, metadata=made)
    cluster.service("two-bootstrap", "kafka", 9092, selector={**kafka, "strimzi.io/cluster": "two"}, metadata=made)
    cluster.deployment("one-entity-operator", "kafka", labels={**kafka, "strimzi.io/name": "one-entity-operator"})
    cluster.budget("one", "kafka", 2, kafka)


def slow_to_start(cluster: Platform) -> None:
    """Eight minutes of a quarter of an hour that its startup probe allows."""

    def starting(pod: Json) -> None:
        unready(8, started=False)(pod)

    app = container("app", port(8080, "http"), startupProbe=probe("http", failureThreshold=90))
    made = cluster.deployment("java", "shop", ready=0, broken=starting, minutes=8, containers=[app])
    progress = condition("Progressing", minutes=8, reason="ReplicaSetUpdated", lastUpdateTime=at(8))
    made["status"]["conditions"] = [condition("Available", "False", 8), progress]
    made["spec"]["progressDeadlineSeconds"] = 1200
    cluster.service("java", "shop", {"port": 80, "targetPort": "http"})
    cluster.budget("java", "shop")["metadata"]["creationTimestamp"] = at(8)
    said = "did not receive metrics for targeted pods (pods might be unready)"
    metrics = condition("ScalingActive", "False", 7, reason="FailedGetResourceMetric", message=said)
    cluster.autoscaler("java", "shop", condition("AbleToScale"), metrics)


def rolling_update(cluster: Platform) -> None:
    made = cluster.deployment("web", "shop", 4)
    made["metadata"]["generation"] = 2
    progress = condition("Progressing", reason="ReplicaSetUpdated", lastUpdateTime=at(0.3))
    made["status"] |= {"observedGeneration": 2, "replicas": 5, "updatedReplicas": 2, "unavailableReplicas": 1}
    made["status"]["conditions"][1] = progress
    new = {"app": "web", "pod-template-hash": "7777"}
    unready(0.3)(cluster.pod("web-7777-x", "shop", labels=new, owner=("ReplicaSet", "web-7777"), minutes=0.3))
    unready(0.2)(cluster.lists["pods"][0])
    cluster.lists["pods"][0]["metadata"] |= {"deletionTimestamp": at(-0.3), "deletionGracePeriodSeconds": 30}
    cluster.service("web", "shop", 80)
    cluster.budget("web", "shop", 3)


def nodes_of_all_kinds(cluster: Platform) -> None:
    """A control plane in the midst of its upgrade, nodes that are none, and one that is being emptied just now."""
    control_plane = cluster.node("cp-1", "v1.34.1")
    control_plane["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    cluster.node("old", "v1.30.9")
    provider = {"key": "virtual-kubelet.io/provider", "value": "azure", "effect": "NoSchedule"}
    cluster.node("virtual-node-aci-linux", "v1.19.10-vk-azure-aci-v1.4.8", spec={"taints": [provider]})
    cluster.node("liqo", "v1.25.0")["metadata"]["labels"]["type"] = "virtual-node"
    cluster.node("windows")["status"]["nodeInfo"]["operatingSystem"] = "windows"
    cordoned = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": at(3)}
    cluster.lists["nodes"][0]["spec"] = {"unschedulable": True, "taints": [cordoned]}
    cluster.deployment("single", "shop")
    cluster.budget("single", "shop")


def undeclared_ports(cluster: Platform) -> None:
    """Containers listen where they please: beside their traffic, or where they declare their metrics alone."""
    cluster.deployment("api", "shop", containers=[container("app", port(8080, "http"), readinessProbe=probe("http"))])
    cluster.service("api", "shop", {"port": 80, "targetPort": "http"})
    cluster.service("api-grpc", "shop", 9000, selector={"app": "api"})
    cluster.deployment("hooks", "shop", containers=[container("app", port(9443, "webhook-server"))])
    cluster.service("hooks-metrics-service", "shop", 8443, selector={"app": "hooks"})
    cluster.deployment("bare", "shop", containers=[container("app", port(9090, "metrics"))])
    cluster.service("bare", "shop", 8080)


def turns(cluster: Platform) -> None:
    """Two colours by hand, and two workers, of which one is not there; a part of a chart that is switched off."""
    cluster.deployment("web-blue", "shop", labels={"app": "web", "color": "blue"})
    for color in ("blue", "green"):
        cluster.service(f"web-{color}", "shop", 80, selector={"app": "web", "color": color})
    cluster.deployment("worker-a", "shop")
    for worker in ("worker-a", "worker-b"):
        cluster.service(worker, "shop", 80)
    for part in ("webservice", "sidekiq"):
        cluster.deployment(part, "gitlab", labels={"app": part, "release": "gitlab"})
    for part in ("webservice", "kas"):
        cluster.service(f"gitlab-{part}", "gitlab", 80, selector={"app": part, "release": "gitlab"})


def isolated(cluster: Platform) -> None:
    everything = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    cluster.add("networkpolicies", "default-deny", "shop", spec=everything)
    to_dns = {"ports": [{"protocol": "UDP", "port": 53}]}
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [to_dns]}
    cluster.add("networkpolicies", "dns", "shop", spec=spec)
    cluster.deployment("web", "shop")
    cluster.service("web", "shop", 80, ipFamilies=["IPv6", "IPv4"], ipFamilyPolicy="PreferDualStack")
    dns(cluster)


PLATFORMS: tuple[Build, ...] = (
    prometheus,
    ingress_nginx,
    argo,
    istio,
    scaled_to_zero,
    databases,
    slow_to_start,
    rolling_update,
    nodes_of_all_kinds,
    undeclared_ports,
    turns,
    isolated,
)


@pytest.mark.parametrize("build", PLATFORMS, ids=lambda build: build.__name__)
def test_nothing_is_said_of_a_platform_that_is_well(build: Build) -> None:
    cluster = Platform()
    build(cluster)
    assert shown(cluster.snapshot()) == []
    for namespace in ("shop", "monitoring", "kube-system", "argocd", "kafka"):
        assert shown(cluster.snapshot(scope=[namespace])) == []


def test_what_is_slow_to_start_is_told_once_it_takes_too_long() -> None:
    cluster = Platform()
    slow_to_start(cluster)
    due = {found.code: found.visible_at for found in judge(cluster.snapshot()).verdicts}
    assert due
    assert min(due.values()) > NOW


BACKEND = {"name": "idle", "namespace": "shop"}
HOOKS = {"webhooks": [{"name": "h", "clientConfig": {"service": BACKEND}}, {"name": "url"}]}
ROUTE = {"defaultBackend": {"service": {"name": "idle", "port": {"number": 80}}}, "rules": [{"http": {"paths": [{}]}}]}


@pytest.mark.parametrize(
    ("resource", "fields", "type_"),
    [
        ("ingresses", {"spec": ROUTE}, "ClusterIP"),
        ("apiservices", {"spec": {"service": BACKEND}}, "ClusterIP"),
        ("apiservices", {"spec": {"service": None}}, "NodePort"),
        ("validatingwebhookconfigurations", HOOKS, "ClusterIP"),
        ("mutatingwebhookconfigurations", HOOKS, "ClusterIP"),
    ],
)
def test_a_service_that_something_leads_to_is_hardly_idle(resource: str, fields: Json, type_: str) -> None:
    cluster = Platform()
    cluster.service("idle", "shop", 80, type=type_)
    assert len(shown(cluster.snapshot())) == (type_ == "NodePort")
    cluster.add(resource, "front", "shop" if resource == "ingresses" else "", **fields)
    (found,) = shown(cluster.snapshot())
    assert (found.code, found.severity, found.workload.name) == ("svc-no-endpoints", "medium", "idle")


@pytest.mark.parametrize(
    ("service", "ready", "severity"), [({}, 2, "info"), ({}, 1, "medium"), ({"clusterIP": "None"}, 2, "medium")]
)
def test_a_set_misses_its_service_if_it_suffers_or_clearly_means_another(
    service: Json, ready: int, severity: str
) -> None:
    cluster = Platform()
    made = cluster.stateful_set("db", "shop", 2, "db-headles")
    made["status"]["readyReplicas"] = ready
    cluster.service("db-headless", "shop", 5432, selector={"app": "db"}, **service)
    (found,) = judge(cluster.snapshot()).verdicts
    assert (found.code, found.severity) == ("sts-service-missing", severity)
