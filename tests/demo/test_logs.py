from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.demo.logs import Logs
from diagnostics.demo.recordings import load
from diagnostics.demo.server import ClusterServer
from tests.clusters import HTTP_ERRORS, SMALL, pod, serving
from tests.demo.reading import refused, request

BILLING = "/api/v1/namespaces/01-crash-traceback/pods/billing-worker-f556cff4f-2zmjm/log"
RECORDED = SMALL / "01-crash-traceback" / "logs" / "billing-worker-f556cff4f-2zmjm.worker.current.txt"


@pytest.fixture(scope="module")
def captured() -> Iterator[ClusterServer]:
    with serving(SMALL) as cluster:
        yield cluster


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving(now=lambda: datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)) as cluster:
        yield cluster


def text(cluster: ClusterServer, path: str, **query: Any) -> str:
    answer = request(cluster, path, **query)
    assert answer.status == 200, answer.data
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return answer.data.decode()


def test_a_recorded_log_byte_for_byte(captured: ClusterServer) -> None:
    assert text(captured, BILLING, timestamps="true") == RECORDED.read_text()


def test_timestamps_are_left_out_unless_asked_for(captured: ClusterServer) -> None:
    bare = [line.partition(" ")[2] for line in RECORDED.read_text().splitlines()]
    assert text(captured, BILLING).splitlines() == bare


def test_the_last_lines_then_the_first_bytes(captured: ClusterServer) -> None:
    lines = text(captured, BILLING).splitlines(keepends=True)
    assert text(captured, BILLING, tailLines=2) == "".join(lines[-2:])
    assert text(captured, BILLING, tailLines=2, limitBytes=5) == "".join(lines[-2:])[:5]
    assert text(captured, BILLING, tailLines=0) == ""


def test_what_the_kubelet_says_itself_has_no_timestamp(captured: ClusterServer) -> None:
    assert text(captured, BILLING, previous="true").startswith("unable to retrieve container logs for containerd://")


def test_since(cluster: ClusterServer) -> None:
    cluster.store.put("pods", pod("web", "shop"))
    for minute in (50, 59):
        cluster.logs.append("shop", "web", "app", datetime(2026, 11, 23, 3, minute, tzinfo=UTC), f"at {minute}")
    path = "/api/v1/namespaces/shop/pods/web/log"
    assert text(cluster, path, sinceSeconds=120) == "at 59\n"
    assert text(cluster, path, sinceTime="2026-11-23T03:55:00Z") == "at 59\n"


def test_every_refusal_that_was_recorded_is_worded_alike_from_the_pods_alone() -> None:
    files = sorted(SMALL.glob("*/logs/*.error.json"))
    assert files
    with ClusterServer(load(SMALL).store, Logs()) as cluster:
        for file in files:
            pod_name, container, run = file.name.removesuffix(".error.json").rsplit(".", 2)
            path = f"/api/v1/namespaces/{file.parent.parent.name}/pods/{pod_name}/log"
            answer = request(cluster, path, container=container, previous=run == "previous")
            assert answer.data == file.read_bytes()


def test_a_recorded_refusal_is_served_as_it_was() -> None:
    recording = load(SMALL)
    recording.logs.refuse(("01-crash-traceback", "billing-worker-f556cff4f-2zmjm", "worker", False), b"")
    with serving(recording) as cluster:
        assert request(cluster, BILLING).status == 204


def test_a_pod_without_a_node_has_no_content(cluster: ClusterServer) -> None:
    cluster.store.put("pods", pod("web", "shop", spec={"containers": [{"name": "app"}]}))
    answer = request(cluster, "/api/v1/namespaces/shop/pods/web/log")
    assert (answer.status, answer.data) == (204, b"")


def recorded(name: str) -> bytes:
    return (HTTP_ERRORS / f"{name}.body").read_bytes()


def several() -> dict[str, object]:
    """The pod of the recorded refusals: it runs one container and cannot pull another."""
    statuses = [
        {"name": "web", "state": {"running": {}}, "lastState": {}},
        {"name": "api", "state": {"waiting": {"reason": "ErrImagePull"}}, "lastState": {}},
    ]
    return {
        "spec": {"nodeName": "node-1", "containers": [{"name": "web"}, {"name": "api"}, {"name": "cache"}]},
        "status": {"containerStatuses": statuses},
    }


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("400-log-which-container", {}),
        ("400-log-no-such-container", {"container": "zzz"}),
        ("400-log-no-previous", {"container": "web", "previous": "true"}),
        ("400-log-waiting-image", {"container": "api"}),
    ],
)
def test_refusals_of_a_pod_with_several_containers(cluster: ClusterServer, name: str, query: dict[str, str]) -> None:
    cluster.store.put("pods", pod("multi-app-5b7997ff59-b9k2f", "team-a", **several()))
    path = "/api/v1/namespaces/team-a/pods/multi-app-5b7997ff59-b9k2f/log"
    assert request(cluster, path, **query).data.strip() == recorded(name).strip()


def test_init_containers_are_offered_too(cluster: ClusterServer) -> None:
    spec = {"nodeName": "n", "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "c"}]}
    cluster.store.put("pods", pod("web", "shop", spec=spec))
    message = refused(cluster, "/api/v1/namespaces/shop/pods/web/log")["message"]
    assert message.endswith("choose one of: [a b] or one of the init containers: [c]")


def test_a_node_that_does_not_answer(cluster: ClusterServer) -> None:
    cluster.store.put("pods", pod("queue-0", "49-nodelost", spec={"nodeName": "n", "containers": [{"name": "app"}]}))
    conditions = [{"type": "Ready", "status": "Unknown"}]
    addresses = [{"type": "InternalIP", "address": "192.0.2.102"}]
    node = {"metadata": {"name": "n"}, "status": {"conditions": conditions, "addresses": addresses}}
    cluster.store.put("nodes", node)
    answer = request(cluster, "/api/v1/namespaces/49-nodelost/pods/queue-0/log")
    assert (answer.status, answer.data.strip()) == (500, recorded("500-log-node-down").strip())


def test_a_run_that_left_no_container_is_terminated(cluster: ClusterServer) -> None:
    statuses = [{"name": "app", "state": {"terminated": {"exitCode": 137}}, "lastState": {}}]
    cluster.store.put("pods", pod("web", "shop", status={"containerStatuses": statuses}))
    message = refused(cluster, "/api/v1/namespaces/shop/pods/web/log")["message"]
    assert message == 'container "app" in pod "web" is terminated'


def test_a_restart_makes_the_log_the_previous_one(cluster: ClusterServer) -> None:
    now = datetime(2026, 11, 23, 4, tzinfo=UTC)
    cluster.store.put("pods", pod("web", "shop"))
    cluster.logs.append("shop", "web", "app", now, "first run")
    cluster.logs.start("shop", "web", "app")
    cluster.logs.append("shop", "web", "app", now, "second run")
    path = "/api/v1/namespaces/shop/pods/web/log"
    assert text(cluster, path, previous="true") == "first run\n"
    assert text(cluster, path, timestamps="true") == "2026-11-23T04:00:00.000000000Z second run\n"
    cluster.logs.forget("shop", "web")
    assert text(cluster, path) == ""


def test_the_log_of_a_pod_that_is_missing(cluster: ClusterServer) -> None:
    answer = request(cluster, "/api/v1/namespaces/default/pods/nope/log")
    assert (answer.status, answer.data.strip()) == (404, recorded("404-log-pod").strip())


def test_a_restart_leaves_a_log_where_there_was_none(cluster: ClusterServer) -> None:
    """Before its first restart a container has no previous run; after it the log of the run that ended is there."""
    restarted = pod("web", "shop")
    restarted["status"]["containerStatuses"][0]["restartCount"] = 1
    cluster.store.put("pods", restarted)
    at = datetime(2026, 11, 23, 3, 59, tzinfo=UTC)
    cluster.logs.append("shop", "web", "app", at, "FATAL: no brokers")
    cluster.logs.refuse(("shop", "web", "app", True), b"")
    cluster.logs.repeat("shop", "web", "app", at)
    path = "/api/v1/namespaces/shop/pods/web/log"
    assert text(cluster, path, previous="true") == text(cluster, path) == "FATAL: no brokers\n"
