from __future__ import annotations

from collections.abc import Iterator

import pytest

from diagnostics.demo.discovery import Documents
from diagnostics.demo.server import ClusterServer
from diagnostics.demo.store import Store
from tests.clusters import pod, serving
from tests.demo.reading import TABLE, get, refused, watching

PODS = "/api/v1/namespaces/shop/pods"


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving(bookmark_every=0.1) as cluster:
        cluster.store.put("pods", pod("old", "shop"))
        yield cluster


def label(cluster: ClusterServer, name: str, value: str) -> None:
    cluster.store.modify("pods", "shop", name, lambda found: found["metadata"].update(labels={"app": value}))


def test_changes_arrive_in_order_each_with_its_version(cluster: ClusterServer) -> None:
    with watching(cluster, PODS, resourceVersion=cluster.store.version) as events:
        cluster.store.put("pods", pod("new", "shop"))
        cluster.store.put("pods", pod("elsewhere", "data"))
        label(cluster, "new", "web")
        cluster.store.delete("pods", "shop", "new")
        seen = [next(events) for _ in range(3)]
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert {event["object"]["metadata"]["name"] for event in seen} == {"new"}
    assert {event["object"]["kind"] for event in seen} == {"Pod"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))
    assert versions[-1] == cluster.store.version


def test_a_watch_from_a_list_misses_nothing(cluster: ClusterServer) -> None:
    listed = get(cluster, PODS)["metadata"]["resourceVersion"]
    cluster.store.put("pods", pod("between", "shop"))
    with watching(cluster, PODS, resourceVersion=listed) as events:
        assert next(events)["object"]["metadata"]["name"] == "between"


def test_without_a_version_a_watch_begins_with_what_there_is(cluster: ClusterServer) -> None:
    with watching(cluster, PODS) as events:
        first = next(events)
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "old")


def test_the_initial_events_end_with_a_bookmark(cluster: ClusterServer) -> None:
    options = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with watching(cluster, PODS, **options) as events:
        added, bookmark = next(events), next(events)
    assert (added["type"], bookmark["type"]) == ("ADDED", "BOOKMARK")
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_what_a_selector_no_longer_matches_is_deleted(cluster: ClusterServer) -> None:
    with watching(cluster, PODS, resourceVersion=cluster.store.version, labelSelector="app=web") as events:
        label(cluster, "old", "web")
        label(cluster, "old", "db")
        assert [next(events)["type"], next(events)["type"]] == ["ADDED", "DELETED"]


def test_bookmarks_come_when_asked_for_and_move_on(cluster: ClusterServer) -> None:
    with watching(cluster, PODS, resourceVersion=cluster.store.version, allowWatchBookmarks="true") as events:
        cluster.store.put("nodes", {"metadata": {"name": "n1"}})
        bookmark = next(event for event in events if event["object"]["metadata"]["resourceVersion"] != "2")
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"] == {"resourceVersion": str(cluster.store.version)}


def test_a_watch_ends_in_time_and_without_bookmarks_says_nothing(cluster: ClusterServer) -> None:
    with watching(cluster, PODS, resourceVersion=cluster.store.version, timeoutSeconds=1) as events:
        assert list(events) == []


def test_a_past_that_is_forgotten_is_an_error_event_of_410(cluster: ClusterServer) -> None:
    since = cluster.store.version
    cluster.store.put("pods", pod("new", "shop"))
    cluster.store.expire_history()
    with watching(cluster, PODS, resourceVersion=since) as events:
        (error,) = list(events)
    assert error["type"] == "ERROR"
    assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")
    assert error["object"]["message"] == f"too old resource version: {since} ({cluster.store.version})"


def test_only_the_latest_changes_are_remembered() -> None:
    with ClusterServer(Store(Documents.recorded().catalogue, history=10)) as cluster:
        for index in range(25):
            cluster.store.put("pods", pod(f"p{index}", "shop"))
        with watching(cluster, PODS, resourceVersion=2) as events:
            assert next(events)["type"] == "ERROR"
        with watching(cluster, PODS, resourceVersion=cluster.store.version - 10) as events:
            assert next(events)["object"]["metadata"]["name"] == "p15"


def test_open_watches_can_be_ended(cluster: ClusterServer) -> None:
    with watching(cluster, PODS) as events:
        next(events)
        cluster.close_watches()
        assert list(events) == []
    with watching(cluster, PODS) as events:
        assert next(events)["type"] == "ADDED"


def test_a_table_describes_its_columns_once(cluster: ClusterServer) -> None:
    with watching(cluster, PODS, accept=TABLE) as events:
        first = next(events)["object"]
        label(cluster, "old", "web")
        second = next(events)["object"]
    assert (first["kind"], len(first["columnDefinitions"]), len(first["rows"])) == ("Table", 9, 1)
    assert (second["columnDefinitions"], second["rows"][0]["cells"][0]) == ([], "old")


def test_a_table_is_bookmarked_without_rows(cluster: ClusterServer) -> None:
    options = {"resourceVersion": cluster.store.version, "allowWatchBookmarks": "true"}
    with watching(cluster, PODS, accept=TABLE, **options) as events:
        bookmark = next(events)
    assert (bookmark["type"], bookmark["object"]["kind"], bookmark["object"]["rows"]) == ("BOOKMARK", "Table", [])


def test_metadata_alone_can_be_watched(cluster: ClusterServer) -> None:
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    with watching(cluster, PODS, accept=accept, allowWatchBookmarks="true") as events:
        added, bookmark = next(events)["object"], next(events)["object"]
    assert (added["kind"], added.keys()) == ("PartialObjectMetadata", {"kind", "apiVersion", "metadata"})
    assert bookmark["kind"] == "PartialObjectMetadata"


def test_one_object_can_be_watched_by_its_name(cluster: ClusterServer) -> None:
    selector = "metadata.name=new"
    with watching(cluster, PODS, resourceVersion=cluster.store.version, fieldSelector=selector) as events:
        label(cluster, "old", "web")
        cluster.store.put("pods", pod("new", "shop"))
        assert next(events)["object"]["metadata"]["name"] == "new"


@pytest.mark.parametrize("query", [{"timeoutSeconds": "soon"}, {"resourceVersion": "x"}])
def test_a_number_that_is_none_is_a_bad_request(cluster: ClusterServer, query: dict[str, str]) -> None:
    assert refused(cluster, PODS, watch="true", **query)["code"] == 400
