from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import urllib3

from diagnostics.demo.requests import Request
from diagnostics.demo.resources import UnknownResource
from diagnostics.demo.server import ClusterServer
from tests.clusters import SMALL, pod, serving
from tests.demo.reading import TABLE, get, official_client, request


@pytest.fixture(scope="module")
def captured() -> Iterator[ClusterServer]:
    with serving(SMALL) as cluster:
        yield cluster


def test_version_and_health(captured: ClusterServer) -> None:
    assert get(captured, "/version")["gitVersion"] == "v1.36.2"
    assert [request(captured, path).data for path in ("/readyz", "/livez", "/healthz")] == [b"ok"] * 3
    assert request(captured, "/readyz", verbose="").data.endswith(b"readyz check passed\n")


def test_the_date_is_the_clusters_own(captured: ClusterServer) -> None:
    assert request(captured, "/version").headers["Date"] == "Mon, 23 Nov 2026 03:53:34 GMT"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api", "APIVersions"),
        ("/apis", "APIGroupList"),
        ("/apis/apps", "APIGroup"),
        ("/api/v1", "APIResourceList"),
        ("/apis/apps/v1", "APIResourceList"),
    ],
)
def test_discovery(captured: ClusterServer, path: str, kind: str) -> None:
    assert get(captured, path)["kind"] == kind


def test_the_resources_of_a_group_are_all_there(captured: ClusterServer) -> None:
    resources = {entry["name"]: entry for entry in get(captured, "/apis/apps/v1")["resources"]}
    assert resources["deployments"]["shortNames"] == ["deploy"]
    assert resources["deployments/scale"]["group"] == "autoscaling"
    assert resources["daemonsets"]["namespaced"] is True


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_aggregated_discovery_for_who_asks(captured: ClusterServer, path: str) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    answer = request(captured, path, accept=accept)
    assert answer.headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    assert answer.json()["kind"] == "APIGroupDiscoveryList"


def test_a_group_whose_server_is_down(captured: ClusterServer) -> None:
    answer = request(captured, "/apis/metrics.k8s.io/v1beta1/pods")
    assert (answer.status, answer.data) == (503, b"service unavailable\n")


@pytest.mark.parametrize("path", ["/apis/nope.example/v1/things", "/nothing", "/api/v1/pods/a/b/c/d"])
def test_paths_that_lead_nowhere(captured: ClusterServer, path: str) -> None:
    answer = request(captured, path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_objects_that_are_missing(captured: ClusterServer) -> None:
    missing = request(captured, "/apis/apps/v1/namespaces/default/deployments/nope").json()
    assert missing["message"] == 'deployments.apps "nope" not found'
    assert missing["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_a_client_that_wants_what_is_not_spoken(captured: ClusterServer) -> None:
    answer = request(captured, "/api/v1/pods", accept="application/vnd.kubernetes.protobuf")
    assert (answer.status, answer.json()["reason"]) == (406, "NotAcceptable")
    assert request(captured, "/api/v1/pods", accept="application/vnd.kubernetes.protobuf, */*").status == 200


@pytest.mark.parametrize(("path", "file"), [("/api/v1/pods", "all-pods"), ("/api/v1/nodes", "nodes")])
def test_the_table_is_the_api_servers(captured: ClusterServer, path: str, file: str) -> None:
    recorded = json.loads((SMALL / "cluster" / f"{file}.table.json").read_text())
    served = get(captured, path, accept=TABLE)
    assert [row["cells"] for row in served["rows"]] == [row["cells"] for row in recorded["rows"]]
    assert [row["object"] for row in served["rows"]] == [row["object"] for row in recorded["rows"]]
    described = [(column["name"], column["priority"]) for column in served["columnDefinitions"]]
    assert described == [(column["name"], column["priority"]) for column in recorded["columnDefinitions"]]


def test_a_table_includes_as_much_of_the_object_as_is_asked(captured: ClusterServer) -> None:
    none = get(captured, "/api/v1/nodes", accept=TABLE, includeObject="None")["rows"][0]["object"]
    whole = get(captured, "/api/v1/nodes", accept=TABLE, includeObject="Object")["rows"][0]["object"]
    assert (none, whole["kind"]) == (None, "Node")
    assert "status" in whole


def test_what_has_no_printer_is_a_name_and_an_age(captured: ClusterServer) -> None:
    table = get(captured, "/api/v1/namespaces", accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]
    assert table["rows"][0]["cells"] == ["01-crash-traceback", "28m"]


@pytest.mark.parametrize(
    ("path", "columns", "cells"),
    [
        (
            "/apis/apps/v1/deployments",
            ["Name", "Ready", "Up-to-date", "Available", "Age"],
            ["billing-worker", "0/2", 2, 0, "28m"],
        ),
        (
            "/api/v1/namespaces/01-crash-traceback/events",
            ["Last Seen", "Type", "Reason", "Object", "Message", "Name"],
            ["28m", "Normal", "Scheduled", "pod/billing-worker-f556cff4f-2zmjm"],
        ),
    ],
)
def test_tables_of_deployments_and_events(
    captured: ClusterServer, path: str, columns: list[str], cells: list[str | int]
) -> None:
    table = get(captured, path, accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == columns
    assert table["rows"][0]["cells"][: len(cells)] == cells


def test_a_subresource_that_is_not_served(captured: ClusterServer) -> None:
    path = "/api/v1/namespaces/64-istio/pods/reviews-7dfc74cb67-6jrhd"
    assert request(captured, f"{path}/exec").status == 404
    assert get(captured, f"{path}/status")["kind"] == "Pod"


def test_a_resource_that_nobody_knows_is_named(captured: ClusterServer) -> None:
    with pytest.raises(UnknownResource, match="no resource is called 'widgets'"):
        captured.store.objects("widgets")


def test_one_connection_serves_many_requests(captured: ClusterServer) -> None:
    with urllib3.HTTPConnectionPool("127.0.0.1", int(captured.url.rpartition(":")[2]), maxsize=1) as pool:
        assert [pool.request("GET", "/version").status for _ in range(5)] == [200] * 5
        assert pool.num_connections == 1


def test_requests_are_remembered() -> None:
    with serving() as cluster:
        get(cluster, "/api/v1/namespaces/shop/pods", limit=5, labelSelector="a=b")
        get(cluster, "/version")
        listed, about = cluster.requests
    assert listed.target is not None
    assert (listed.verb, listed.target.resource.plural, listed.target.namespace) == ("list", "pods", "shop")
    assert listed.query == {"limit": "5", "labelSelector": "a=b"}
    assert (about.verb, about.path, about.target) == ("get", "/version", None)


def test_pages_made_beforehand() -> None:
    def prepared(asked: Request) -> bytes | None:
        return b'{"kind":"PodList","items":[]}' if asked.path == "/api/v1/pods" else None

    with serving(prepared=prepared) as cluster:
        assert request(cluster, "/api/v1/pods").data == b'{"kind":"PodList","items":[]}'
        assert get(cluster, "/api/v1/nodes")["items"] == []


def test_closing_ends_every_thread_and_watch() -> None:
    before = threading.active_count()
    with serving() as cluster, urllib3.PoolManager(retries=False) as pool:
        pool.request("GET", f"{cluster.url}/api/v1/pods?watch=true", preload_content=False)
        threads = [thread for thread in threading.enumerate() if "process_request" in thread.name]
        assert threads
    for thread in threads:
        thread.join(timeout=30)
    assert threading.active_count() <= before


def test_the_kubeconfig_leads_here_and_is_private(tmp_path: Path) -> None:
    with serving(token="t0ken") as cluster:
        path = cluster.kubeconfig(tmp_path / "new" / "config", name="demo", namespace="shop")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        cluster.store.put("pods", pod("web", "shop"))
        with official_client(path) as core:
            pods = core.list_pod_for_all_namespaces()
    assert [item.metadata.name for item in pods.items] == ["web"]


def test_the_official_client_reads_logs_pages_and_watches(captured: ClusterServer, tmp_path: Path) -> None:
    watch: Any = kubernetes.watch
    with official_client(captured.kubeconfig(tmp_path / "config")) as core:
        page = core.list_pod_for_all_namespaces(limit=3)
        rest = core.list_pod_for_all_namespaces(limit=100, _continue=page.metadata._continue)
        log = core.read_namespaced_pod_log("billing-worker-f556cff4f-2zmjm", "01-crash-traceback", tail_lines=1)
        events = watch.Watch().stream(core.list_node, timeout_seconds=1)
        names = {event["object"].metadata.name for event in events}
    assert len(page.items) + len(rest.items) == len(captured.store.objects("pods"))
    assert "DATABASE_URL" in log
    assert "lab-node-7" in names
