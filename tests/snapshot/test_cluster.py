"""What is counted while pods are read, and what can be looked up afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.cluster import Booking, Malformed, Snapshot, Tally
from diagnostics.snapshot.meta import OwnerReference
from diagnostics.snapshot.objects import Event, Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import LeanPod
from diagnostics.snapshot.requests import amounts, requests

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
OWNER = {"kind": "ReplicaSet", "name": "web-6d9f", "uid": "r", "controller": True}
CONTROLLER = msgspec.convert(OWNER, OwnerReference)
WEB = WorkloadRef(kind="Deployment", name="web", namespace="shop")


def snapshot() -> Snapshot:
    return Snapshot(cluster="lab", now=NOW)


def container(sidecar: bool = False, **asked: str) -> dict[str, Any]:
    return {"name": "c", "restartPolicy": "Always" if sidecar else "", "resources": {"requests": asked}}


def pod(*containers: dict[str, Any], **parts: Any) -> LeanPod:
    """A running pod of ReplicaSet web-6d9f on node n1."""
    metadata = {"namespace": "shop", "ownerReferences": [OWNER], **parts.get("metadata", {})}
    spec = {"nodeName": "n1", "containers": list(containers), **parts.get("spec", {})}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], **parts.get("status", {})}
    return msgspec.convert({"metadata": metadata, "spec": spec, "status": status}, LeanPod)


def asks(*containers: dict[str, Any], **spec: Any) -> dict[str, Decimal]:
    return requests(pod(*containers, spec=spec))


# What the scheduler books.


def test_main_containers_add_up() -> None:
    assert asks(container(cpu="500m", memory="1Gi"), container(cpu="1")) == {
        "cpu": Decimal("1.5"),
        "memory": Decimal(2**30),
    }


def test_the_largest_init_container_counts_if_it_needs_more_than_they_do() -> None:
    init = [container(cpu="2"), container(cpu="1")]
    assert asks(container(cpu="500m"), initContainers=init) == {"cpu": Decimal(2)}
    assert asks(container(cpu="3"), initContainers=init) == {"cpu": Decimal(3)}


def test_sidecars_run_beside_both() -> None:
    """The second init container runs while the sidecar already does, the first did not."""
    init = [container(cpu="2"), container(sidecar=True, cpu="1"), container(cpu="1500m")]
    assert asks(container(cpu="500m"), initContainers=init) == {"cpu": Decimal("2.5")}


def test_what_the_pod_itself_requests_takes_the_place_of_the_sum() -> None:
    spec = {"resources": {"requests": {"cpu": "4"}}}
    assert asks(container(cpu="1", memory="1Gi"), **spec) == {"cpu": Decimal(4), "memory": Decimal(2**30)}


def test_the_overhead_of_the_runtime_comes_on_top() -> None:
    assert asks(container(cpu="1"), overhead={"cpu": "250m", "memory": "1Mi"}) == {
        "cpu": Decimal("1.25"),
        "memory": Decimal(2**20),
    }


def test_a_malformed_quantity_counts_as_nothing() -> None:
    assert amounts({"cpu": "1", "memory": "lots", "example.com/fpga": 2}) == {
        "cpu": Decimal(1),
        "example.com/fpga": Decimal(2),
    }


@given(st.lists(st.integers(0, 4000), min_size=1), st.lists(st.tuples(st.booleans(), st.integers(0, 4000))))
def test_a_pod_never_books_less_than_its_containers_together_or_any_init_container(
    main: list[int], init: list[tuple[bool, int]]
) -> None:
    booked = asks(
        *(container(cpu=f"{cpu}m") for cpu in main),
        initContainers=[container(sidecar=sidecar, cpu=f"{cpu}m") for sidecar, cpu in init],
    )["cpu"]
    sidecars = sum(cpu for sidecar, cpu in init if sidecar)
    assert booked * 1000 >= sum(main) + sidecars
    assert booked * 1000 >= max((cpu for _, cpu in init), default=0)


# Counting.


def test_every_pod_of_a_node_is_booked() -> None:
    read = snapshot()
    read.count(pod(container(cpu="1")))
    read.count(pod(container(cpu="500m", memory="1Gi")))
    read.count(pod(container(cpu="8"), spec={"nodeName": ""}))
    assert read.bookings == {"n1": Booking(requests={"cpu": Decimal("1.5"), "memory": Decimal(2**30)}, pods=2)}
    assert read.pods_seen == 3


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_books_and_tallies_nothing(phase: str) -> None:
    read = snapshot()
    read.count(pod(container(cpu="1"), status={"phase": phase}))
    assert (read.bookings, read.tallies, read.pods_seen) == ({}, {}, 1)


def test_a_pod_that_is_being_deleted_still_books_but_no_longer_counts_as_a_replica() -> None:
    read = snapshot()
    read.count(pod(container(cpu="1"), metadata={"deletionTimestamp": "2026-11-23T03:59:00Z"}))
    assert (read.bookings["n1"].pods, read.tallies) == (1, {})


def test_replicas_are_tallied_by_their_controller() -> None:
    read = snapshot()
    read.count(pod())
    read.count(pod(status={"conditions": [{"type": "Ready", "status": "False"}]}))
    read.count(pod(status={"conditions": []}))
    read.count(pod(metadata={"ownerReferences": []}))
    assert read.tallies == {("shop", CONTROLLER): Tally(total=3, ready=1)}


# Looking up.


def test_what_could_not_be_decoded_is_counted() -> None:
    read = snapshot()
    assert read.malformed == 0
    read.malformed_objects.append(Malformed(resource="pods", namespace="shop", name="web-0"))
    assert read.malformed == 1


def test_tallies_sum_up_to_the_workload_at_the_top() -> None:
    read = snapshot()
    read.deployments["shop", "web"] = Workload()
    read.count(pod())
    read.count(pod(metadata={"ownerReferences": [{**OWNER, "name": "web-1a2b", "uid": "other"}]}))
    assert read.tallies_by_workload() == {WEB: Tally(total=2, ready=2)}


def test_a_workloads_own_status_knows_its_pods_better() -> None:
    read = snapshot()
    read.deployments["shop", "web"] = msgspec.convert({"status": {"replicas": 9, "readyReplicas": 8}}, Workload)
    read.count(pod())
    assert read.tallies_by_workload() == {WEB: Tally(total=9, ready=8)}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"])
def test_a_workload_is_found_by_its_kind(kind: str) -> None:
    read, found = snapshot(), Workload()
    getattr(read, f"{kind.lower()}s")["shop", "web"] = found
    assert read.workload(WorkloadRef(kind=kind, name="web", namespace="shop")) is found
    assert read.workload(WorkloadRef(kind="Rollout", name="web", namespace="shop")) is None


def test_owners_know_what_was_read() -> None:
    read = snapshot()
    controller = {"kind": "CronJob", "name": "backup", "uid": "c", "controller": True}
    metadata = {"name": "backup-1", "namespace": "shop", "ownerReferences": [controller]}
    read.jobs["shop", "backup-1"] = msgspec.convert({"metadata": metadata}, Workload)
    job = OwnerReference(kind="Job", name="backup-1", uid="j", controller=True)
    assert read.owners.of_controller(job, "shop").slug == "cronjob/backup"


def event(uid: str, reason: str, minute: int | None) -> Event:
    last = f"2026-11-23T03:{minute:02}:00Z" if minute is not None else None
    return msgspec.convert({"involvedObject": {"uid": uid}, "reason": reason, "lastTimestamp": last}, Event)


def test_events_are_filed_by_object_and_come_newest_first() -> None:
    read = snapshot()
    read.add_events(
        [event("a", "Pulled", 1), event("b", "Failed", 2), event("a", "BackOff", 3), event("a", "New", None)]
    )
    assert [one.reason for one in read.events_of("a")] == ["New", "BackOff", "Pulled"]
    assert [one.reason for one in read.events_of("a", "Pulled", "Failed")] == ["Pulled"]
    assert read.events_of("c") == []


def test_a_kubelets_event_about_its_node_is_filed_by_the_nodes_name() -> None:
    """Kubelets give the name as uid, or none at all."""
    read = snapshot()
    about = ({"kind": "Node", "name": "n1"}, {"kind": "Node", "name": "n1", "uid": "n1"}, {"kind": "Pod", "name": "n1"})
    read.add_events(msgspec.convert({"involvedObject": one, "reason": one["kind"]}, Event) for one in about)
    assert [one.reason for one in read.events_of("n1")] == ["Node", "Node"]
