"""Clusters for tests: `with serving() as cluster: ...` runs a scriptable API server on a free loopback port.

`cluster.store` holds the objects (put, modify, delete, expire_history), `cluster.logs` the logs, `cluster.faults` and
`cluster.access` what goes wrong, `cluster.requests` what was asked; `cluster.url` and `cluster.kubeconfig(path)` lead
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from diagnostics.demo.discovery import Documents
from diagnostics.demo.faults import Fault
from diagnostics.demo.recordings import Recording, load
from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.demo.store import Store

HTTP_ERRORS = Path(__file__).parent / "demo" / "http-errors"
# Two recorded namespaces: one crash-loops, one cannot pull, beside healthy pods; with nodes and real Tables.
SMALL = Path(__file__).parent / "demo" / "captured"

# What the API server's answers carry besides their type; ours sends its own.
_HOP_BY_HOP = frozenset({"audit-id", "cache-control", "content-length", "date", "transfer-encoding"})


def on_this_machine(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Served clusters, which are on loopback, may be added; this server has no kubeconfig of its own and is no pod."""
    settings.CLUSTERS_ON_LOOPBACK, settings.KUBECONFIG, settings.SICKBAY_CLUSTERS = True, "", []
    monkeypatch.setenv("HOME", str(home))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def serving(recording: Recording | Path | None = None, **options: Any) -> Iterator[ClusterServer]:
    """A cluster that serves a recording, or a captured folder as it was captured; an empty one without.

    The options are those of `ClusterServer`.
    """
    if isinstance(recording, Path):
        recording = load(recording)
    if recording is None:
        server = ClusterServer(Store(Documents.recorded().catalogue), **options)
    else:
        captured_at = recording.captured_at
        options.setdefault("now", lambda: captured_at)
        server = ClusterServer(recording.store, recording.logs, documents=recording.documents, **options)
    with server:
        yield server


def recorded_error(name: str, path: str = "*", **when: Any) -> Fault:
    """A fault that answers as a real API server once did: `recorded_error("403-nodes", "/api/v1/nodes", times=1)`."""
    _, status_line, *lines = (HTTP_ERRORS / f"{name}.headers").read_text().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Fault(
        path=path,
        status=int(status_line.split()[1]),
        headers={key: value for key, value in headers.items() if key.lower() not in _HOP_BY_HOP},
        body=(HTTP_ERRORS / f"{name}.body").read_bytes(),
        **when,
    )


def pod(name: str, namespace: str = "default", **fields: Any) -> Json:
    """A running, ready pod of one container, as the API server would list it; `fields` replaces `spec` and the like."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("PodScheduled", "Ready")]
    running: Json = {"name": "app", "ready": True, "started": True, "restartCount": 0, "lastState": {}}
    running |= {"image": "app:1", "imageID": "sha256:1", "state": {"running": {"startedAt": now}}}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "creationTimestamp": now},
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "app:1", "resources": {}}]},
        "status": {"phase": "Running", "conditions": ready, "containerStatuses": [running]},
        **fields,
    }
