"""A served cluster with one node, and its row, for the tests of watching."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster
from diagnostics.operations import slices
from tests.clusters import serving
from tests.operations.watched import node, stored_cluster


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    with serving() as server:
        server.store.put("nodes", node())
        yield server


@pytest.fixture
def cluster(server: ClusterServer, tmp_path: Path) -> Cluster:
    return stored_cluster(server, tmp_path)


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices that store what they see at once."""
    monkeypatch.setattr(slices, "INTERVAL", 0.05)
    monkeypatch.setattr(slices, "BEAT", 0.1)
    monkeypatch.setattr(slices, "REACTION", 0.05)
