"""Who runs where: pods that a scheduler cannot tell apart are counted together, whatever the order they come in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.placed import MOST_COHORTS, Cohort, Kept, Placed
from diagnostics.snapshot.pods import LeanPod

REPELS = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
        ]
    }
}


def pod(name: str = "web-1", node: str = "n1", owner: str | None = "web", **parts: Any) -> LeanPod:
    owners = [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "shop", "labels": {"app": "web"}, "ownerReferences": owners}
    return msgspec.convert(
        {
            "metadata": {**metadata, **parts.pop("metadata", {})},
            "spec": {"nodeName": node, **parts.pop("spec", {})},
            **parts,
        },
        LeanPod,
    )


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "app", **fields}]}


def placed(*pods: LeanPod) -> Placed:
    counted = Placed()
    for one in pods:
        counted.add(one)
    return counted


def where(cohorts: Iterable[Cohort]) -> list[dict[str, int]]:
    return [cohort.nodes for cohort in cohorts]


def test_pods_that_are_alike_are_counted_on_each_node() -> None:
    counted = placed(pod(), pod("web-2"), pod("web-3", node="n2"))
    assert where(counted) == [{"n1": 2, "n2": 1}]
    assert [cohort.pod for cohort in counted.of_namespace("shop")] == ["web-1"]
    assert where(counted.of_namespace("elsewhere")) == []


@pytest.mark.parametrize(
    "other",
    [
        pod(owner="api"),
        pod(owner=None),
        pod(metadata={"labels": {"app": "api"}}),
        pod(metadata={"namespace": "cellar"}),
        pod(metadata={"deletionTimestamp": "2026-11-23T03:59:00Z"}),
        pod(spec=container(resources={"requests": {"cpu": "1"}})),
        pod(spec={"initContainers": [{"name": "init", "resources": {"requests": {"cpu": "1"}}}]}),
        pod(spec={"overhead": {"cpu": "1"}}),
        pod(spec={"resources": {"requests": {"cpu": "1"}}}),
        pod(spec={"affinity": REPELS}),
    ],
    ids=["owner", "bare", "labels", "namespace", "leaving", "requests", "init", "overhead", "whole", "repels"],
)
def test_pods_that_differ_in_what_matters_are_told_apart(other: LeanPod) -> None:
    """And found again, whatever came between."""
    counted = placed(pod(), other, pod(), other)
    assert where(counted) == [{"n1": 2}, {"n1": 2}]


def test_what_a_controller_gives_each_pod_for_itself_does_not_tell_them_apart() -> None:
    pods = (
        pod(
            f"web-{index}",
            metadata={"labels": {"app": "web", "statefulset.kubernetes.io/pod-name": f"web-{index}"}},
        )
        for index in range(3)
    )
    (cohort,) = placed(*pods)
    assert (cohort.labels, cohort.nodes) == ({"app": "web"}, {"n1": 3})


def test_beyond_a_limit_pods_are_not_told_apart_and_that_is_said() -> None:
    pods = [pod(f"run-{index}", owner=None, metadata={"labels": {"run": str(index)}}) for index in range(60)]
    counted = placed(*pods)
    assert (len(list(counted)), counted.blurred) == (MOST_COHORTS, {"shop"})
    assert placed(*pods[:MOST_COHORTS], pods[0]).blurred == set()


def test_those_that_repel_others_are_at_hand() -> None:
    counted = placed(pod(), pod("db-1", owner="db", spec={"affinity": REPELS}))
    assert [cohort.pod for cohort in counted.repelling] == ["db-1"]


def test_what_a_pod_requests_is_counted_with_it() -> None:
    assert placed().add(pod(spec=container(resources={"requests": {"cpu": "500m"}}))).requests == {
        "cpu": Decimal("0.5")
    }


# What one pod has to itself.


def with_port(name: str = "edge-1", **port: Any) -> LeanPod:
    return pod(name, spec=container(ports=[{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080, **port}]))


@pytest.mark.parametrize(
    ("port", "wanted", "held"),
    [
        ({}, ("n1", 8080, "TCP"), True),
        ({}, ("n2", 8080, "TCP"), False),
        ({}, ("n1", 8081, "TCP"), False),
        ({}, ("n1", 8080, "UDP"), False),
        ({"protocol": "UDP"}, ("n1", 8080, "UDP"), True),
        ({"hostIP": "10.0.0.1"}, ("n1", 8080, "TCP", "10.0.0.2"), False),
        ({"hostIP": "10.0.0.1"}, ("n1", 8080, "TCP", "10.0.0.1"), True),
        ({"hostIP": "10.0.0.1"}, ("n1", 8080, "TCP"), True),
        ({"hostIP": "::"}, ("n1", 8080, "TCP", "10.0.0.2"), True),
    ],
)
def test_a_host_port_is_held_on_one_node_and_address(port: dict[str, str], wanted: Any, held: bool) -> None:
    holders = placed(with_port(**port)).holders_of_port(*wanted)
    assert [str(one) for one in holders] == (["shop/edge-1"] if held else [])


def test_a_sidecar_holds_its_ports_too() -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"hostPort": 9000}]}
    assert placed(pod(spec={"initContainers": [sidecar]})).holders_of_port("n1", 9000, "TCP")


def mounting(claim: str, name: str = "web-1") -> LeanPod:
    return pod(name, spec={"volumes": [{"name": "tmp"}, {"persistentVolumeClaim": {"claimName": claim}}]})


def test_a_claim_is_held_by_the_first_that_mounts_it() -> None:
    counted = placed(mounting("data"), mounting("data", "web-2"))
    assert str(counted.holder_of_claim("shop", "data")) == "shop/web-1"
    assert counted.holder_of_claim("cellar", "data") is None


def test_what_a_stateful_set_makes_for_one_pod_is_not_noted_for_each() -> None:
    assert placed(mounting("data-web-1")).claims == {}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ({"gcePersistentDisk": {"pdName": "pd"}}, "pd"),
        ({"awsElasticBlockStore": {"volumeID": "vol-1"}}, "vol-1"),
        (
            {"iscsi": {"iqn": "iqn.2001-04.com.example:disk", "targetPortal": "10.0.0.1"}},
            "iqn.2001-04.com.example:disk",
        ),
        ({"rbd": {"pool": "rbd", "image": "foo", "monitors": []}}, "rbd/foo"),
    ],
)
def test_a_disk_is_held_by_one_that_writes(source: dict[str, Any], name: str) -> None:
    ((kind, fields),) = source.items()
    reads = {"volumes": [{"name": "disk", kind: {**fields, "readOnly": True}}]}
    counted = placed(pod("reader-1", spec=reads), pod("reader-2", spec=reads))
    assert str(counted.holder_of_disk("n1", name)) == "shop/reader-1"
    counted.add(pod("writer", spec={"volumes": [{"name": "disk", **source}]}))
    assert str(counted.holder_of_disk("n1", name)) == "shop/writer"
    assert counted.holder_of_disk("n2", name) is None


# Order.

PODS = st.builds(
    lambda name, node, owner, app, leaving: pod(
        name,
        node=node,
        owner=owner,
        metadata={"labels": {"app": app}, **({"deletionTimestamp": "2026-11-23T03:59:00Z"} if leaving else {})},
    ),
    *(st.sampled_from(values) for values in (["a", "b"], ["n1", "n2"], ["web", "api", None], ["x", "y"])),
    st.booleans(),
)


@given(st.lists(PODS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_pods_does_not_matter(pods: list[LeanPod], order: Any) -> None:
    shuffled = list(pods)
    order.shuffle(shuffled)
    assert _counts(placed(*pods)) == _counts(placed(*shuffled))


def _counts(counted: Placed) -> list[tuple[str, ...]]:
    return sorted(
        (str(cohort.controller), str(cohort.labels), str(cohort.leaving), str(sorted(cohort.nodes.items())))
        for cohort in counted
    )


@given(st.lists(PODS, max_size=12))
def test_what_is_kept_is_restored(pods: list[LeanPod]) -> None:
    counted = placed(*pods, with_port(), mounting("data"), pod(spec={"affinity": REPELS}))
    restored = Placed.of(msgspec.json.decode(msgspec.json.encode(counted.kept()), type=Kept))
    assert _counts(restored) == _counts(counted)
    assert (restored.ports, restored.claims, restored.disks) == (counted.ports, counted.claims, counted.disks)
    assert [cohort.pod for cohort in restored.repelling] == ["web-1"]
