"""From the host in a log to the Service, and from there to the workloads: what is known, and what is left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from diagnostics.engine import judge, wanted
from diagnostics.rules.crash import crash
from diagnostics.rules.dependencies import wants
from diagnostics.rules.dependencies.facts import Fact, known_of
from diagnostics.rules.dependencies.names import service_of
from diagnostics.rules.dns import dns_down
from diagnostics.rules.init.waiting import looped
from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.traffic import EndpointSlice, Service
from tests.rules.crashing import ended, status, suspect
from tests.rules.crashing import judge as judged
from tests.rules.loading import FIXTURES, load
from tests.rules.views import view

DNS = {"k8s-app": "kube-dns"}
REFUSED = "dial tcp db:5432: connect: connection refused"
MISBEHAVING = "lookup db on 10.96.0.10:53: server misbehaving"


def service(**spec: Any) -> Service:
    """A Service that selects pods of app db at port 5432."""
    given = {"selector": {"app": "db"}, "clusterIP": "10.96.0.7", "ports": [{"port": 5432}], **spec}
    return msgspec.convert({"metadata": {"name": "db", "namespace": "shop"}, "spec": given}, Service)


def workload(ready: int = 0, replicas: int = 1, labels: dict[str, str] | None = None) -> Workload:
    """A workload of app db."""
    template = {"metadata": {"labels": labels or {"app": "db"}}}
    document = {"spec": {"replicas": replicas, "template": template}, "status": {"readyReplicas": ready}}
    return msgspec.convert(document, Workload)


def crashed(line: str = REFUSED, *, of: Service | None = None, **backing: Workload) -> Suspect:
    """A container that said this and crashed; Services were read, and StatefulSets are known by their names."""
    made = suspect(status(ended()), log=[line])
    made.snapshot.read.add("services")
    if of is not None:
        made.snapshot.services["shop", "db"] = of
    made.snapshot.statefulsets |= {("shop", name): found for name, found in backing.items()}
    return made


def fact(of: Suspect, *, unresolved: bool = False, host: str = "db", port: str = "5432") -> Fact | None:
    """What is known of the host."""
    return known_of(of, host, port, unresolved=unresolved)


def only(of: Suspect) -> Finding:
    """The one finding about the crash."""
    (found,) = judged(crash, of)
    return found


SERVICES = {("shop", "db"): service(), ("data", "pg"): service(clusterIP="None")}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.96.0.7", ("shop", "db")),
        ("10.96.0.8", None),
        ("fd00::7", None),
        ("pg.data", ("data", "pg")),
        ("pgg.data", ("data", "pgg")),  # A namespace that has Services.
        ("pg-0.pg.data", ("data", "pg")),
        ("db-0.db", ("shop", "db")),
        ("api.example.com.au", None),
        ("example.com", None),
    ],
)
def test_a_host_means_the_service_that_is_known(host: str, expected: tuple[str, str] | None) -> None:
    assert service_of(host, "shop", SERVICES) == expected


@pytest.mark.parametrize(
    ("of", "unresolved"),
    [
        (crashed(), False),  # No such Service; but then the name would not have resolved.
        (crashed(of=service(selector={}, externalName="db.example.com")), False),
        (crashed(of=service()), False),  # Neither workloads nor EndpointSlices are known.
    ],
)
def test_nothing_is_said_of_what_is_not_known(of: Suspect, *, unresolved: bool) -> None:
    assert fact(of, unresolved=unresolved) is None


@pytest.mark.parametrize("namespace", [None, "shop"])
def test_services_that_could_not_be_read_are_not_missing(namespace: str | None) -> None:
    of = crashed()
    assert fact(of, unresolved=True) is not None
    of.snapshot.unavailable.append(Unavailable(resource="services", namespace=namespace))
    assert fact(of, unresolved=True) is None


def test_a_name_may_be_nothing_like_any_other() -> None:
    found = fact(crashed(), unresolved=True)
    assert found is not None
    assert (found.said, found.proves) == ("namespace shop has no Service db", True)
    assert found.evidence[0].value == "none"


def test_a_headless_service_leads_to_every_port() -> None:
    found = fact(crashed(of=service(clusterIP="None"), db=workload()), port="7000")
    assert found is not None
    assert found.said == "StatefulSet db behind Service db has 0 of 1 pods ready"


def test_all_workloads_behind_it_have_to_be_down() -> None:
    found = fact(crashed(of=service(), db=workload(), replica=workload(ready=2, replicas=2)))
    assert found is not None
    assert (found.proves, found.waits_for) == (False, (WorkloadRef(kind="Service", name="db", namespace="shop"),))
    assert "2 ready pods by now" in found.why


def test_a_name_that_exists_by_now_may_have_come_later() -> None:
    found = fact(crashed(of=service(), db=workload(ready=1)), unresolved=True)
    assert found is not None
    assert not found.proves
    assert "came up later than the failed lookup" in found.why


@pytest.mark.parametrize(("ready", "known"), [(False, True), (True, False)])
def test_endpoints_tell_where_no_workload_is_known(*, ready: bool, known: bool) -> None:
    """They may be some minutes old, so they prove nothing."""
    of = crashed(of=service())
    labels = {"kubernetes.io/service-name": "db"}
    document = {"metadata": {"labels": labels}, "endpoints": [{"conditions": {"ready": ready}}]}
    of.snapshot.endpoint_slices["shop", "db-1"] = msgspec.convert(document, EndpointSlice)
    found = fact(of)
    assert (found is not None) is known
    assert only(of).confidence is (Confidence.LIKELY if known else Confidence.CERTAIN)


@pytest.mark.parametrize("line", [REFUSED, "EAI_AGAIN db", "ETIMEDOUT"])
def test_a_log_that_complains_of_a_peer_wants_services_and_policies(line: str) -> None:
    of = crashed(line)
    assert set(wants(of)) == {("services", None), ("networkpolicies", None), ("namespaces", None)}
    of.snapshot.bookings_complete = False
    assert set(wants(of)) == {("services", "shop"), ("networkpolicies", "shop")}


def test_without_the_whole_cluster_the_namespaces_are_those_of_the_hosts() -> None:
    of = crashed("dial tcp: lookup db.data.svc.cluster.local: no such host")
    of.snapshot.bookings_complete = False
    assert {namespace for _, namespace in wants(of)} == {"shop", "data"}


@pytest.mark.parametrize(
    "of", [crashed("KeyError: 'PORT'"), suspect(status(now="running", ready=True), log=[REFUSED]), suspect()]
)
def test_nothing_is_wanted_for_other_complaints(of: Suspect) -> None:
    assert set(wants(of)) == set()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("until nslookup db.data.svc.cluster.local; do sleep 2; done", ("db.data.svc.cluster.local", "")),
        ("while ! nc -z -w 2 db 5432; do sleep 1; done", ("db", "5432")),
        ("until getent hosts db; do echo .; done", ("db", "")),
        ("until curl -sf http://api:8080/healthz; do sleep 2; done", ("api", "8080")),
        ("until wget -q -O- http://api/healthz; do sleep 2; done", ("api", "")),
        ("until pg_isready -U app -h db -p 5432; do sleep 2; done", ("db", "")),
        ("/wait-for-it.sh db:5432 -t 60", ("db", "5432")),
        ("dockerize -wait tcp://db:5432 -timeout 60s", ("db", "5432")),
        ("nslookup db", None),
        ("until nc -z $DB_HOST 5432; do sleep 1; done", None),
        ("while true; do sleep 60; done", None),
    ],
)
def test_whom_a_command_waits_for(command: str, expected: tuple[str, str] | None) -> None:
    assert looped(command) == expected


# The cluster's DNS.


def with_dns(of: Suspect, ready: int, replicas: int = 2) -> Suspect:
    """The same with CoreDNS in its cluster."""
    of.snapshot.deployments["kube-system", "coredns"] = workload(ready, replicas, DNS)
    return of


def test_what_is_ruled_out_where_the_dns_is_up() -> None:
    of = with_dns(crashed(MISBEHAVING, of=service()), 2)
    of.snapshot.read.add("networkpolicies")
    found = only(of)
    assert found.rule.code == "dns-failing-app"
    assert found.ruled_out[:3] == (
        "the DNS is down: Deployment coredns has 2 of 2 pods ready",
        "wrong name: Service db exists in namespace shop",
        "NetworkPolicy: none isolates the egress of this pod",
    )
    assert len(only(with_dns(crashed("EAI_AGAIN nobody"), 2)).ruled_out) == 1


def test_a_lookup_fails_because_the_dns_is_down_or_nobody_knows_why() -> None:
    down = only(with_dns(crashed(MISBEHAVING), 0))
    assert (down.rule.code, [ref.name for ref in down.waits_for]) == ("crash-dependency", ["coredns"])
    unknown = only(crashed(MISBEHAVING))
    assert (unknown.rule.code, unknown.waits_for) == ("crash-dependency", ())


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        ({"coredns": (0, 2)}, ["coredns"]),
        ({"coredns": (1, 2)}, []),
        ({"coredns": (0, 0)}, []),  # Nobody misses it: another DNS has taken its place.
        ({"coredns": (0, 2), "kube-dns": (1, 1)}, []),
    ],
)
def test_the_dns_is_down_when_nobody_serves_it(deployments: dict[str, Sequence[int]], expected: list[str]) -> None:
    snapshot = Snapshot(cluster="lab", now=suspect().now)
    for name, (ready, replicas) in deployments.items():
        made = workload(ready, replicas, DNS)
        metadata = msgspec.structs.replace(made.metadata, name=name, namespace="kube-system")
        snapshot.deployments["kube-system", name] = msgspec.structs.replace(made, metadata=metadata)
    views = (view(snapshot, "Deployment", name) for name in deployments)
    assert [one.metadata.name for one in views if list(dns_down.judge(one))] == expected


def test_other_workloads_are_not_the_dns() -> None:
    of = with_dns(crashed(), 0)
    assert list(dns_down.judge(view(of.snapshot, "Deployment"))) == []


# Whole fixtures: what hangs under what.


@pytest.mark.parametrize(
    ("case", "root", "symptoms"),
    [
        ("crash-dependency/cascading", "redis", {"auth", "payment"}),
        ("crash-dependency/ring", "orders", {"stock"}),
        ("dns-service-down/no-ready-pod", "coredns", {"api"}),
        ("dns-service-down/crashing", "coredns", {"api", "coredns"}),
        ("dns-service-down/scaled-to-0", "coredns", {"api"}),
    ],
)
def test_what_waits_hangs_under_what_it_waits_for(case: str, root: str, symptoms: set[str]) -> None:
    (found,) = (one for one in judge(load(FIXTURES / case)).verdicts if one.workload.kind != "Node")
    assert (found.workload.name, {one.workload.name for one in found.symptoms} - {root}) == (root, symptoms - {root})


def test_an_init_container_wants_to_know_whom_it_waits_for() -> None:
    resources = wanted(load(FIXTURES / "init-wait-dependency" / "silent")).resources
    assert ("services", None) in resources
