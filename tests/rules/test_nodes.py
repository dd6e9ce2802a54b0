"""What is a fault of a node, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine import judge
from diagnostics.engine.texts import Texts
from diagnostics.rules.model import Check
from diagnostics.rules.nodes import (
    conditions,
    cordoned,
    custom_conditions,
    disk_not_freed,
    flapping,
    full,
    happenings,
    kubelet_certificate,
    not_ready,
    pods_concentrated,
    version_skew,
)
from diagnostics.snapshot.cluster import Booking, ContainerLog
from tests.rules.loading import FIXTURES, load
from tests.rules.views import Json, at, cluster, codes, condition, event, named, view

ZONE = "topology.kubernetes.io/zone"
CORDON = "node.kubernetes.io/unschedulable"


def node(name: str = "n1", *conditions: Json, taints: tuple[Json, ...] = (), zone: str = "", **fields: Any) -> Json:
    """A node with those conditions."""
    metadata = {**named(name), "namespace": "", "labels": {ZONE: zone} if zone else {}}
    status = {"conditions": list(conditions), "allocatable": {"pods": fields.pop("pods", "10")}}
    return {"metadata": metadata, "spec": {"taints": list(taints), **fields}, "status": status}


def lost(name: str = "n1", **fields: Any) -> Json:
    """A node whose kubelet has been silent for half an hour."""
    return node(
        name, condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), **fields
    )


def taint(key: str, effect: str = "NoSchedule", minutes: float | None = 30) -> Json:
    """A taint, set so many minutes ago."""
    return {"key": key, "effect": effect, **({} if minutes is None else {"timeAdded": at(minutes)})}


def pod(name: str, node_name: str = "n1") -> Json:
    """A pod without an owner on that node."""
    return {"metadata": named(name), "spec": {"nodeName": node_name}, "status": {"phase": "Running"}}


def judged(check: Check, *nodes: Json, events: tuple[Json, ...] = ()) -> list[str]:
    """The codes that the check concludes of the first node."""
    return codes(check, view(cluster(Node=nodes, events=events), "Node"))


def test_a_node_that_is_ready_or_says_nothing_yet() -> None:
    assert judged(not_ready, node("n1", condition("Ready", "True"))) == []
    assert judged(not_ready, node("n1")) == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("container runtime is down", "node-not-ready-runtime"),
        ("container runtime status check may not have completed yet", "node-not-ready-runtime"),
        ("[PLEG is not healthy: pleg has yet to be successful, CSINode is not yet initialized]", "node-not-ready-pleg"),
        ("container runtime network not ready: NetworkReady=false reason:x message:y", "node-not-ready-cni"),
        ("[CSINode is not yet initialized]", "node-not-ready-csi"),
        ("missing node capacity for resources: ephemeral-storage", "node-not-ready-storage"),
        ("node is shutting down", "node-shutdown-spot"),
        ("", "node-not-ready-runtime"),
    ],
)
def test_the_kubelets_own_words_decide(message: str, code: str) -> None:
    assert judged(not_ready, node("n1", condition("Ready", "False", "KubeletNotReady", message))) == [code]


@pytest.mark.parametrize(
    ("cordoned_ago", "found"), [(31, []), (29, ["node-unreachable"]), (None, ["node-unreachable"])]
)
def test_a_node_that_was_cordoned_before_is_being_worked_on(cordoned_ago: float | None, found: list[str]) -> None:
    assert judged(not_ready, lost(taints=(taint(CORDON, minutes=cordoned_ago),))) == found


def test_one_that_an_autoscaler_takes_away_is_no_fault() -> None:
    assert judged(not_ready, lost(taints=(taint("karpenter.sh/disrupted"),))) == ["node-shutdown-spot"]
    assert judged(not_ready, node(taints=(taint("karpenter.sh/disrupted", minutes=None),))) == ["node-shutdown-spot"]
    candidate = taint("DeletionCandidateOfClusterAutoscaler", "PreferNoSchedule")
    assert judged(not_ready, lost(taints=(candidate,))) == ["node-unreachable"]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (
            [node("n2", condition("Ready", "True"), zone="a"), lost("n3", zone="a")],
            "Of the 3 nodes in zone a, 2 are not",
        ),
        ([node("n2", condition("Ready", "True"), zone="a")], "Of the 2 nodes in zone a, 1 is not ready."),
        ([lost("n2", zone="b")], "It is the only node of its zone."),
    ],
)
def test_the_rest_of_the_zone_is_told(others: list[Json], words: str) -> None:
    of = view(cluster(Node=[lost(zone="a"), *others]), "Node")
    (found,) = not_ready.judge(of)
    assert words in Texts(of, found).sentence(found.rule.cause)


def test_without_zones_nothing_is_claimed_of_them() -> None:
    of = view(cluster(Node=[lost()]), "Node")
    (found,) = not_ready.judge(of)
    assert "The other nodes tell" in Texts(of, found).sentence(found.rule.cause)


@pytest.mark.parametrize(
    ("booked", "failing", "words"),
    [
        (None, 0, "for 30m."),
        (None, 1, "; 1 pod of 1 workload is on it."),
        (2, 2, "; 2 pods of 2 workloads are on it."),
        (5, 0, "; 5 pods are on it."),
        (5, 1, "; 5 pods are on it, 1 of them, of 1 workload, not well."),
    ],
)
def test_what_a_node_bears_is_told(booked: int | None, failing: int, words: str) -> None:
    snapshot = cluster([pod(f"p{number}") for number in range(failing)], Node=[lost()])
    if booked is not None:
        snapshot.bookings["n1"] = Booking(pods=booked)
    of = view(snapshot, "Node")
    (found,) = not_ready.judge(of)
    assert Texts(of, found).sentence(found.rule.message).endswith(words)


def test_a_lost_node_affects_all_its_pods_that_are_not_ready() -> None:
    ready = pod("well")
    ready["status"]["conditions"] = [condition("Ready", "True")]
    (found,) = judge(cluster([pod("p1"), pod("p2", "n2"), ready], Node=[lost()])).verdicts
    assert [each.name for each in found.pods] == ["p1"]


@pytest.mark.parametrize(
    ("pressure", "message", "folded"),
    [
        ("MemoryPressure", "The node was low on resource: memory. ", True),
        ("MemoryPressure", "The node had condition: [MemoryPressure]. ", True),
        ("DiskPressure", "The node was low on resource: ephemeral-storage. ", True),
        ("DiskPressure", "The node was low on resource: memory. ", False),
        ("DiskPressure", "The node had condition: [MemoryPressure]. ", False),
        ("MemoryPressure", 'Usage of EmptyDir volume "s" exceeds the limit "10Mi". ', False),
    ],
)
def test_pressure_explains_evictions_for_want_of_the_same(pressure: str, message: str, folded: bool) -> None:
    evicted = pod("p1")
    evicted["status"] = {"phase": "Failed", "reason": "Evicted", "message": message, "startTime": at(10)}
    found = judge(cluster([evicted], Node=[node("n1", condition(pressure, "True"))])).verdicts
    assert (len(found) == 1) is folded


def test_two_pressures_are_two_diagnoses() -> None:
    short = [condition("MemoryPressure", "True"), condition("DiskPressure", "True"), condition("PIDPressure", "False")]
    found = judge(cluster(Node=[node("n1", *short)])).verdicts
    assert [verdict.code for verdict in found] == ["node-disk-pressure", "node-memory-pressure"]


def test_a_lost_node_that_flaps_is_one_diagnosis() -> None:
    outages = (event("Node", "n1", "NodeNotReady", count=2), event("Node", "n1", "NodeReady", count=2))
    (found,) = judge(cluster(Node=[lost()], events=outages)).verdicts
    assert (found.code, [symptom.code for symptom in found.symptoms]) == ("node-unreachable", ["node-flapping"])


@pytest.mark.parametrize(
    ("type_", "status", "found"),
    [
        ("NetworkingReady", "True", 0),
        ("NetworkingReady", "False", 1),
        ("DiskHealthy", "Unknown", 0),
        ("VMEventScheduled", "False", 0),
        ("VMEventScheduled", "True", 1),
        ("EtcdIsVoter", "True", 0),
        ("KernelDeadlock", "True", 0),  # It has a code of its own.
        ("OutOfDisk", "True", 0),
    ],
)
def test_conditions_of_others_are_judged_by_their_names(type_: str, status: str, found: int) -> None:
    assert judged(custom_conditions, node("n1", condition(type_, status))) == ["node-condition-custom"] * found


def test_known_conditions_have_codes_of_their_own() -> None:
    assert judged(conditions, node("n1", condition("KernelDeadlock", "True"))) == ["node-npd-kernel-deadlock"]
    assert judged(conditions, node("n1", condition("KernelReady", "False"), condition("Ready", "True"))) == []


def test_one_outage_is_no_flapping() -> None:
    once = (event("Node", "n1", "NodeNotReady", minutes=10), event("Node", "n1", "NodeReady", minutes=8))
    assert judged(flapping, node(), events=once) == []
    assert judged(flapping, node(), events=(*once, event("Node", "n1", "NodeNotReady"))) == ["node-flapping"]
    assert judged(flapping, node(unschedulable=True), events=(*once, event("Node", "n1", "NodeNotReady"))) == []


def test_of_old_outages_only_the_last_counts() -> None:
    old: Json = {"count": 9, "firstTimestamp": at(50)}
    outages = tuple(event("Node", "n1", reason, **old) for reason in ("NodeNotReady", "NodeReady"))
    assert judged(flapping, node(), events=outages) == []
    long_ago = tuple(event("Node", "n1", "NodeReady", minutes=20 + n) for n in range(9))
    assert judged(flapping, node(), events=long_ago) == []


def test_flapping_for_longer_than_is_looked_at_began_with_the_oldest_event() -> None:
    outages = tuple(event("Node", "n1", "NodeReady", minutes=n, firstTimestamp=at(40)) for n in (1, 2, 3))
    of = view(cluster(Node=[node()], events=outages), "Node")
    (found,) = flapping.judge(of)
    assert f"{found.since:%H:%M}" == "03:57"


def test_a_cordon_without_a_time_is_not_judged() -> None:
    assert judged(cordoned, node(unschedulable=True)) == []
    assert judged(cordoned, node(unschedulable=True, taints=(taint(CORDON, minutes=None),))) == []
    assert judged(cordoned, node(taints=(taint(CORDON),))) == []


def test_only_late_events_of_the_node_itself_are_news() -> None:
    assert judged(happenings, node(), events=(event("Node", "n1", "Rebooted", minutes=61),)) == []
    assert judged(happenings, node(), events=(event("Node", "n2", "Rebooted"),)) == []
    assert judged(happenings, node(), events=(event("Node", "n1", "Rebooted", uid=""),)) == ["node-rebooted"]
    assert judged(disk_not_freed, node(), events=(event("Node", "n1", "ImageGCFailed", uid="n1"),)) == ["node-image-gc"]


@pytest.mark.parametrize(("most", "pods", "found"), [("1", 1, 0), ("20", 18, 0), ("20", 19, 1), ("none", 19, 0)])
def test_a_node_is_full_a_little_before_the_last_place(most: str, pods: int, found: int) -> None:
    snapshot = cluster(Node=[node(pods=most)])
    snapshot.bookings["n1"] = Booking(pods=pods)
    assert codes(full, view(snapshot, "Node")) == ["node-full"] * found


@pytest.mark.parametrize(
    ("server", "kubelet", "found"),
    [
        ("v1.36.2", "v1.36.0", 0),
        ("v1.36.2", "v1.33.11-eks-1a2b3c4", 0),
        ("v1.36.2-gke.1014000", "v1.32.9-gke.1", 1),
        ("v1.36.2", "v1.37.0-rc.1", 1),
        ("", "v1.20.0", 0),
        ("v1.36.2", "", 0),
    ],
)
def test_versions_are_compared_by_their_minor(server: str, kubelet: str, found: int) -> None:
    document = node()
    document["status"]["nodeInfo"] = {"kubeletVersion": kubelet}
    snapshot = cluster(Node=[document])
    snapshot.server_version = server
    assert codes(version_skew, view(snapshot, "Node")) == ["node-version-skew"] * found


REFUSED = 'Get "https://192.0.2.11:10250/containerLogs/shop/cart-1/app?tailLines=200&timestamps=true": '


@pytest.mark.parametrize(
    ("missing", "ended", "found"),
    [
        (REFUSED + "remote error: tls: internal error", 2, 1),
        (REFUSED + "tls: failed to verify certificate: x509: certificate signed by unknown authority", 2, 1),
        (REFUSED + "dial tcp 192.0.2.11:10250: connect: connection refused", 2, 0),
        ("x509: certificate has expired or is not yet valid", 2, 0),
        (REFUSED + "remote error: tls: internal error", 20, 0),
    ],
    ids=["none is served", "unknown authority", "no kubelet", "the API server's own certificate", "long ago"],
)
def test_a_kubelets_certificate_is_judged_by_a_log_that_was_asked_for_lately(
    missing: str, ended: float, found: int
) -> None:
    terminated = {"exitCode": 1, "finishedAt": at(ended)}
    document = pod("cart-1")
    document["spec"]["containers"] = [{"name": "app"}, {"name": "well"}]
    document["status"]["containerStatuses"] = [{"name": "app", "state": {"terminated": terminated}}]
    snapshot = cluster([document], Node=[node()])
    snapshot.logs["u-cart-1", "app"] = ContainerLog(missing=missing)
    assert codes(kubelet_certificate, view(snapshot, "Node")) == ["node-cert-expiring"] * found


class TestConcentration:
    """All pods of a workload on one node that is not well."""

    @staticmethod
    def judged(*nodes: Json, pods: tuple[str, ...] = ("n1", "n1"), replicas: int = 2, ready: int = 0) -> list[str]:
        deployment = {"metadata": named("cart"), "status": {"replicas": replicas, "readyReplicas": ready}}
        owner = [{"kind": "Deployment", "name": "cart", "controller": True}]
        made = [pod(f"cart-{number}", place) for number, place in enumerate(pods)]
        for document in made:
            document["metadata"]["ownerReferences"] = owner
        return codes(pods_concentrated, view(cluster(made, Node=nodes, Deployment=[deployment]), "Deployment"))

    WELL = node("n2", condition("Ready", "True"))

    def test_on_a_node_that_is_lost_or_short_of_memory(self) -> None:
        short = node("n1", condition("Ready", "True"), condition("MemoryPressure", "True"))
        assert self.judged(lost(), self.WELL) == ["node-pods-concentrated"]
        assert self.judged(short, self.WELL) == ["node-pods-concentrated"]

    def test_not_where_the_node_is_well_or_there_is_no_other(self) -> None:
        assert self.judged(node("n1", condition("Ready", "True")), self.WELL) == []
        assert self.judged(lost()) == []
        assert self.judged(lost(), {**self.WELL, "spec": {"unschedulable": True}}) == []

    def test_not_where_some_are_elsewhere_or_there_is_but_one(self) -> None:
        assert self.judged(lost(), self.WELL, pods=("n1", "n2")) == []
        assert self.judged(lost(), self.WELL, pods=("n1",), replicas=1) == []
        assert self.judged(lost(), self.WELL, replicas=3, ready=1) == []
        assert self.judged(lost(), self.WELL, replicas=3) == []

    def test_is_told_under_the_nodes_own_cause(self) -> None:
        (verdict,) = judge(load(FIXTURES / "node-pods-concentrated" / "node-lost")).verdicts
        assert verdict.code == "node-unreachable"
        assert "node-pods-concentrated" in {symptom.code for symptom in verdict.symptoms}
