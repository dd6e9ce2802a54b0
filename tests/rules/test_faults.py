"""Platforms with one fault each: its cause is told first, in the right object, and whatever follows from it beneath."""

from __future__ import annotations

from diagnostics.engine import judge
from diagnostics.engine.verdict import Verdict
from tests.rules.controllers import Change, Json, at, condition
from tests.rules.platforms import Platform, container, port, shown, unready

DOWN = "dial tcp 10.1.2.3:443: i/o timeout"
PULL = f'failed to do request: Head "https://registry.example/v2/app/manifests/1": {DOWN}'
NO_METRICS = "the HPA was unable to compute the replica count: failed to get cpu utilization: "


def cannot_pull(minutes: float = 20) -> Change:
    """A pod whose image does not come, since so many minutes."""

    def change(pod: Json) -> None:
        unready(minutes, started=False, state={"waiting": {"reason": "ImagePullBackOff", "message": PULL}})(pod)
        pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = at(minutes)
        pod["status"]["phase"] = "Pending"

    return change


def crashing(cluster: Platform, *lines: str) -> Change:
    """A pod that has ended again and again for twenty minutes, with those last words."""

    def change(pod: Json) -> None:
        ended = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": at(2), "finishedAt": at(1.8)}}
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
        unready(20, state=waiting, lastState=ended, restartCount=7, started=False)(pod)
        cluster.logs[pod["metadata"]["name"]] = lines

    return change


def only(cluster: Platform) -> Verdict:
    (found,) = shown(cluster.snapshot())
    return found


def suffering(found: Verdict) -> set[tuple[str, str]]:
    return {(symptom.code, symptom.workload.name) for symptom in found.symptoms}


def test_a_chain_of_services_leads_to_its_end() -> None:
    """An image that does not come, in a database that an API calls, that a shop calls, that another namespace calls."""
    cluster = Platform()
    cluster.stateful_set("db", "data", service="db", ready=0, broken=cannot_pull())
    cluster.service("db", "data", 5432)
    refused = 'connection to server at "db.data.svc.cluster.local" (10.96.0.1), port 5432 failed: Connection refused'
    cluster.deployment("api", "shop", 2, ready=0, broken=crashing(cluster, f"psycopg2.OperationalError: {refused}"))
    cluster.service("api", "shop", 8080)
    cluster.deployment("web", "shop", 2, ready=0, broken=crashing(cluster, "Error: connect ECONNREFUSED api:8080"))
    cluster.service("web", "shop", 80)
    cluster.budget("web", "shop")
    none = condition("ScalingActive", "False", 15, reason="FailedGetResourceMetric", message="no metrics returned from")
    cluster.autoscaler("web", "shop", none)
    edge = crashing(cluster, 'Get "http://web.shop:80/": dial tcp 10.96.0.3:80: connect: connection refused')
    cluster.deployment("edge", "edge", ready=0, broken=edge)
    found = only(cluster)
    assert (found.code, found.workload.name) == ("image-registry-unreachable", "db")
    for code, workloads in {
        "crash-dependency": ("api", "web", "edge"),
        "svc-no-endpoints": ("db", "api", "web"),
        "hpa-no-metrics": ("web",),
        "pdb-violated": ("web",),
    }.items():
        assert {(code, name) for name in workloads} <= suffering(found)


def test_without_dns_no_name_is_to_blame() -> None:
    cluster = Platform()
    labels = {"k8s-app": "kube-dns"}
    cluster.deployment("coredns", "kube-system", 2, labels=labels, ready=0, broken=cannot_pull())
    cluster.deployment("db", "shop")
    cluster.service("db", "shop", 5432)
    for name, line in {
        "python": 'could not translate host name "db" to address: Temporary failure in name resolution',
        "java": "java.net.UnknownHostException: db: Temporary failure in name resolution",
        "curl": "curl: (6) Could not resolve host: db",
        "go": "dial tcp: lookup db on 10.96.0.10:53: read udp 10.0.0.4:4->10.96.0.10:53: i/o timeout",
    }.items():
        cluster.deployment(name, "shop", ready=0, broken=crashing(cluster, line))
    found = only(cluster)
    assert found.workload.name == "coredns"
    assert {("crash-dependency", name) for name in ("python", "java", "curl", "go")} <= suffering(found)


def test_a_registry_that_five_teams_share() -> None:
    cluster = Platform()
    for team in "abcde":
        cluster.deployment("app", f"team-{team}", 2, ready=0, broken=cannot_pull())
        cluster.service("app", f"team-{team}", 80)
    found = only(cluster)
    assert (found.code, found.offender.kind, found.offender.name) == (
        "image-registry-unreachable",
        "Registry",
        "registry.example",
    )
    assert {symptom.namespace for symptom in found.symptoms} == {f"team-{team}" for team in "abcde"}


def test_a_lost_node_with_a_set_of_one_and_its_budget() -> None:
    cluster = Platform()
    node = cluster.lists["nodes"][0]
    node["status"]["conditions"] = [condition("Ready", "Unknown", 15, reason="NodeStatusUnknown")]

    def lost(pod: Json) -> None:
        unready(14.5, ready=True)(pod)
        pod["metadata"] |= {"deletionTimestamp": at(9.5), "deletionGracePeriodSeconds": 30}

    cluster.stateful_set("db", "data", service="db", ready=0, broken=lost)
    cluster.service("db", "data", 5432)
    cluster.budget("db", "data")
    line = "ConnectionError: Error 110 connecting to db.data:5432. Connection timed out."
    cluster.deployment("api", "shop", ready=0, broken=crashing(cluster, line))
    found = only(cluster)
    assert (found.code, found.offender.name) == ("node-unreachable", "node-1")
    assert {("svc-no-endpoints", "db"), ("pdb-violated", "db"), ("crash-dependency", "api")} <= suffering(found)


def test_an_api_is_down_with_what_serves_it_and_so_are_those_who_ask_it() -> None:
    cluster = Platform()
    cluster.deployment("metrics-server", "kube-system", ready=0, broken=cannot_pull())
    cluster.service("metrics-server", "kube-system", 443)
    served = {"name": "metrics-server", "namespace": "kube-system"}
    cluster.add(
        "apiservices",
        "v1beta1.metrics.k8s.io",
        spec={"group": "metrics.k8s.io", "version": "v1beta1", "service": served},
        status={"conditions": [condition("Available", "False", 19, reason="MissingEndpoints")]},
    )
    cluster.deployment("web", "shop", 2)
    said = f"{NO_METRICS}unable to fetch metrics from resource metrics API: the server is currently unable to handle"
    unavailable = condition("ScalingActive", "False", 18, reason="FailedGetResourceMetric", message=said)
    cluster.autoscaler("web", "shop", unavailable)
    found = only(cluster)
    assert (found.code, found.workload.name) == ("image-registry-unreachable", "metrics-server")
    assert {("cp-apiservice", "v1beta1.metrics.k8s.io"), ("hpa-no-metrics", "web")} <= suffering(found)


def broker_down() -> Platform:
    """Brokers that an operator's own kind owns, and a consumer in another namespace."""
    cluster = Platform()
    for number in range(2):
        pod = cluster.pod(f"one-{number}", "kafka", labels={"app": "kafka"}, owner=("StrimziPodSet", "one"))
        crashing(cluster, "java.lang.OutOfMemoryError: Java heap space")(pod)
    cluster.service("bootstrap", "kafka", 9092, selector={"app": "kafka"})
    line = "Connection to node -1 (bootstrap.kafka.svc/10.96.0.1:9092) could not be established."
    cluster.deployment("consumer", "shop", ready=0, broken=crashing(cluster, line))
    return cluster


def test_what_is_behind_a_service_need_not_be_a_workload_that_is_read() -> None:
    found = only(broker_down())
    assert (found.code, found.workload.kind, found.workload.name) == ("crash-oom-runtime", "StrimziPodSet", "one")
    assert {("svc-no-endpoints", "bootstrap"), ("crash-dependency", "consumer")} <= suffering(found)


def test_who_follows_one_namespace_learns_that_the_other_has_to_be_looked_at() -> None:
    """Both sides name the Service."""
    cluster = broker_down()
    things = {ns: judge(cluster.snapshot(scope=[ns])).sharable for ns in ("kafka", "shop")}
    assert ("kafka", "Service/kafka/bootstrap") in things["kafka"]
    assert ("shop", "Service/kafka/bootstrap") in things["shop"]


def caller(cluster: Platform) -> None:
    """An API that is refused by the Service db."""
    line = "dial tcp 10.96.0.1:5432: connect: connection refused"
    cluster.deployment("api", "shop", 2, ready=0, broken=crashing(cluster, line))


def test_a_wrong_selector_is_why_nobody_answers() -> None:
    cluster = Platform()
    cluster.deployment("db", "shop")
    cluster.service("db", "shop", 5432, selector={"app": "database"})
    caller(cluster)
    found = only(cluster)
    assert (found.code, found.offender.name, found.offender.path) == ("svc-no-endpoints", "db", "spec.selector")
    assert ("crash-dependency", "api") in suffering(found)


def test_a_wrong_target_port_is_why_nobody_answers() -> None:
    cluster = Platform()
    cluster.deployment("db", "shop", containers=[container("db", port(5432, "pg"))])
    cluster.service("db", "shop", {"port": 5432, "targetPort": "postgres"})
    caller(cluster)
    found = only(cluster)
    assert (found.code, found.offender.name) == ("svc-port-mismatch", "db")
    assert ("crash-dependency", "api") in suffering(found)


def test_a_service_that_is_left_over_does_not_hide_who_misses_it() -> None:
    """That nothing stands behind it is information; that a program dies of it is not."""
    cluster = Platform()
    cluster.service("db", "shop", 5432)
    caller(cluster)
    found = only(cluster)
    assert (found.code, found.severity, found.offender.name) == ("crash-dependency", "critical", "db")


def test_members_of_a_set_miss_the_service_that_it_names() -> None:
    """Each names another peer; it is one cause."""
    cluster = Platform()
    cluster.stateful_set("kafka", "shop", 3, "kafka-hs", ready=0, broken=unready())
    for number in range(3):
        line = f"java.net.UnknownHostException: kafka-{(number + 1) % 3}.kafka-hs: Name or service not known"
        crashing(cluster, line)(cluster.lists["pods"][number])
    found = only(cluster)
    assert (found.code, found.offender.kind, found.offender.name) == ("crash-dependency", "Service", "kafka-hs")
    assert ("sts-service-missing", "kafka") in suffering(found)


def test_a_quota_keeps_pods_away_and_a_budget_and_an_autoscaler_feel_it() -> None:
    cluster = Platform()
    made = cluster.deployment("web", "shop", 3)
    said = 'pods "web-1" is forbidden: exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3'
    made["spec"]["replicas"] = 5
    failure = condition("ReplicaFailure", minutes=18, reason="FailedCreate", message=said)
    made["status"]["conditions"] = [condition("Available", "False", 18), failure]
    cluster.event(cluster.lists["replicasets"][0], "ReplicaSet", "FailedCreate", f"Error creating: {said}")
    cluster.budget("web", "shop", 4)
    limited = condition("ScalingLimited", minutes=18, reason="TooManyReplicas")
    cluster.autoscaler("web", "shop", condition("ScalingActive"), limited)
    found = only(cluster)
    assert (found.code, found.offender.kind, found.offender.name) == ("create-quota-exceeded", "ResourceQuota", "team")
    assert {("pdb-violated", "web"), ("hpa-maxed", "web")} <= suffering(found)
