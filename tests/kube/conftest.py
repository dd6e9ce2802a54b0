from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.kube import access
from diagnostics.kube.access import Access
from diagnostics.kube.pacing import Pacing
from tests.kube.server import Script, serve


@pytest.fixture(autouse=True)
def no_cluster_of_our_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's kubeconfig nor a proxy of the machine plays a part."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def script() -> Iterator[Script]:
    with serve() as started:
        yield started


class Naps:
    """Pauses that were asked for, and took no time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


Kubeconfig = Callable[..., str]


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    """Writes a kubeconfig of one context, `lab`, and returns its path."""

    def write(
        server: str, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, name: str = "config"
    ) -> str:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "reader", "namespace": "shop"}}],
            "clusters": [{"name": "lab", "cluster": {"server": server, **(cluster or {})}}],
            "users": [{"name": "reader", "user": user or {}}],
        }
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return str(path)

    return write


@pytest.fixture
def cluster(script: Script, kubeconfig: Kubeconfig, naps: Naps) -> Iterator[Access]:
    with access.load(kubeconfig(script.address), pacing=Pacing(sleep=naps)) as opened:
        yield opened
