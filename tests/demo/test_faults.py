from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import urllib3

from diagnostics.demo.faults import Fault, Kind
from diagnostics.demo.server import ClusterServer
from tests.clusters import pod, recorded_error, serving
from tests.demo.reading import get, request, watching


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving() as cluster:
        for index in range(50):
            cluster.store.put("pods", pod(f"web-{index:02}", "shop"))
        yield cluster


@pytest.mark.parametrize(
    ("name", "status", "content_type"),
    [
        ("401-bad-token", 401, "application/json"),
        ("403-nodes", 403, "application/json"),
        ("410-continue-expired", 410, "application/json"),
        ("429-apf", 429, "text/plain; charset=utf-8"),
        ("500-log-node-down", 500, "application/json"),
        ("503-metrics", 503, "text/plain; charset=utf-8"),
    ],
)
def test_answers_that_a_real_server_gave(cluster: ClusterServer, name: str, status: int, content_type: str) -> None:
    fault = recorded_error(name, "/api/v1/pods")
    cluster.faults.add(fault)
    answer = request(cluster, "/api/v1/pods")
    assert (answer.status, answer.headers["Content-Type"], answer.data) == (status, content_type, fault.body)


def test_a_real_429_says_when_to_come_again(cluster: ClusterServer) -> None:
    cluster.faults.add(recorded_error("429-apf"))
    assert request(cluster, "/version").headers["Retry-After"] == "1"


def test_an_answer_that_is_not_kubernetes(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*", status=200, body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}))
    assert request(cluster, "/api/v1/pods").data == b"<html>Sign in</html>"


def test_a_fault_strikes_its_path_its_verb_and_its_turn(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="/api/v1/*pods", verb="list", after=1, times=2, status=503))
    statuses = [request(cluster, "/api/v1/namespaces/shop/pods").status for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert request(cluster, "/api/v1/nodes").status == 200


def test_a_fault_can_be_taken_back(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*"))
    assert request(cluster, "/version").status == 500
    cluster.faults.clear()
    assert request(cluster, "/version").status == 200


def test_a_reset_connection(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*", kind=Kind.RESET, times=1))
    with pytest.raises(urllib3.exceptions.ProtocolError, match="reset"):
        request(cluster, "/api/v1/pods")
    assert request(cluster, "/api/v1/pods").status == 200


def test_a_request_that_hangs(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*", kind=Kind.HANG))
    with urllib3.PoolManager(retries=False, timeout=0.2) as pool, pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", f"{cluster.url}/api/v1/pods")


def test_a_page_that_breaks_off_half_way(cluster: ClusterServer) -> None:
    whole = request(cluster, "/api/v1/pods").data
    cluster.faults.add(Fault(path="*", kind=Kind.TRUNCATE))
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{cluster.url}/api/v1/pods", preload_content=False)
        assert answer.headers["Content-Length"] == str(len(whole))
        with pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
            answer.read()


def test_a_watch_that_breaks_off_within_a_line(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*", verb="watch", kind=Kind.TRUNCATE))
    with (
        pytest.raises((urllib3.exceptions.ProtocolError, json.JSONDecodeError)),
        watching(cluster, "/api/v1/pods") as e,
    ):
        list(e)


def test_other_connections_are_served_while_one_hangs(cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="/hang", kind=Kind.HANG))
    with urllib3.PoolManager(retries=False, timeout=0.2) as pool, pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", f"{cluster.url}/hang")
    assert len(get(cluster, "/api/v1/pods")["items"]) == 50
