"""From a pod to the workload that people know it by."""

from __future__ import annotations

from diagnostics.snapshot.meta import LeanMetadata, OwnerReference
from diagnostics.snapshot.owners import Owners, WorkloadRef


def controlled(kind: str, name: str, uid: str = "u", namespace: str = "shop") -> LeanMetadata:
    owner = OwnerReference(kind=kind, name=name, uid=uid, controller=True)
    return LeanMetadata(name="one", namespace=namespace, owner_references=(owner,))


def named(kind: str, name: str) -> WorkloadRef:
    return WorkloadRef(kind=kind, name=name, namespace="shop")


def test_a_pod_that_nothing_owns_is_its_own_workload() -> None:
    assert Owners().top(LeanMetadata(name="debug", namespace="shop")) == named("Pod", "debug")


def test_a_static_pod_is_its_own_workload() -> None:
    assert Owners().top(controlled("Node", "n1")) == named("Pod", "one")


def test_any_object_may_be_asked_for() -> None:
    assert Owners().top(LeanMetadata(name="web", namespace="shop"), kind="StatefulSet") == named("StatefulSet", "web")


def test_a_replica_set_is_known_by_its_deployment_without_being_read() -> None:
    owners = Owners(deployments={("shop", "web"): None})
    assert owners.top(controlled("ReplicaSet", "web-6d9f")) == named("Deployment", "web")


def test_a_replica_set_without_a_deployment_stands_for_itself() -> None:
    owners = Owners(deployments={("other", "web"): None})
    assert owners.top(controlled("ReplicaSet", "web-6d9f")) == named("ReplicaSet", "web-6d9f")


def test_a_replica_set_that_was_read_leads_to_whatever_owns_it() -> None:
    owners = Owners(replicasets={("shop", "web-6d9f"): controlled("Rollout", "web", uid="r")})
    assert owners.top(controlled("ReplicaSet", "web-6d9f")) == named("Rollout", "web")


def test_a_replica_set_that_nothing_owns() -> None:
    owners = Owners(replicasets={("shop", "web-6d9f"): LeanMetadata(name="web-6d9f", namespace="shop")})
    assert owners.top(controlled("ReplicaSet", "web-6d9f")) == named("ReplicaSet", "web-6d9f")


def test_a_job_leads_to_its_cron_job() -> None:
    owners = Owners(jobs={("shop", "backup-1"): controlled("CronJob", "backup", uid="c")})
    assert owners.top(controlled("Job", "backup-1")) == named("CronJob", "backup")


def test_other_kinds_are_tops() -> None:
    assert Owners().top(controlled("Database", "orders")) == named("Database", "orders")


def test_objects_that_own_each_other_have_a_top_all_the_same() -> None:
    owners = Owners(
        replicasets={("shop", "a-1"): controlled("Job", "b", uid="2")},
        jobs={("shop", "b"): controlled("ReplicaSet", "a-1", uid="1")},
    )
    assert owners.top(controlled("ReplicaSet", "a-1", uid="1")).kind in ("ReplicaSet", "Job")


def test_the_slug_is_what_kubectl_takes() -> None:
    assert named("Deployment", "web").slug == "deployment/web"
