from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from diagnostics.kube import access
from diagnostics.kube.access import Access
from diagnostics.kube.collect import Scope, Sweep, enrich, sweep
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.resources import ALWAYS, log_path
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from diagnostics.snapshot.pods import LeanPod
from diagnostics.snapshot.wanted import LogWanted, Wanted
from tests.kube.conftest import Kubeconfig
from tests.kube.server import Answer, Script, list_of, recorded, text_answer

OBSERVED = datetime(2026, 11, 23, 3, 52, 48, tzinfo=UTC)


def pod(name: str, phase: str = "Running", *, namespace: str = "shop", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", **metadata},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "env": [{"name": "A", "value": "Zq9xSecret77"}]}]},
        "status": {"phase": phase},
    }


def named(name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}"}, **fields}


def event(about: str, reason: str, kind: str = "Pod", **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{about}.{reason}", "namespace": "shop"},
        "involvedObject": {"kind": kind, "name": about, "namespace": "shop", "uid": f"uid-{about}"},
        "reason": reason,
        **fields,
    }


def suspicious(pod: LeanPod, now: datetime) -> bool:
    assert now == OBSERVED
    return pod.status.phase != "Running"


def looked_at(cluster: Access, scope: Scope | None = None, **more: Any) -> Sweep:
    return sweep(cluster, scope or Scope(), suspicious=suspicious, **more)


@pytest.fixture
def whole(script: Script) -> Script:
    """A cluster that answers everything that is always read, with nothing in it."""
    for resource in ALWAYS:
        for place in ("shop", "cellar", None):
            script.on(resource.path(place), list_of(version=f"{len(resource.name)}"))
    return script


def test_suspects_are_kept_in_full_and_the_rest_is_only_counted(whole: Script, cluster: Access) -> None:
    whole.on(
        "/api/v1/pods",
        list_of(pod("good"), pod("bad", "Pending"), token="t"),
        list_of(pod("fine"), pod("worse", "Failed")),
    )
    told: list[str] = []

    found = looked_at(cluster, on_pod=lambda pod: told.append(pod.metadata.name))

    snapshot = found.snapshot
    assert told == ["good", "bad", "fine", "worse"]
    assert snapshot.pods_seen == 4
    assert [suspect.metadata.name for suspect in snapshot.suspects] == ["bad", "worse"]
    assert snapshot.bookings["n1"].pods == 3  # All but the failed one.
    assert (snapshot.cluster, snapshot.context, snapshot.now) == ("lab", "lab", OBSERVED)
    assert snapshot.bookings_complete
    assert snapshot.unavailable == []
    assert snapshot.read == {resource.name for resource in ALWAYS}


def test_what_is_kept_of_a_suspect_is_redacted(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/pods", list_of(pod("bad", "Pending")))

    told: dict[str, bytes] = {}
    looked_at(cluster, on_suspect=lambda pod, redacted: told.update({pod.metadata.uid: redacted}))

    assert list(told) == ["uid-bad"]
    assert b"Zq9xSecret77" not in told["uid-bad"]
    assert b'"A"' in told["uid-bad"]


def test_no_request_is_made_per_pod(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/pods", list_of(*(pod(f"p{n}", "Pending") for n in range(50))))

    looked_at(cluster)

    assert sorted(whole.paths()) == sorted(resource.path() for resource in ALWAYS)


def test_every_list_says_whence_to_watch(whole: Script, cluster: Access) -> None:
    versions = looked_at(cluster).resource_versions

    assert versions == {(resource.name, None): f"{len(resource.name)}" for resource in ALWAYS}


def test_everything_always_read_is_filed(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/nodes", list_of(named("n1", ""), kind="NodeList"))
    for path in (
        "apps/v1/deployments",
        "apps/v1/statefulsets",
        "apps/v1/daemonsets",
        "batch/v1/jobs",
        "batch/v1/cronjobs",
    ):
        whole.on(f"/apis/{path}", list_of(named("web")))

    snapshot = looked_at(cluster).snapshot

    assert list(snapshot.nodes) == ["n1"]
    for kept in (snapshot.deployments, snapshot.statefulsets, snapshot.daemonsets, snapshot.jobs, snapshot.cronjobs):
        assert list(kept) == [("shop", "web")]


def test_events_are_kept_where_they_may_explain_something(whole: Script, cluster: Access) -> None:
    owner = {"kind": "ReplicaSet", "name": "web-1", "uid": "uid-web-1", "controller": True}
    whole.on("/api/v1/pods", list_of(pod("good"), pod("bad", "Pending", ownerReferences=[owner])))
    events = [
        event("good", "Scheduled"),
        event("bad", "FailedScheduling", message="token=Zq9xSecret77: 0/3 nodes"),
        event("web-1", "SuccessfulCreate", "ReplicaSet"),
        event("idle-1", "SuccessfulCreate", "ReplicaSet"),
        event("idle", "ScalingReplicaSet", "Deployment"),
        event("quota-1", "FailedCreate", "ReplicaSet"),
        event("n1", "NodeNotReady", "Node"),
        event("data", "WaitForFirstConsumer", "PersistentVolumeClaim"),
    ]
    whole.on("/api/v1/events", list_of(*events[:4], token="t"), list_of(*events[4:]))

    kept = looked_at(cluster).snapshot.events

    assert {uid: [event.reason for event in events] for uid, events in kept.items()} == {
        "uid-bad": ["FailedScheduling"],
        "uid-web-1": ["SuccessfulCreate"],
        "uid-quota-1": ["FailedCreate"],
        "uid-n1": ["NodeNotReady"],
        "uid-data": ["WaitForFirstConsumer"],
    }
    assert kept["uid-bad"][0].message == "token=[redacted]: 0/3 nodes"


def test_a_malformed_object_is_counted_and_named(whole: Script, cluster: Access) -> None:
    lame = pod("lame", "Pending") | {"status": {"phase": "Pending", "conditions": 3}}
    half = pod("half", "Pending") | {"spec": {"containers": [{"name": "app", "image": 5}]}}
    whole.on("/api/v1/pods", list_of(pod("bad", "Pending"), lame, half, pod("good")))
    whole.on("/apis/apps/v1/deployments", list_of(named("web", spec={"replicas": "many"})))

    snapshot = looked_at(cluster).snapshot

    assert snapshot.pods_seen == 3
    assert [suspect.metadata.name for suspect in snapshot.suspects] == ["bad"]
    assert snapshot.malformed == 3
    assert [(item.resource, item.namespace, item.name) for item in snapshot.malformed_objects] == [
        ("pods", "shop", "lame"),
        ("pods", "shop", "half"),
        ("deployments", "shop", "web"),
    ]


def test_namespaces_are_read_one_by_one(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/namespaces/shop/pods", list_of(pod("bad", "Pending")))
    whole.on("/api/v1/namespaces/cellar/pods", list_of(pod("worse", "Pending", namespace="cellar")))

    found = looked_at(cluster, Scope(("shop", "cellar"), "app=web"))

    assert [suspect.metadata.namespace for suspect in found.snapshot.suspects] == ["shop", "cellar"]
    assert not found.snapshot.bookings_complete
    assert ("pods", "cellar") in found.resource_versions
    assert ("nodes", None) in found.resource_versions
    assert "/api/v1/pods" not in whole.paths()
    # The labels are those of pods.
    selected = {asked.path for asked in whole.asked if "labelSelector" in asked.params}
    assert selected == {"/api/v1/namespaces/shop/pods", "/api/v1/namespaces/cellar/pods"}


def test_what_else_is_forbidden_is_noted_with_its_grant(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/nodes", recorded("403-pods-all"))
    whole.on("/apis/apps/v1/namespaces/shop/deployments", recorded("403-deployments"))

    snapshot = looked_at(cluster, Scope(("shop", "cellar"))).snapshot

    assert snapshot.unavailable == [
        Unavailable(resource="nodes", error="forbidden", grant="list nodes"),
        Unavailable(resource="deployments", namespace="shop", error="forbidden", grant="list deployments.apps"),
    ]
    assert "nodes" not in snapshot.read
    assert "deployments" in snapshot.read  # In the other namespace.


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (recorded("404-path"), "not_found"),
        (recorded("503-metrics"), "unavailable"),
        (recorded("429-apf"), "throttled"),
        (text_answer("<html>", content_type="text/html"), "not_kubernetes"),
        (Answer(b'{"kind":"EventList","items":['), "truncated"),
    ],
)
def test_what_else_fails_is_noted(whole: Script, cluster: Access, answer: Answer, error: str) -> None:
    whole.on("/api/v1/events", answer)

    assert looked_at(cluster).snapshot.unavailable == [Unavailable(resource="events", error=error)]


def test_pods_of_some_namespaces_are_enough(whole: Script, cluster: Access) -> None:
    whole.on("/api/v1/namespaces/shop/pods", list_of(pod("bad", "Pending")))
    whole.on("/api/v1/namespaces/cellar/pods", recorded("403-pods-other-ns"))

    snapshot = looked_at(cluster, Scope(("shop", "cellar"))).snapshot

    assert len(snapshot.suspects) == 1
    assert (
        Unavailable(resource="pods", namespace="cellar", error="forbidden", grant="list pods") in snapshot.unavailable
    )


@pytest.mark.parametrize(
    ("scope", "answer", "kind"),
    [
        (Scope(), recorded("403-pods-all"), FailureKind.FORBIDDEN),
        (Scope(("shop", "cellar")), recorded("403-pods-other-ns"), FailureKind.FORBIDDEN),
        (Scope(), recorded("401-bad-token"), FailureKind.UNAUTHORIZED),
        (Scope(), text_answer("<html>", content_type="text/html"), FailureKind.NOT_KUBERNETES),
        (Scope(label_selector="a b c"), recorded("400-label-selector"), FailureKind.BAD_REQUEST),
    ],
)
def test_without_pods_there_is_nothing_to_judge(
    whole: Script, cluster: Access, scope: Scope, answer: Answer, kind: FailureKind
) -> None:
    for place in (None, "shop", "cellar"):
        whole.on(ALWAYS[0].path(place), answer)

    with pytest.raises(ReadFailed) as caught:
        looked_at(cluster, scope)

    assert caught.value.kind == kind
    assert not [path for path in whole.paths() if not path.endswith("pods")]


def test_a_sweep_may_outlive_its_first_version(whole: Script, cluster: Access) -> None:
    expired = recorded("410-continue-expired")
    whole.on(
        "/api/v1/pods", list_of(pod("a", "Pending"), version="7", token="t"), expired, list_of(pod("b"), version="9")
    )

    found = looked_at(cluster)

    assert found.snapshot.pods_seen == 2
    assert found.resource_versions["pods", None] == "7"


def test_in_a_pod_there_is_no_context_for_commands(
    whole: Script, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.kube.collect.IN_CLUSTER", "lab")
    with access.load(kubeconfig(whole.address)) as cluster:
        assert looked_at(cluster).snapshot.context == ""


# What is read besides


def log(pod: str, namespace: str = "shop") -> LogWanted:
    return LogWanted(namespace, pod, f"uid-{pod}", "app", previous_first=True)


def empty() -> Snapshot:
    return Snapshot(cluster="lab", now=OBSERVED)


def test_lists_are_read_once_each(script: Script, cluster: Access) -> None:
    snapshot = empty()
    script.on("/api/v1/namespaces/shop/configmaps", list_of(named("app", data={"a": "Zq9xSecret77"})))
    script.on("/api/v1/persistentvolumeclaims", list_of(named("data")))
    script.on("/apis/storage.k8s.io/v1/storageclasses", list_of(named("fast", "")))
    script.on("/apis/apps/v1/namespaces/shop/replicasets", list_of(named("web-1")))
    wanted = {
        ("configmaps", "shop"),
        ("persistentvolumeclaims", None),
        ("persistentvolumeclaims", "shop"),  # In the list of all already.
        ("storageclasses", None),
        ("replicasets", "shop"),
    }

    enrich(cluster, snapshot, Wanted(resources=frozenset(wanted)))

    assert len(script.asked) == 4
    assert snapshot.config_maps["shop", "app"].keys == ("a",)
    assert ("shop", "data") in snapshot.claims
    assert list(snapshot.storage_classes) == ["fast"]
    assert ("shop", "web-1") in snapshot.replicasets
    assert snapshot.read == {"configmaps", "persistentvolumeclaims", "storageclasses", "replicasets"}


def test_a_list_that_fails_is_noted(script: Script, cluster: Access) -> None:
    snapshot = empty()
    script.on("/api/v1/namespaces/shop/configmaps", recorded("403-pods-other-ns"))

    enrich(cluster, snapshot, Wanted(resources=frozenset({("configmaps", "shop")})))

    grant = "list configmaps"
    assert snapshot.unavailable == [
        Unavailable(resource="configmaps", namespace="shop", error="forbidden", grant=grant)
    ]
    assert snapshot.read == set()


def test_logs_are_read_for_those_who_are_named(script: Script, cluster: Access) -> None:
    snapshot = empty()
    script.on(log_path("shop", "api-1"), text_answer("2026-11-23T03:25:20Z boom\n"))
    script.on(log_path("shop", "api-2"), recorded("404-log-pod"))

    enrich(cluster, snapshot, Wanted(logs=(log("api-1"), log("api-2"))))

    assert snapshot.logs["uid-api-1", "app"].lines == ("boom",)
    assert snapshot.logs["uid-api-2", "app"].missing == "the pod is gone"
    assert snapshot.unavailable == []
    assert snapshot.read == {"pods/log"}
    assert len(script.asked) == 3


def test_forbidden_logs_are_noted_once_a_namespace(script: Script, cluster: Access) -> None:
    snapshot = empty()
    for number in range(5):
        script.on(log_path("shop", f"api-{number}"), recorded("403-log"))
    script.on(log_path("cellar", "db"), text_answer("fine\n"))

    enrich(cluster, snapshot, Wanted(logs=(*(log(f"api-{n}") for n in range(5)), log("db", "cellar"))), threads=1)

    grant = "get pods/log"
    assert snapshot.unavailable == [Unavailable(resource="pods/log", namespace="shop", error="forbidden", grant=grant)]
    assert all("may not get pods/log" in snapshot.logs[f"uid-api-{n}", "app"].missing for n in range(5))
    assert snapshot.logs["uid-db", "app"].lines == ("fine",)
    assert len(script.asked) == 2  # Of the namespace that refuses, one.


def test_logs_are_bounded_in_number(script: Script, cluster: Access) -> None:
    snapshot = empty()
    for number in range(4):
        script.on(log_path("shop", f"api-{number}"), text_answer("x\n"))

    enrich(cluster, snapshot, Wanted(logs=tuple(log(f"api-{n}") for n in range(4))), most_logs=3)

    assert len(script.asked) == 3
    assert snapshot.logs["uid-api-3", "app"].missing == "not read: 3 logs were read before it"


def test_so_many_logs_are_read_at_a_time(script: Script, cluster: Access) -> None:
    barrier = threading.Barrier(3)

    def write(handler: BaseHTTPRequestHandler) -> None:
        barrier.wait(30)  # Nobody is answered until three have asked.
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx\n")

    for number in range(3):
        script.on(log_path("shop", f"api-{number}"), Answer(write=write))
    snapshot = empty()

    enrich(cluster, snapshot, Wanted(logs=tuple(log(f"api-{n}") for n in range(3))), threads=3)

    assert [found.lines for found in snapshot.logs.values()] == [("x",)] * 3


def test_nothing_wanted_is_nothing_asked(script: Script, cluster: Access) -> None:
    enrich(cluster, empty(), Wanted())

    assert script.asked == []
