from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from diagnostics.demo.server import ClusterServer
from tests.clusters import SMALL, pod, serving
from tests.demo.reading import PARTIAL, get, names, refused, request


@pytest.fixture(scope="module")
def captured() -> Iterator[ClusterServer]:
    with serving(SMALL) as cluster:
        yield cluster


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving() as cluster:
        for name in ("a", "b", "c", "d", "e"):
            cluster.store.put("pods", pod(name, "shop"))
        yield cluster


def test_a_list_is_what_was_captured(captured: ClusterServer) -> None:
    recorded = json.loads((SMALL / "01-crash-traceback" / "pods.json").read_text())
    served = get(captured, "/api/v1/namespaces/01-crash-traceback/pods")
    assert (served["kind"], served["apiVersion"]) == ("PodList", "v1")
    assert served["items"] == recorded["items"]


def test_all_namespaces_come_in_the_order_of_the_api_server(captured: ClusterServer) -> None:
    table = json.loads((SMALL / "cluster" / "all-pods.table.json").read_text())
    assert names(get(captured, "/api/v1/pods")) == [row["cells"][0] for row in table["rows"]]


def test_one_object_carries_its_kind(captured: ClusterServer) -> None:
    node = get(captured, "/api/v1/nodes/lab-node-1")
    assert (node["kind"], node["apiVersion"], node["metadata"]["name"]) == ("Node", "v1", "lab-node-1")


def test_pages_follow_each_other_to_the_end(cluster: ClusterServer) -> None:
    first = get(cluster, "/api/v1/pods", limit=2)
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    second = get(cluster, "/api/v1/pods", limit=2, **{"continue": first["metadata"]["continue"]})
    assert (names(second), second["metadata"]["remainingItemCount"]) == (["c", "d"], 1)
    last = get(cluster, "/api/v1/pods", limit=2, **{"continue": second["metadata"]["continue"]})
    assert (names(last), last["metadata"].keys()) == (["e"], {"resourceVersion"})


def test_later_pages_show_the_cluster_of_the_first(cluster: ClusterServer) -> None:
    first = get(cluster, "/api/v1/namespaces/shop/pods", limit=2)
    cluster.store.delete("pods", "shop", "c")
    cluster.store.put("pods", pod("bb", "shop"))
    rest = get(cluster, "/api/v1/namespaces/shop/pods", **{"continue": first["metadata"]["continue"]})
    assert names(rest) == ["c", "d", "e"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_an_expired_token_is_gone_and_offers_another(cluster: ClusterServer) -> None:
    first = get(cluster, "/api/v1/pods", limit=2)
    cluster.store.delete("pods", "shop", "c")
    cluster.store.expire_history()
    gone = refused(cluster, "/api/v1/pods", limit=2, **{"continue": first["metadata"]["continue"]})
    assert (gone["code"], gone["reason"]) == (410, "Expired")
    rest = get(cluster, "/api/v1/pods", limit=2, **{"continue": gone["metadata"]["continue"]})
    assert names(rest) == ["d", "e"]


def test_tokens_have_the_form_of_the_api_servers(cluster: ClusterServer) -> None:
    token = get(cluster, "/api/v1/pods", limit=1)["metadata"]["continue"]
    decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert decoded == {"v": "meta.k8s.io/v1", "rv": cluster.store.version, "start": "shop/a\0"}


@pytest.mark.parametrize("query", [{"continue": "garbage"}, {"continue": "e30"}, {"limit": "abc"}])
def test_nonsense_is_a_bad_request(cluster: ClusterServer, query: dict[str, str]) -> None:
    assert refused(cluster, "/api/v1/pods", **query)["code"] == 400


def test_a_limit_counts_what_is_selected(cluster: ClusterServer) -> None:
    cluster.store.put("pods", pod("z", "shop", status={"phase": "Failed"}))
    first = get(cluster, "/api/v1/pods", limit=2, fieldSelector="metadata.name!=a")
    assert names(first) == ["b", "c"]
    assert "remainingItemCount" not in first["metadata"]
    rest = {"continue": first["metadata"]["continue"], "fieldSelector": "status.phase=Failed"}
    assert names(get(cluster, "/api/v1/pods", **rest)) == ["z"]


def test_an_exact_version_that_is_past_is_gone(cluster: ClusterServer) -> None:
    now = cluster.store.version
    assert len(get(cluster, "/api/v1/pods", resourceVersion=now, resourceVersionMatch="Exact")["items"]) == 5
    assert refused(cluster, "/api/v1/pods", resourceVersion=now - 1, resourceVersionMatch="Exact")["code"] == 410


def test_a_version_of_the_future_is_waited_for_in_vain(cluster: ClusterServer) -> None:
    answer = request(cluster, "/api/v1/pods", resourceVersion=999999, resourceVersionMatch="NotOlderThan")
    assert (answer.status, answer.headers["Retry-After"]) == (504, "1")


def test_metadata_alone(captured: ClusterServer) -> None:
    listed = get(captured, "/api/v1/namespaces/64-istio/pods", accept=PARTIAL)
    assert listed["kind"] == "PartialObjectMetadataList"
    assert [item.keys() for item in listed["items"]] == [{"kind", "apiVersion", "metadata"}]


def test_events_are_served_by_both_their_groups(captured: ClusterServer) -> None:
    core = get(captured, "/api/v1/namespaces/01-crash-traceback/events")["items"]
    own = get(captured, "/apis/events.k8s.io/v1/namespaces/01-crash-traceback/events")["items"]
    assert [event["message"] for event in core] == [event["note"] for event in own]
    assert core[0]["involvedObject"] == own[0]["regarding"]


def test_a_namespace_that_is_missing_is_an_empty_list(captured: ClusterServer) -> None:
    assert get(captured, "/api/v1/namespaces/does-not-exist/pods")["items"] == []
