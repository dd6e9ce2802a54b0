"""Whether a policy stands between two pods: only what is known counts against it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.rules.model import Finding
from diagnostics.rules.policies import isolated
from diagnostics.rules.policies.flow import Port, Side, blocked
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.admission import Namespace
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.traffic import NetworkPolicy
from tests.rules.crashing import NOW, at, ended, judge, status, suspect
from tests.rules.test_dependencies import DNS, service, workload

SOURCE, TARGET, PORT = Side("shop", {"app": "cart"}), Side("data", {"app": "db"}), Port(5432, "pg")
DATA = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}
TEAM = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
DB = {"podSelector": {"matchLabels": {"app": "db"}}}
TIMED_OUT = "dial tcp db:5432: i/o timeout"


def policy(namespace: str = "shop", name: str = "p", **spec: Any) -> NetworkPolicy:
    """A policy for every pod of the namespace."""
    metadata = {"name": name, "namespace": namespace}
    return msgspec.convert({"metadata": metadata, "spec": {"podSelector": {}, **spec}}, NetworkPolicy)


def snapshot(*policies: NetworkPolicy, team: str | None = None) -> Snapshot:
    """A cluster with those policies; `team` is a label of namespace data, if that was read."""
    made = Snapshot(cluster="lab", now=NOW)
    made.network_policies = {(one.metadata.namespace, one.metadata.name): one for one in policies}
    if team is not None:
        document = {"metadata": {"name": "data", "labels": {"team": team}}}
        made.namespaces["data"] = msgspec.convert(document, Namespace)
    return made


def egress(*to: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The spec of a policy with one rule for what leaves."""
    return {"policyTypes": ["Egress"], "egress": [{"to": list(to), "ports": ports or []}]}


@pytest.mark.parametrize(
    ("spec", "passes"),
    [
        ({"policyTypes": ["Egress"]}, False),
        ({"policyTypes": ["Ingress"]}, True),
        ({"policyTypes": ["Egress"], "podSelector": {"matchLabels": {"app": "web"}}}, True),
        (egress(), True),
        (egress(DB), False),  # Pods of the policy's own namespace.
        (egress({**DB, **DATA}), True),
        (egress({**DB, "namespaceSelector": {}}), True),
        (egress({**DATA, "podSelector": {"matchLabels": {"app": "web"}}}), False),
        (egress({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}), False),
        (egress(TEAM), True),  # The namespace's labels were not read.
        (egress({"ipBlock": {"cidr": "10.0.0.0/8"}}), True),  # The pod's address is not known.
        (egress(ports=[{"port": 5432}]), True),
        (egress(ports=[{"port": 5432, "protocol": "UDP"}]), False),
        (egress(ports=[{"port": 6379}]), False),
        (egress(ports=[{"port": 5000, "endPort": 6000}]), True),
        (egress(ports=[{"port": "pg"}]), True),
        (egress(ports=[{"port": "redis"}]), False),
        (egress(ports=[{"protocol": "TCP"}]), True),
    ],
)
def test_what_leaves(spec: dict[str, Any], *, passes: bool) -> None:
    found = blocked(snapshot(policy(**spec)), SOURCE, TARGET, PORT)
    assert (found is None) is passes
    assert found is None or found.direction == "Egress"


@pytest.mark.parametrize(("team", "passes"), [("a", True), ("b", False)])
def test_a_namespace_is_told_by_its_labels(team: str, *, passes: bool) -> None:
    assert (blocked(snapshot(policy(**egress(TEAM)), team=team), SOURCE, TARGET, PORT) is None) is passes


@pytest.mark.parametrize(
    ("port", "allowed", "passes"),
    [
        (Port(None), {"port": 6379}, True),
        (Port(None, "pg"), {"port": "redis"}, False),
        (Port(5432), {"port": "redis"}, True),  # Which number that is, only the pods know.
    ],
)
def test_a_port_of_which_little_is_known(port: Port, allowed: dict[str, Any], *, passes: bool) -> None:
    assert (blocked(snapshot(policy(**egress(ports=[allowed]))), SOURCE, TARGET, port) is None) is passes


@pytest.mark.parametrize(
    ("peer", "passes"),
    [
        ({"ipBlock": {"cidr": "192.0.2.0/24"}}, True),
        ({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.9/32"]}}, False),
        ({"ipBlock": {"cidr": "198.51.100.0/24"}}, False),
        ({"ipBlock": {"cidr": "nonsense"}}, True),
        (DB, True),  # It may be a pod's address.
    ],
)
def test_an_address(peer: dict[str, Any], *, passes: bool) -> None:
    found = blocked(snapshot(policy(**egress(peer))), SOURCE, Side(address="192.0.2.9"), PORT)
    assert (found is None) is passes


@pytest.mark.parametrize(("peer", "passes"), [({"ipBlock": {"cidr": "0.0.0.0/0"}}, True), (DB, False)])
def test_a_host_outside_is_no_pod(peer: dict[str, Any], *, passes: bool) -> None:
    assert (blocked(snapshot(policy(**egress(peer))), SOURCE, Side(), PORT) is None) is passes


@pytest.mark.parametrize(
    ("peers", "passes"),
    [
        ([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}], True),
        ([{"podSelector": {}}], False),
        ([], True),
    ],
)
def test_what_enters(peers: list[dict[str, Any]], *, passes: bool) -> None:
    found = blocked(snapshot(policy("data", ingress=[{"from": peers}])), SOURCE, TARGET, PORT)
    assert (found is None) is passes
    assert found is None or found.direction == "Ingress"


def test_one_policy_that_allows_it_is_enough() -> None:
    allowing = policy(name="allow", **egress(DATA))
    assert blocked(snapshot(policy(policyTypes=["Egress"]), allowing), SOURCE, TARGET, PORT) is None


def test_sides_and_ports_in_words() -> None:
    hashed = Side("shop", {"app": "cart", "pod-template-hash": "7f6"})
    assert (str(hashed), str(Side()), str(Side(address="192.0.2.9"))) == (
        "pods with app=cart in namespace shop",
        "any address",
        "192.0.2.9",
    )
    assert (str(Port(53)), str(Port(None, "dns")), str(Port(None))) == ("53", "dns", "any")


# Findings.


def calling(
    line: str = TIMED_OUT, *policies: NetworkPolicy, of: dict[str, Any] | None = None, ready: int = 1, **more: Any
) -> Suspect:
    """A crash with that line in the log, in a namespace where nothing may leave, with a Service db before a StatefulSet."""
    made = suspect(*more.pop("statuses", (status(ended()),)), log=[line], metadata={"labels": {"app": "cart"}}, **more)
    denied = policies or (policy(policyTypes=["Egress"]),)
    made.snapshot.network_policies = {("shop", one.metadata.name): one for one in denied}
    made.snapshot.services["shop", "db"] = service(**of or {})
    made.snapshot.statefulsets["shop", "db"] = workload(ready)
    made.snapshot.read.add("services")
    return made


def only(of: Suspect) -> Finding:
    """The one finding."""
    (found,) = judge(isolated, of)
    return found


@pytest.mark.parametrize(
    ("line", "peer"),
    [
        (TIMED_OUT, "Service db on port 5432"),
        ("connect to db: ETIMEDOUT http://db/", "Service db"),
        ("dial tcp api.example.com:443: i/o timeout", "api.example.com:443"),
        ("http://api.example.com/ ETIMEDOUT", "api.example.com"),
        ("dial tcp 192.0.2.9:443: i/o timeout", "192.0.2.9:443"),
        ("dial tcp 10.96.0.7:5432: connect: no route to host", "Service db on port 5432"),
        ("getaddrinfo EAI_AGAIN db", "the cluster's DNS"),
    ],
)
def test_whom_it_does_not_reach(line: str, peer: str) -> None:
    assert only(calling(line)).params["peer"] == peer


@pytest.mark.parametrize(
    "of",
    [
        calling(spec={"hostNetwork": True}),
        calling("dial tcp db:5432: connect: connection refused"),
        calling("dial tcp 127.0.0.1:5432: i/o timeout"),
        calling("context deadline exceeded"),
        calling("dial tcp other:5432: i/o timeout"),
        calling("dial tcp db:9999: i/o timeout"),
        calling(ready=0),
        calling("it was fun"),
        calling(statuses=(status(ended(0, "Completed")),)),
        calling(TIMED_OUT, policy(policyTypes=["Ingress"], podSelector={"matchLabels": {"app": "cart"}})),
    ],
    ids=[
        "of-the-node",
        "refused",
        "itself",
        "nobody-named",
        "no-such-service",
        "no-such-port",
        "down",
        "no-complaint",
        "no-failure",
        "another-direction",
    ],
)
def test_quiet(of: Suspect) -> None:
    assert judge(isolated, of) == []


def test_an_address_may_be_a_services_that_was_not_read() -> None:
    of = calling("dial tcp 192.0.2.9:443: i/o timeout")
    of.snapshot.read.clear()
    assert judge(isolated, of) == []


@pytest.mark.parametrize(("ready", "expected"), [(0, []), (2, ["netpol-isolates"])])
def test_a_dns_that_is_down_answers_nobody(ready: int, expected: list[str]) -> None:
    of = calling("getaddrinfo EAI_AGAIN db")
    of.snapshot.deployments["kube-system", "coredns"] = workload(ready, 2, DNS)
    assert [found.rule.code for found in judge(isolated, of)] == expected


@pytest.mark.parametrize(
    ("ports", "container", "port"),
    [
        ([{"port": 5432, "targetPort": "pg"}], [{"name": "pg", "containerPort": 15432}], "TCP port 15432"),
        ([{"port": 5432, "targetPort": 15432}], [{"name": "other", "containerPort": 1}], "TCP port 15432"),
        ([{"port": 5432, "targetPort": "pg"}], [], "TCP port pg"),
    ],
)
def test_the_port_is_that_of_the_pods(ports: list[Any], container: list[Any], port: str) -> None:
    of = calling(of={"ports": ports})
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "ports": container}]}}
    document = {"spec": {"replicas": 1, "template": template}, "status": {"readyReplicas": 1}}
    of.snapshot.statefulsets["shop", "db"] = msgspec.convert(document, type(of.snapshot.statefulsets["shop", "db"]))
    assert port in str(only(of).params["traffic"])


def test_several_policies_are_all_named() -> None:
    policies = (policy(name="b", policyTypes=["Egress"]), policy(name="a", **egress(DB, ports=[{"port": 1}])))
    found = only(calling(TIMED_OUT, *policies))
    assert found.params["policies"] == "NetworkPolicies a, b"
    assert [one.value for one in found.evidence[1:3]] == ["1 rule", "no rule"]


def test_one_that_runs_and_is_not_ready_is_asked_as_well() -> None:
    running = status(now="running", started=True)
    found = only(calling(statuses=(running,), conditions=[{"type": "Ready", "status": "False"}]))
    assert found.evidence[0].path == "log, line 1 of 1"


def test_an_init_container_that_runs_is_asked_as_well() -> None:
    init = {"name": "app", "state": {"running": {"startedAt": at(minutes=5)}}}
    of = calling(statuses=(), containers=[], spec={"initContainers": [{"name": "app"}]}, initContainerStatuses=[init])
    assert f"{only(of).since:%M}" == "55"
