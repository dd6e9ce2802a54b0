"""Which of several reasons is the cause: the one that frees the most nodes which the pod may use at all."""

from __future__ import annotations

import pytest

from diagnostics.rules.model import Confidence
from tests.rules.clusters import CONTROL_PLANE, POOL, cluster, finding, node, pod

HOSTNAME = "kubernetes.io/hostname"


def apart(*, app: str = "web") -> dict[str, object]:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": HOSTNAME}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_the_reason_that_frees_the_most_nodes() -> None:
    snapshot = cluster(
        node("a"),
        node("b"),
        node("c"),
        booked={"a": {"cpu": "3"}, "b": {"memory": "7Gi"}, "c": {"memory": "7Gi"}},
    )
    found = finding(
        snapshot,
        pod(
            "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.",
            requests={"cpu": "2", "memory": "2Gi"},
        ),
    )
    assert found.rule.code == "sched-insufficient-memory"
    assert found.confidence is Confidence.CERTAIN
    assert found.params["emptiest"] == "b, the emptiest, has 1Gi of 8Gi"


def test_tainted_and_cordoned_nodes_come_last() -> None:
    snapshot = cluster(
        node("a"), node("b", POOL), node("c", POOL), node("d", cordoned=True), booked={"a": {"cpu": "3"}}
    )
    message = (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)."
    )
    assert finding(snapshot, pod(message, requests={"cpu": "2"})).rule.code == "sched-insufficient-cpu"


@pytest.mark.parametrize(
    ("closed", "code"),
    [
        ([node("a", POOL), node("b", cordoned=True), node("c", cordoned=True)], "sched-cordoned"),
        ([node("a", POOL), node("b", POOL), node("c", cordoned=True)], "sched-untolerated-taint"),
        ([node("a", POOL), node("b", POOL), node("c", POOL)], "sched-untolerated-taint"),
        ([node("a", CONTROL_PLANE), node("b", CONTROL_PLANE), node("c", cordoned=True)], "sched-cordoned"),
    ],
    ids=["more cordoned", "more tainted", "all tainted", "the control plane was never meant"],
)
def test_where_every_node_is_closed(closed: list[object], code: str) -> None:
    message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)."
    assert finding(cluster(*closed), pod(message)).rule.code == code  # type: ignore[arg-type]


def test_a_closed_node_that_is_full_as_well_is_freed_by_neither() -> None:
    snapshot = cluster(node("a", POOL), node("b", POOL), node("c", cordoned=True), booked={"c": {"cpu": "4"}})
    message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)."
    found = finding(snapshot, pod(message, requests={"cpu": "1"}))
    assert found.rule.code == "sched-untolerated-taint"
    assert found.params["closed_nodes"] == "2 of the 3 nodes that web may use (a, b) have"
    assert found.params["others"] == "; the other 1 is closed to it too"


def test_the_selector_leaves_only_a_tainted_node() -> None:
    snapshot = cluster(node("a"), node("b", POOL, labels={"disk": "ssd"}))
    message = "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)."
    found = finding(snapshot, pod(message, nodeSelector={"disk": "ssd"}))
    assert (found.rule.code, found.offender and found.offender.name) == ("sched-untolerated-taint", "b")
    assert (
        found.params["pool"] == "The pod may use 1 node (b), because its node selector or affinity demands disk=ssd. "
    )


def test_the_device_that_no_selected_node_offers() -> None:
    snapshot = cluster(node("a"), node("b", POOL))
    message = "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint(s)."
    found = finding(snapshot, pod(message, requests={"nvidia.com/gpu": "1", "cpu": "1"}))
    assert (found.rule.code, found.signature) == ("sched-insufficient-extended", "nvidia.com/gpu")
    assert found.params["emptiest"] == "none of them offers it"


def test_siblings_are_no_cause_where_there_is_room_for_every_replica() -> None:
    """Two of three nodes run a sibling, as they should; the third is full."""
    snapshot = cluster(node("a"), node("b"), node("c"), booked={"c": {"cpu": "4"}}, replicas=3)
    message = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match pod anti-affinity rules."
    found = finding(snapshot, pod(message, requests={"cpu": "1"}, affinity=apart()))
    assert found.rule.code == "sched-insufficient-cpu"


@pytest.mark.parametrize("replicas", [4, None], ids=["more replicas than nodes", "replicas unknown"])
def test_siblings_are_the_cause_where_there_is_not(replicas: int | None) -> None:
    snapshot = cluster(node("a"), node("b"), node("c"), booked={"c": {"cpu": "4"}}, replicas=replicas)
    message = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match pod anti-affinity rules."
    found = finding(snapshot, pod(message, requests={"cpu": "1"}, affinity=apart()))
    assert found.rule.code == "sched-pod-anti-affinity"


def test_pods_of_others_are_a_cause_whatever_the_replicas() -> None:
    snapshot = cluster(node("a"), node("b"), booked={"b": {"cpu": "4"}}, replicas=1)
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod anti-affinity rules."
    found = finding(snapshot, pod(message, requests={"cpu": "1"}, affinity=apart(app="noisy")))
    assert found.rule.code == "sched-insufficient-cpu"


def test_more_than_the_largest_node_has_is_impossible_even_if_every_node_is_tainted() -> None:
    message = "0/1 nodes are available: 1 node(s) had untolerated taint(s)."
    found = finding(cluster(node("a", POOL)), pod(message, requests={"memory": "9Gi"}))
    assert (found.rule.code, found.params["largest"]) == ("sched-impossible-request", "8Gi")


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ("3 Insufficient cpu, 1 Too many pods", "sched-insufficient-cpu"),
        ("1 Insufficient cpu, 6 node(s) had untolerated taint(s)", "sched-insufficient-cpu"),
        ("1 Insufficient cpu, 6 node(s) didn't match Pod's node affinity/selector", "sched-insufficient-cpu"),
        ("2 node(s) were unschedulable, 6 node(s) didn't match Pod's node affinity/selector", "sched-node-selector"),
        ("4 node(s) were unschedulable, 2 node(s) had untolerated taint(s)", "sched-cordoned"),
        ("2 Insufficient cpu, 2 node(s) didn't match pod affinity rules", "sched-pod-affinity"),
    ],
    ids=["most", "taints last", "some node got past the selector", "none did", "all closed", "the later filter"],
)
def test_by_count_where_no_node_is_known(reasons: str, code: str) -> None:
    found = finding(cluster(), pod(f"0/8 nodes are available: {reasons}."))
    assert (found.rule.code, found.confidence) == (code, Confidence.LIKELY)


def test_by_count_where_the_nodes_have_changed_since() -> None:
    """The scheduler spoke before room was made: nothing that we see keeps the pod off."""
    found = finding(cluster(node("a")), pod("0/1 nodes are available: 1 node(s) had untolerated taint(s)."))
    assert (found.rule.code, found.confidence) == ("sched-untolerated-taint", Confidence.LIKELY)


def test_a_reason_for_all_nodes_alike_needs_no_trial() -> None:
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    found = finding(cluster(node("a")), pod(message, requests={"cpu": "99"}))
    assert (found.rule.code, found.params["would_fit"]) == ("sched-pvc-unbound", "")


@pytest.mark.parametrize("message", ["", "0/1 nodes are available: ."], ids=["no message", "no reason"])
def test_a_condition_that_says_nothing_is_not_kept_quiet(message: str) -> None:
    found = finding(cluster(node("a")), pod(message))
    assert (found.rule.code, found.confidence) == ("sched-other", Confidence.POSSIBLE)
