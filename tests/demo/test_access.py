from __future__ import annotations

from collections.abc import Iterator

import pytest

from diagnostics.demo.server import ClusterServer
from tests.clusters import HTTP_ERRORS, pod, serving
from tests.demo.reading import get, refused, request

USER = "system:serviceaccount:default:viewer-one-ns"


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving() as cluster:
        cluster.access.user = USER
        cluster.store.put("pods", pod("restarted-once", "61-healthy"))
        yield cluster


def recorded(name: str) -> bytes:
    return (HTTP_ERRORS / f"{name}.body").read_bytes().strip()


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize("path", ["/api/v1/pods", "/version"])
def test_without_the_token_nothing_is_read(cluster: ClusterServer, path: str, token: str) -> None:
    cluster.access.token = "right"
    answer = request(cluster, path, token=token)
    assert (answer.status, answer.data.strip()) == (401, recorded("401-bad-token"))
    assert request(cluster, path, token="right").status == 200


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("403-pods-all", "/api/v1/pods", {}),
        ("403-watch", "/api/v1/pods", {"watch": "1"}),
        ("403-nodes", "/api/v1/nodes", {}),
        ("403-namespaces", "/api/v1/namespaces", {}),
        ("403-pods-other-ns", "/api/v1/namespaces/01-crash-traceback/pods", {}),
        ("403-secrets", "/api/v1/namespaces/default/secrets", {}),
        ("403-cr", "/apis/db.lab.example/v1/databases", {}),
    ],
)
def test_the_user_of_one_namespace_is_refused_as_rbac_does(
    cluster: ClusterServer, name: str, path: str, query: dict[str, str]
) -> None:
    cluster.access.only_namespaces("61-healthy")
    answer = request(cluster, path, **query)
    assert (answer.status, answer.data.strip()) == (403, recorded(name))
    assert len(get(cluster, "/api/v1/namespaces/61-healthy/pods")["items"]) == 1


@pytest.mark.parametrize(
    ("name", "forbidden", "path"),
    [
        ("403-deployments", ("list", "deployments"), "/apis/apps/v1/namespaces/61-healthy/deployments"),
        ("403-events-allowed-ns", ("*", "events", "61-healthy"), "/api/v1/namespaces/61-healthy/events"),
        ("403-log", ("get", "pods/log"), "/api/v1/namespaces/61-healthy/pods/restarted-once/log"),
    ],
)
def test_one_missing_grant(cluster: ClusterServer, name: str, forbidden: tuple[str, ...], path: str) -> None:
    cluster.access.forbid(*forbidden)
    answer = request(cluster, path)
    assert (answer.status, answer.data.strip()) == (403, recorded(name))
    assert request(cluster, "/api/v1/namespaces/61-healthy/pods").status == 200


def test_a_grant_is_taken_at_its_scope_alone(cluster: ClusterServer) -> None:
    cluster.access.forbid("list", "pods", namespace="")
    assert refused(cluster, "/api/v1/pods")["code"] == 403
    assert request(cluster, "/api/v1/namespaces/61-healthy/pods").status == 200
    cluster.access.allow_all()
    assert request(cluster, "/api/v1/pods").status == 200


def test_a_path_that_is_no_resource(cluster: ClusterServer) -> None:
    cluster.access.forbid_path("/readyz")
    message = refused(cluster, "/readyz", verbose="")["message"]
    assert message == f'forbidden: User "{USER}" cannot get path "/readyz"'


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(cluster: ClusterServer, method: str) -> None:
    answer = request(cluster, "/api/v1/pods", method=method)
    assert (answer.status, answer.data.strip()) == (405, recorded("405-method"))
