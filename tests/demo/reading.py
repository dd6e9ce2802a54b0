"""How these tests talk to the server: real HTTP, nothing in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes
import urllib3

from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def request(
    cluster: ClusterServer, path: str, *, method: str = "GET", accept: str = "", token: str = "", **query: Any
) -> urllib3.BaseHTTPResponse:
    """One request, whatever comes of it."""
    headers = {"Accept": accept or "application/json", "Authorization": f"Bearer {token}"}
    fields = {key: str(value) for key, value in query.items()}
    with urllib3.PoolManager(retries=False, timeout=30) as pool:
        return pool.request(method, cluster.url + path, fields=fields, headers=headers)


def get(cluster: ClusterServer, path: str, **query: Any) -> Json:
    """A body that must be there, decoded."""
    answer = request(cluster, path, **query)
    assert answer.status == 200, answer.data
    return dict(answer.json())


def refused(cluster: ClusterServer, path: str, **query: Any) -> Json:
    """The Status of a request that must fail."""
    body = request(cluster, path, **query).json()
    assert body["kind"] == "Status"
    assert body["status"] == "Failure"
    return dict(body)


def names(body: Json) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


@contextmanager
def watching(cluster: ClusterServer, path: str, accept: str = "", **query: Any) -> Iterator[Iterator[Json]]:
    """An open watch: its events as they come, until the server ends it."""
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=30, read=30)) as pool:
        fields = {"watch": "true", "timeoutSeconds": "30", **{key: str(value) for key, value in query.items()}}
        answer = pool.request(
            "GET", cluster.url + path, fields=fields, headers={"Accept": accept or "*/*"}, preload_content=False
        )
        assert answer.status == 200
        try:
            yield _events(answer)
        finally:
            answer.close()


def _events(answer: urllib3.BaseHTTPResponse) -> Iterator[Json]:
    rest = b""
    for chunk in answer.stream(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from map(json.loads, lines)
    assert not rest, "a line that is not ended"


@contextmanager
def official_client(kubeconfig: Path) -> Iterator[Any]:
    """The official client's CoreV1Api, through its own kubeconfig loader."""
    loader: Any = kubernetes.config
    with loader.new_client_from_config(str(kubeconfig)) as client:
        yield kubernetes.client.CoreV1Api(client)
