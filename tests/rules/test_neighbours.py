"""What is said of the pods that are in a waiting pod's way: who they are where that is known, and less where it is not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from diagnostics.rules.model import Finding
from diagnostics.snapshot.admission import Namespace
from diagnostics.snapshot.cluster import Malformed, Snapshot, Unavailable
from diagnostics.snapshot.pods import Pod
from tests.rules.clusters import cluster, finding, node, pod, running
from tests.rules.test_scheduling import changed, claim

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
SPREAD, NO_PORT = "didn't match pod topology spread constraints", "didn't have free ports for the requested pod ports"
ANTI, EXISTING = "didn't match pod anti-affinity rules", "didn't satisfy existing pods anti-affinity rules"
AFFINITY = "didn't match pod affinity rules"


def refused(*reasons: str, of: int, **spec: Any) -> Pod:
    return pod(f"0/{of} nodes are available: {', '.join(reasons)}.", **spec)


def selecting(**labels: str) -> dict[str, Any]:
    return {"matchLabels": labels}


def term(key: str = HOST, selector: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": selecting(app="web") if selector is None else selector, **fields}


def affinity(kind: str, *terms: dict[str, Any]) -> dict[str, Any]:
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def repelling(*terms: dict[str, Any]) -> dict[str, Any]:
    return affinity("podAntiAffinity", *terms)


def zones(*names: str, **nodes: Any) -> Snapshot:
    """A cluster with a node in each zone, `n1`, `n2`...; those that are given stand for them."""
    return cluster(
        *(nodes.get(f"n{i}") or node(f"n{i}", labels={ZONE: name}) for i, name in enumerate(names, 1)), replicas=9
    )


# Spreading.


def spread(key: str = ZONE, **fields: Any) -> list[dict[str, Any]]:
    constraint = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule"}
    return [{**constraint, "labelSelector": selecting(app="web"), **fields}]


def uneven() -> Snapshot:
    """Three pods in zone a, one in b, none in c, whose only node is cordoned."""
    snapshot = zones("a", "b", "c", n3=node("n3", labels={ZONE: "c"}, cordoned=True))
    for on in ("n1", "n1", "n1", "n2"):
        running(snapshot, "web", on)
    return snapshot


def waiting_to_spread(**fields: Any) -> Pod:
    reasons = (f"2 node(s) {SPREAD}", "1 node(s) were unschedulable")
    return refused(*reasons, of=3, topologySpreadConstraints=spread(**fields))


def test_the_pods_of_each_domain_are_counted_and_the_emptiest_explained() -> None:
    found = finding(uneven(), waiting_to_spread())
    assert found.rule.code == "sched-topology-spread"
    assert found.params["skew"] == ": a has 3, b 1, c 0"
    assert found.params["emptiest"] == " It would have to go to the zone with the fewest (c): n3 is cordoned."
    assert "n1, n2 if its spread constraint were a wish" in str(found.params["would_fit"])


def test_the_emptiest_domain_may_be_full_of_others_or_closed_by_a_taint() -> None:
    tainted = node("n4", {"key": "x", "effect": "NoSchedule"}, labels={ZONE: "c"})
    snapshot = zones("a", "c", "c", "c", "a", n3=node("n3", labels={ZONE: "c"}, pods="0"), n4=tainted)
    running(snapshot, "web", "n1")
    running(snapshot, "other", "n2", requests={"cpu": "4"})
    reasons = ("1 Insufficient cpu", "1 Too many pods", "1 node(s) had untolerated taint(s)", f"2 node(s) {SPREAD}")
    found = finding(snapshot, refused(*reasons, of=5, topologySpreadConstraints=spread(), requests={"cpu": "1"}))
    assert str(found.params["emptiest"]).endswith(
        "(c): n2 has not enough cpu (0 of 4 free), n3 is full of pods (0 of 0 free), n4 has the taint x:NoSchedule."
    )


def test_pods_that_leave_that_have_ended_or_that_are_others_do_not_count_for_the_spread() -> None:
    snapshot = uneven()
    running(snapshot, "api", "n3")
    running(snapshot, "web", "n3", namespace="cellar")
    running(snapshot, "web", "gone-node")
    leaving = {
        "name": "web-x",
        "namespace": "shop",
        "labels": {"app": "web"},
        "deletionTimestamp": "2026-11-23T03:59:00Z",
    }
    snapshot.placed.add(msgspec.convert({"metadata": leaving, "spec": {"nodeName": "n3"}}, Pod))
    assert finding(snapshot, waiting_to_spread()).params["skew"] == ": a has 3, b 1, c 0"


@pytest.mark.parametrize(
    ("fields", "skew"),
    [
        ({"maxSkew": 4}, ""),
        ({"minDomains": 4}, ": a has 3, b 1, c 0"),
        ({"matchLabelKeys": ["missing"]}, ": a has 3, b 1, c 0"),
        ({"matchLabelKeys": ["app"], "labelSelector": {}}, ": a has 3, b 1, c 0"),
        ({"nodeTaintsPolicy": "Honor"}, ": a has 3, b 1, c 0"),
        ({"labelSelector": {"matchExpressions": [{"key": "apps.kubernetes.io/pod-index", "operator": "Exists"}]}}, ""),
    ],
    ids=["contradicts", "min domains", "a key it lacks", "a key it has", "taints honoured", "labels of one pod"],
)
def test_numbers_that_the_scheduler_cannot_mean_are_not_shown(fields: dict[str, Any], skew: str) -> None:
    assert finding(uneven(), waiting_to_spread(**fields)).params["skew"] == skew


def test_domains_that_its_selector_or_taints_rule_out_are_no_place_to_spread_to() -> None:
    snapshot = zones("a", "b", n2=node("n2", {"key": "x", "effect": "NoSchedule"}, labels={ZONE: "b"}))
    running(snapshot, "web", "n1")
    waiting = refused(
        f"1 node(s) {SPREAD}",
        "1 node(s) had untolerated taint(s)",
        of=2,
        topologySpreadConstraints=spread(nodeTaintsPolicy="Honor", minDomains=2),
    )
    assert finding(snapshot, waiting).params["skew"] == ": a has 1"
    selected = refused(
        f"1 node(s) {SPREAD}",
        "1 node(s) didn't match Pod's node affinity/selector",
        of=2,
        topologySpreadConstraints=spread(minDomains=2),
        nodeSelector={ZONE: "a"},
    )
    snapshot.suspects.clear()
    assert finding(snapshot, selected).params["skew"] == ": a has 1"


def test_many_domains_are_cut_but_the_emptiest_stays() -> None:
    snapshot = cluster(*(node(f"n{i}", cordoned=i == 9) for i in range(1, 10)), replicas=99)
    for i in range(1, 9):
        running(snapshot, "web", f"n{i}")
    reasons = (f"8 node(s) {SPREAD}", "1 node(s) were unschedulable")
    found = finding(snapshot, refused(*reasons, of=9, topologySpreadConstraints=spread(HOST)))
    assert found.params["skew"] == ": n1 has 1, n2 1, n3 1, n4 1, n5 1, n9 0"


def test_a_missing_label_is_no_skew() -> None:
    snapshot = cluster(node("n1"), replicas=3)
    running(snapshot, "web", "n1")
    message = f"1 node(s) {SPREAD} (missing required label)"
    found = finding(snapshot, refused(message, of=1, topologySpreadConstraints=spread()))
    assert found.params["skew"] == ""


# Anti-affinity: its own, and that of others.


def test_each_domain_that_is_taken_is_named_with_who_takes_it() -> None:
    snapshot = zones("a", "b", "c")
    for name, on in (("cache", "n1"), ("queue", "n1"), ("cache", "n2")):
        running(snapshot, name, on, labels={"tier": "data"})
    running(snapshot, "batch-7", "n3", labels={"tier": "data"}, namespace="cellar")
    avoid = term(selector=selecting(tier="data"), namespaceSelector={})
    found = finding(snapshot, refused(f"3 node(s) {ANTI}", of=3, affinity=repelling(avoid)))
    assert found.params["taken"] == (
        " Taken are n1 by Deployment cache and Deployment queue, n2 by Deployment cache, n3 by Pod cellar/batch-7."
    )


@pytest.mark.parametrize(
    ("scope", "known"),
    [
        ({"namespaces": ["cellar"]}, True),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": selecting(**{"kubernetes.io/metadata.name": "cellar"})}, True),
        ({"namespaceSelector": selecting(team="data")}, True),
        ({"namespaceSelector": selecting(team="web")}, False),
        ({}, False),
    ],
    ids=["named", "all", "by name", "by label", "by another label", "its own"],
)
def test_a_term_looks_into_its_namespaces_only(scope: dict[str, Any], known: bool) -> None:
    snapshot = zones("a")
    running(snapshot, "cache", "n1", labels={"tier": "data"}, namespace="cellar")
    snapshot.namespaces["cellar"] = msgspec.convert(
        {"metadata": {"name": "cellar", "labels": {"team": "data"}}}, Namespace
    )
    avoid = term(selector=selecting(tier="data"), **scope)
    found = finding(snapshot, refused(f"1 node(s) {ANTI}", of=1, affinity=repelling(avoid)))
    assert found.params["taken"] == (" Taken are n1 by Deployment cellar/cache." if known else "")


def test_namespaces_whose_labels_were_not_read_are_not_guessed() -> None:
    snapshot = zones("a")
    running(snapshot, "cache", "n1", labels={"tier": "data"}, namespace="cellar")
    avoid = term(selector=selecting(tier="data"), namespaceSelector=selecting(team="data"))
    found = finding(snapshot, refused(f"1 node(s) {ANTI}", of=1, affinity=repelling(avoid)))
    assert found.params["taken"] == ""


def test_all_namespaces_are_not_known_where_only_some_were_counted() -> None:
    snapshot = zones("a")
    snapshot.bookings_complete, snapshot.counted_namespaces = False, frozenset({"shop"})
    running(snapshot, "cache", "n1", labels={"tier": "data"})
    avoid = term(selector=selecting(tier="data"), namespaceSelector={})
    found = finding(snapshot, refused(f"1 node(s) {ANTI}", of=1, affinity=repelling(avoid)))
    assert found.params["taken"] == ""


def repelled(**scope: Any) -> tuple[Snapshot, Pod]:
    snapshot = zones("a", "a", "b", n3=node("n3", labels={ZONE: "b"}, cordoned=True))
    running(snapshot, "db", "n1", affinity=repelling(term(ZONE, **scope)), namespace="cellar" if scope else "shop")
    return snapshot, refused(f"2 node(s) {EXISTING}", "1 node(s) were unschedulable", of=3)


@pytest.mark.parametrize(
    "scope", [{}, {"namespaces": ["shop"]}, {"namespaceSelector": {}}], ids=["its own", "named", "all"]
)
def test_who_repels_the_pod_is_named_and_blamed(scope: dict[str, Any]) -> None:
    found = finding(*repelled(**scope))
    name = "cellar/db" if scope else "db"
    assert (found.rule.code, found.params["repelling"]) == ("sched-existing-anti-affinity", f": Deployment {name} in a")
    assert found.offender is not None
    assert (found.offender.kind, found.offender.name) == ("Deployment", "db")
    assert found.evidence[-1].object == "Pod/db"


@pytest.mark.parametrize(
    "scope", [{"namespaces": ["elsewhere"]}, {"namespaceSelector": selecting(team="web")}], ids=["others", "unread"]
)
def test_who_does_not_repel_it_is_not(scope: dict[str, Any]) -> None:
    found = finding(*repelled(**scope))
    assert (found.params["repelling"], found.offender and found.offender.path) == ("", "spec.template.metadata.labels")


def test_of_several_that_repel_it_none_is_the_offender() -> None:
    snapshot, waiting = repelled()
    running(snapshot, "queue-1", "n2", affinity=repelling(term(ZONE), term(ZONE, selecting(app="other"))))
    found = finding(snapshot, waiting)
    assert found.params["repelling"] == ": Deployment db in a, Pod queue-1 in a"
    assert found.offender is not None
    assert found.offender.name == "web"


def test_who_repels_it_from_where_it_may_not_go_anyway_is_not_to_blame() -> None:
    snapshot, waiting = repelled()
    running(snapshot, "queue", "n3", affinity=repelling(term(ZONE)))
    found = finding(snapshot, waiting)
    assert found.params["repelling"] == ": Deployment db in a"
    assert found.offender is not None
    assert found.offender.name == "db"


def test_a_kind_without_a_known_template_is_blamed_as_a_whole() -> None:
    snapshot = zones("a")
    owners = [{"kind": "Database", "name": "orders", "controller": True}]
    document = {
        "metadata": {"name": "orders-1", "namespace": "shop", "ownerReferences": owners},
        "spec": {"nodeName": "n1", "affinity": repelling(term())},
    }
    snapshot.count(msgspec.convert(document, Pod))
    found = finding(snapshot, refused(f"1 node(s) {EXISTING}", of=1))
    assert found.offender is not None
    assert (found.offender.kind, found.offender.path) == ("Database", None)


# Affinity.


def seeking(*terms: dict[str, Any]) -> Pod:
    return refused(f"1 node(s) {AFFINITY}", of=1, affinity=affinity("podAffinity", *terms))


@pytest.mark.parametrize(
    ("labels", "on", "nearest"),
    [
        ({"app": "cache"}, "n1", "; the nearest is app=cache"),
        ({"app": "kafka"}, "n1", "; no pod has these labels"),
        ({"app": "caches"}, "n2", "; there are Deployment other on nodes without the label kubernetes.io/hostname"),
    ],
    ids=["a slip of the pen", "nothing like it", "elsewhere"],
)
def test_what_comes_nearest_to_the_pods_that_it_must_be_with(labels: dict[str, str], on: str, nearest: str) -> None:
    snapshot = zones("a")
    running(snapshot, "other", on, labels=labels)
    found = finding(snapshot, seeking(term(selector=selecting(app="caches"))))
    assert (found.rule.code, found.params["nearest"]) == ("sched-pod-affinity", nearest)


def test_the_pods_that_it_must_be_with_are_where_it_may_not_go() -> None:
    snapshot = zones("a", "b", n2=node("n2", labels={ZONE: "b"}, cordoned=True))
    running(snapshot, "cache", "n2")
    wanted = affinity("podAffinity", term(ZONE, selecting(app="cache")))
    waiting = refused(f"1 node(s) {AFFINITY}", "1 node(s) were unschedulable", of=2, affinity=wanted)
    assert finding(snapshot, waiting).params["nearest"] == "; there are Deployment cache in b"


def test_all_terms_must_hold_for_the_same_pods() -> None:
    snapshot = zones("a")
    running(snapshot, "cache", "n1", labels={"app": "cache"})
    running(snapshot, "queue", "n1", labels={"tier": "data"})
    found = finding(snapshot, seeking(term(selector=selecting(app="cache")), term(selector=selecting(tier="data"))))
    assert (found.rule.code, found.params["nearest"]) == ("sched-pod-affinity", "; there are Deployment cache on n1")


def test_the_first_of_a_group_only_needs_the_label() -> None:
    snapshot = zones("a", "b", n2=node("n2", cordoned=True))
    running(snapshot, "other", "n1")
    wanted = affinity("podAffinity", term(ZONE))
    waiting = refused(
        "1 Insufficient cpu", "1 node(s) were unschedulable", of=2, affinity=wanted, requests={"cpu": "4"}
    )
    snapshot.bookings["n1"].requests["cpu"] = Decimal(2)
    assert "It would fit on n1 if it requested at most 2 CPU" in str(finding(snapshot, waiting).params["would_fit"])


def test_a_selector_that_selects_nothing() -> None:
    snapshot = zones("a")
    running(snapshot, "other", "n1")
    found = finding(snapshot, seeking({"topologyKey": HOST}))
    assert found.params["nearest"] == "; no pod has these labels"


# Host ports.


def wanting_port(*ports: dict[str, Any], of: int = 2) -> Pod:
    document = msgspec.to_builtins(refused(f"{of} node(s) {NO_PORT}", of=of))
    document["spec"]["containers"][0]["ports"] = list(ports) or [{"hostPort": 8080}]
    return msgspec.convert(document, Pod)


def test_who_holds_the_port_on_each_node() -> None:
    snapshot = zones("a", "b")
    for on in ("n1", "n2"):
        running(snapshot, "proxy", on, ports=[{"hostPort": 8080}], namespace="edge")
    found = finding(snapshot, wanting_port())
    assert found.params["holders"] == ": by Deployment edge/proxy on n1, n2"
    assert [one.value for one in found.evidence[-2:]] == [
        "holds the port (namespace edge, node n1)",
        "holds the port (namespace edge, node n2)",
    ]


def test_a_port_that_seems_to_be_free_has_no_holder() -> None:
    snapshot = zones("a", "b")
    running(snapshot, "proxy", "n1", ports=[{"hostPort": 8080}])
    found = finding(snapshot, wanting_port())
    assert (found.params["holders"], len(found.evidence)) == (": by Deployment proxy on n1", 3)


def test_a_port_that_is_taken_hides_what_else_is_short() -> None:
    """The scheduler only counts the first; that lifting the other alone would help is not said."""
    snapshot = zones("a", "b")
    running(snapshot, "proxy", "n1", ports=[{"hostPort": 8080}], requests={"cpu": "4"})
    running(snapshot, "other", "n2", requests={"cpu": "3"})
    document = msgspec.to_builtins(refused(f"1 node(s) {NO_PORT}", "1 Insufficient cpu", of=2, requests={"cpu": "2"}))
    document["spec"]["containers"][0]["ports"] = [{"hostPort": 8080}]
    found = finding(snapshot, msgspec.convert(document, Pod))
    assert (found.rule.code, found.params["would_fit"]) == (
        "sched-insufficient-cpu",
        "It would fit on n2 if it requested at most 1 CPU. ",
    )


def test_a_holder_that_is_known_is_named_even_if_others_were_not_counted() -> None:
    snapshot = zones("a", "b")
    snapshot.bookings_complete = False
    running(snapshot, "proxy", "n2", ports=[{"hostPort": 8080}])
    assert finding(snapshot, wanting_port()).params["holders"] == ": by Deployment proxy on n2"


# Claims and disks.


def test_the_pod_that_holds_a_claim_for_one_pod_is_the_offender() -> None:
    snapshot = cluster(node("a"))
    snapshot.claims["shop", "web-data"] = claim(spec={"accessModes": ["ReadWriteOncePod"]})
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]
    running(snapshot, "backup", "a", volumes=volumes)
    message = "1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    found = finding(snapshot, refused(message, of=1, volumes=volumes))
    assert (found.params["holder"], found.offender and found.offender.kind) == (
        "Pod backup of Deployment backup on a",
        "Pod",
    )


@pytest.mark.parametrize("held", [True, False])
def test_who_uses_the_disk(held: bool) -> None:
    snapshot = cluster(node("a"))
    volumes = [{"name": "data", "gcePersistentDisk": {"pdName": "pd-1"}}]
    if held:
        running(snapshot, "db", "a", volumes=volumes)
    found = finding(snapshot, refused("1 node(s) had no available disk", of=1, volumes=volumes))
    assert found.params["holders"] == (": pd-1 by Deployment db on a" if held else "")


# Who books the most.


def full() -> Snapshot:
    snapshot = zones("a", "b")
    for name, on, cpu in (
        ("db", "n1", "2"),
        ("db", "n2", "1"),
        ("api", "n1", "500m"),
        ("api", "n1", "500m"),
        ("x-1", "n2", "3"),
    ):
        running(snapshot, name, on, requests={"cpu": cpu}, labels={"cpu": cpu})
    running(snapshot, "idle", "n1")
    return snapshot


def test_the_workloads_that_have_the_most_booked_are_named() -> None:
    found = finding(full(), refused("2 Insufficient cpu", of=2, requests={"cpu": "2"}))
    assert found.params["reservers"] == (
        " Most on n1, n2 is booked by Deployment db (3 CPUs in 2 pods), Pod x-1 (3 CPUs in 1 pod),"
        " Deployment api (1 CPU in 2 pods)."
    )


def test_the_workloads_with_the_most_pods_on_a_node_that_is_full_of_them() -> None:
    snapshot = cluster(node("a", pods="3"))
    for name in ("db", "api", "api"):
        running(snapshot, name, "a")
    found = finding(snapshot, refused("1 Too many pods", of=1))
    assert found.params["reservers"] == " Most on a is booked by Deployment api (2 pods), Deployment db (1 pod)."


# What was not counted, or not just now.


def lacking(**fields: Any) -> Callable[[Snapshot], None]:
    def apply(snapshot: Snapshot) -> None:
        for name, value in fields.items():
            setattr(snapshot, name, value)

    return apply


def _blur(snapshot: Snapshot) -> None:
    snapshot.placed.blurred.add("shop")


@pytest.mark.parametrize(
    "lack",
    [
        lacking(unavailable=[Unavailable(resource="pods", namespace="shop")]),
        lacking(malformed_objects=[Malformed(resource="pods", namespace="shop")]),
        lacking(malformed_objects=[Malformed(resource="pods")]),
        lacking(bookings_complete=False),
        _blur,
    ],
    ids=["forbidden", "malformed", "malformed somewhere", "a label selector", "not told apart"],
)
def test_what_was_not_counted_is_not_said(lack: Callable[[Snapshot], None]) -> None:
    assert _everything_counted(lack) == {"skew": "", "repelling": "", "reservers": "", "nearest": ""}


def test_one_namespace_tells_of_itself() -> None:
    lack = lacking(bookings_complete=False, counted_namespaces=frozenset({"shop"}))
    said = _everything_counted(lack)
    assert said == {
        "skew": ": a has 3, b 1, c 0",
        "repelling": "",
        "reservers": "",
        "nearest": "; no pod has these labels",
    }


def _everything_counted(lack: Callable[[Snapshot], None]) -> dict[str, object]:
    sought = zones("a")
    running(sought, "other", "n1")
    cases: list[tuple[str, Snapshot, Pod]] = [
        ("skew", uneven(), waiting_to_spread()),
        ("repelling", *repelled()),
        ("reservers", full(), refused("2 Insufficient cpu", of=2, requests={"cpu": "2"})),
        ("nearest", sought, seeking(term(selector=selecting(app="kafka")))),
    ]
    said = {}
    for param, snapshot, waiting in cases:
        lack(snapshot)
        said[param] = finding(snapshot, waiting).params[param]
    return said


def test_what_the_last_sweep_counted_is_said_to_be_of_then() -> None:
    snapshot = uneven()
    snapshot.counted_before = True
    found = finding(snapshot, waiting_to_spread())
    assert str(found.params["nodes"]).startswith("Of 3 nodes, with the pods as of the last sweep: 2 ")


# Victims.


def leaving(name: str, **fields: Any) -> Pod:
    going = changed(pod(None, nodeName="a"), metadata__name=name, metadata__deletionTimestamp="2026-11-23T04:00:30Z")
    return changed(going, **fields)


def preempting(*others: Pod) -> Finding:
    snapshot = cluster(node("a"))
    snapshot.suspects.extend(others)
    waiting = refused("1 Insufficient cpu", of=1, priority=1000)
    return finding(snapshot, changed(waiting, status__nominatedNodeName="a"))


TOLD = {"status__conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]}


def test_victims_are_those_that_the_scheduler_told_to_go() -> None:
    found = preempting(leaving("low", **TOLD), leaving("done"), leaving("far", **TOLD, metadata__namespace="cellar"))
    assert found.params["victims"] == "2 pods (cellar/far, low)"
    assert found.params["until"] == " (their grace ends at 04:00:30 UTC)"


def test_without_that_mark_they_are_those_of_lower_priority() -> None:
    found = preempting(leaving("low"), leaving("same", spec__priority=1000))
    assert found.params["victims"] == "1 pod (low)"
