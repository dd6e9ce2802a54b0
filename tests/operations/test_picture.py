"""What a picture keeps, and what touches it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from diagnostics.demo.resources import Json
from diagnostics.kube.resources import BY_NAME
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.operations import applying
from diagnostics.operations.picture import Picture
from diagnostics.operations.recent import Recent
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Event
from tests.operations.watched import crashing_pod, event, failing_pod, node

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

Tell = Callable[..., set[str]]


@pytest.fixture
def picture() -> Picture:
    return Picture(Snapshot("lab", datetime.now(UTC)))


@pytest.fixture
def tell(picture: Picture) -> Tell:
    """Applies a change; returns the namespaces that it touches."""

    def apply(resource: str, found: Json, kind: ChangeKind = ChangeKind.MODIFIED) -> set[str]:
        picture.touched = set()
        applying.apply(picture, BY_NAME[resource], None, Change(kind, msgspec.json.encode(found), "11"))
        return picture.touched

    return apply


def test_what_only_repeats_itself_touches_nothing(tell: Tell) -> None:
    pod: Json = failing_pod("cart-1")
    deployment: Json = {"metadata": {"name": "cart", "namespace": "shop"}}
    assert tell("pods", pod) == {"shop"}
    assert tell("deployments", deployment) == {"shop"}
    assert tell("nodes", node()) == {"", "shop"}

    for found in (pod, deployment):
        found["metadata"] |= {"resourceVersion": "12", "managedFields": [{"manager": "kubelet"}]}
    assert tell("pods", pod) == tell("deployments", deployment) == tell("nodes", node()) == set()


def test_who_wrote_a_workload_is_known_but_not_who_wrote_its_status(picture: Picture, tell: Tell) -> None:
    writes = [{"manager": "helm", "time": "2026-11-23T02:00:00Z"}]
    deployment: Json = {"metadata": {"name": "cart", "namespace": "shop", "managedFields": writes}}
    assert tell("deployments", deployment) == {"shop"}

    writes.append({"manager": "kube-controller-manager", "time": "2026-11-23T02:01:00Z", "subresource": "status"})
    assert tell("deployments", deployment) == set()
    known = picture.snapshot.deployments["shop", "cart"].metadata
    assert [write.manager for write in known.managed_fields] == ["helm"]
    assert known.written_at == NOW - timedelta(hours=1)


def test_a_node_touches_its_own_suspects_and_those_without_a_node(tell: Tell) -> None:
    waiting = failing_pod("waiting", "web")
    del waiting["spec"]["nodeName"]
    elsewhere = failing_pod("elsewhere", "other")
    elsewhere["spec"]["nodeName"] = "node-2"
    for pod in (failing_pod("cart-1"), waiting, elsewhere):
        tell("pods", pod)

    assert tell("nodes", node("node-1")) == {"", "shop", "web"}
    assert tell("nodes", node("node-1"), ChangeKind.DELETED) == {"", "shop", "web"}


def test_events_touch_where_they_may_explain_something(picture: Picture, tell: Tell) -> None:
    suspect, healthy = failing_pod("cart-1"), failing_pod("healthy")
    tell("pods", suspect)
    of_workload = event({"metadata": {"namespace": "web", "name": "api", "uid": "d1"}}, "e3", "FailedCreate", "quota")
    of_workload["involvedObject"]["kind"] = "ReplicaSet"

    assert tell("events", event(suspect, "e1", "Failed", "no")) == {"shop"}
    assert tell("events", event(healthy, "e2", "Failed", "no")) == set()
    assert tell("events", of_workload) == {"web"}
    assert tell("events", {**of_workload, "reason": "SuccessfulCreate"}) == set()
    assert tell("events", event(suspect, "e1", "Failed", "no"), ChangeKind.DELETED) == set()
    assert picture.unsaved.events.keys() == {"e1", "e3"}


def test_of_an_event_the_greater_count_wins(picture: Picture, tell: Tell) -> None:
    pod = failing_pod("cart-1")
    tell("pods", pod)
    for count in (2, 5, 3):
        tell("events", event(pod, "e1", "BackOff", "again", count=count))

    (kept,) = picture.snapshot.events[pod["metadata"]["uid"]]
    assert kept.times == picture.unsaved.events["e1"].times == 5


def test_a_static_pod_is_known_by_its_manifest(picture: Picture, tell: Tell) -> None:
    pod = failing_pod("etcd-node-1", "kube-system", annotations={"kubernetes.io/config.hash": "abc"})
    by_manifest = {"metadata": {**pod["metadata"], "uid": "abc"}}
    tell("events", event(by_manifest, "e1", "Failed", "before it was suspect"))
    tell("pods", pod)
    assert tell("events", event(by_manifest, "e2", "Failed", "after")) == {"kube-system"}

    assert [found.metadata.uid for found in picture.snapshot.events["abc"]] == ["e1", "e2"]
    tell("pods", pod, ChangeKind.DELETED)
    assert not picture.statics
    assert "abc" not in picture.snapshot.events


def test_time_alone_makes_a_pod_healthy(picture: Picture, tell: Tell) -> None:
    pod = crashing_pod("cart-1")
    pod["status"]["conditions"][1]["status"] = "True"
    pod["status"]["containerStatuses"][0] |= {"ready": True, "state": {"running": {}}}
    tell("pods", pod)
    assert picture.suspects

    picture.touched = set()
    applying.advance(picture, datetime.now(UTC) + timedelta(hours=2))

    assert not picture.suspects
    assert picture.touched == {"shop"}
    assert picture.unsaved.healthy


def test_events_are_remembered_for_a_minute_at_least_and_two_at_most() -> None:
    recent: Recent[str] = Recent()
    recent.turn(NOW, {"events": "1"})
    recent.add(msgspec.convert({"involvedObject": {"uid": "u1"}}, Event))
    recent.turn(NOW + timedelta(seconds=59), {"events": "2"})
    recent.turn(NOW + timedelta(seconds=60), {"events": "3"})
    recent.add(msgspec.convert({"involvedObject": {"uid": "u2"}}, Event))
    assert recent.begins == {"events": "1"}

    recent.turn(NOW + timedelta(seconds=120), {"events": "4"})

    assert (len(recent.take("u1")), len(recent.take("u2"))) == (0, 1)
    assert recent.begins == {"events": "3"}
    assert recent.take("u2") == [], "what was taken is gone"
