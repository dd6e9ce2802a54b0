"""A server of ready-made pages: every answer is serialised before the first request, so it costs next to nothing.

`python -m bench.server --pods 10000` prints its address and serves until it is ended.
"""

from __future__ import annotations

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from bench.pods import PAGE, encoded, pages, table_row

_COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates")
_RESOURCES = [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]}]
DISCOVERY: dict[str, dict[str, Any]] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": _RESOURCES},
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.2"},
}


class Answers:
    """Pages by their number, once as the objects and once as the Table that kubectl asks for."""

    def __init__(self, pods: int) -> None:
        self.objects: list[bytes] = []
        self.tables: list[bytes] = []
        for number, items in enumerate(pages(pods)):
            more = (number + 1) * PAGE < pods
            metadata = {"resourceVersion": "200000", **({"continue": str(number + 1)} if more else {})}
            self.objects.append(encoded({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))
            self.tables.append(encoded(_table(metadata, items)))

    def page(self, number: int, *, table: bool) -> bytes:
        """One page as bytes."""
        return (self.tables if table else self.objects)[number]


def _table(metadata: dict[str, str], items: list[dict[str, Any]]) -> dict[str, Any]:
    columns = [{"name": name, "type": "string", "format": "", "description": "", "priority": 0} for name in _COLUMNS]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": [table_row(item) for item in items],
    }


class Handler(BaseHTTPRequestHandler):
    """GET only: pods by page, discovery, and an empty list for everything else."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # As any API server: otherwise each answer waits for an acknowledgement.
    answers: ClassVar[Answers]

    def do_GET(self) -> None:
        """Answers from memory."""
        url = urlsplit(self.path)
        if url.path == "/api/v1/pods":
            query = parse_qs(url.query)
            body = self.answers.page(int(query.get("continue", ["0"])[0]), table="as=Table" in self.headers["Accept"])
        else:
            body = encoded(
                DISCOVERY.get(url.path) or {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}
            )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: what is measured prints its own lines."""


def main() -> None:
    """Serves until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, required=True)
    Handler.answers = Answers(parser.parse_args().pods)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
