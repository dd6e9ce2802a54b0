"""What a closer look needs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.engine import context, wanted
from diagnostics.snapshot.meta import OwnerReference
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.wanted import LogWanted
from tests.engine.building import pod, snapshot


@pytest.fixture(autouse=True)
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    """One family that reads the log of every container app, and the ConfigMaps of the pod's namespace."""
    monkeypatch.setattr(context, "wants_log", lambda container: container.name == "app")
    monkeypatch.setattr(context, "wants", lambda suspect: [("configmaps", suspect.namespace)])
    monkeypatch.setattr(context, "wants_for", lambda view: [("resourcequotas", view.metadata.name)])
    monkeypatch.setattr(context, "wants_around", lambda _: [])


def test_each_resource_is_wanted_once() -> None:
    """However many suspects would look at it."""
    found = wanted(snapshot(pod("cart-7f6-a"), pod("cart-7f6-b")))
    assert found.resources == {("configmaps", "shop"), ("replicasets", "shop")}
    assert [log.pod for log in found.logs] == ["cart-7f6-a", "cart-7f6-b"]


def test_only_workloads_that_are_short_of_pods_want_anything() -> None:
    """A healthy one costs no request."""

    def workload(name: str, ready: int) -> Workload:
        document = {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"replicas": 2},
            "status": {"replicas": ready, "readyReplicas": ready},
        }
        return msgspec.convert(document, Workload)

    made = snapshot(statefulsets={("shop", name): workload(name, ready) for name, ready in (("well", 2), ("short", 1))})
    assert wanted(made).resources == {("resourcequotas", "short")}


def test_of_a_replicaset_whose_owner_is_unknown_the_owner_is_wanted() -> None:
    """It may be a Rollout's: its hash must not become the workload's name."""
    (first,) = snapshot(pod("cart-7f6-a")).suspects
    owned = msgspec.structs.replace(
        first.metadata, owner_references=(OwnerReference(kind="ReplicaSet", name="odd", controller=True),)
    )
    assert ("replicasets", "shop") in wanted(snapshot(msgspec.structs.replace(first, metadata=owned))).resources


def test_the_cluster_as_such_may_be_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever suffers in it."""
    monkeypatch.setattr(context, "wants_around", lambda _: [("apiservices", None)])
    assert wanted(snapshot()).around == {("apiservices", None)}


@pytest.mark.parametrize(
    ("state", "previous_first"),
    [({"running": {}}, True), ({"waiting": {"reason": "CrashLoopBackOff"}}, True), ({"terminated": {}}, False)],
)
def test_the_run_that_failed_is_read_first(state: dict[str, Any], previous_first: bool) -> None:
    """A container that has ended and not been restarted keeps the log of its failure as the current one."""

    def change(document: dict[str, Any]) -> None:
        document["status"]["containerStatuses"][0]["state"] = state

    (log,) = wanted(snapshot(pod(change=change))).logs
    assert log == LogWanted("shop", "cart-7f6-x1", "uid-cart-7f6-x1", "app", previous_first)
