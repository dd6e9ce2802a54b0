"""Logs in the background: nobody waits for a node that is known to be slow."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Lock
from typing import cast

import pytest

from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.operations import log_reading
from diagnostics.operations.log_reading import AT_A_NODE, Asked, LogReader
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.wanted import LogWanted
from tests.servers import wait_for

FOR_EVER = 600.0


class Nodes:
    """Answers for logs; those of pods in `held` only when they are let go."""

    def __init__(self) -> None:
        self.held: dict[str, Event] = {}
        self.asked: list[str] = []
        self._lock = Lock()

    def tail_of(self, _: Access, wanted: LogWanted) -> ContainerLog:
        with self._lock:
            self.asked.append(wanted.pod)
        if wanted.pod in self.held:
            self.held[wanted.pod].wait()
        if wanted.namespace == "secret":
            raise ReadFailed(FailureKind.FORBIDDEN, "no")
        return ContainerLog(lines=(f"of {wanted.pod}",))


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    nodes = Nodes()
    monkeypatch.setattr(log_reading, "tail_of", nodes.tail_of)
    monkeypatch.setattr(log_reading, "PATIENCE", FOR_EVER)
    yield nodes
    for held in nodes.held.values():
        held.set()


@pytest.fixture
def reader() -> LogReader:
    return LogReader(cast("Access", None))


def asked(pod: str, node: str = "n1", namespace: str = "shop", run: int = 1) -> Asked:
    return Asked(LogWanted(namespace, pod, f"uid-{pod}", "app", previous_first=True), node, run)


def received(reader: LogReader) -> set[str]:
    return {come.asked.log.pod for come in reader.receive()}


@pytest.mark.usefixtures("nodes")
def test_logs_that_come_soon_are_waited_for(reader: LogReader) -> None:
    reader.ask(asked(f"cart-{n}", node=f"n{n % 3}") for n in range(100))

    assert len(received(reader)) == 100
    assert (reader.pending, reader.due, received(reader)) == (set(), set(), set())


@pytest.mark.usefixtures("nodes")
def test_what_may_not_be_read_is_handed_over_too(reader: LogReader) -> None:
    reader.ask([asked("cart", namespace="secret")])

    (come,) = reader.receive()
    assert isinstance(come.found, ReadFailed)


def test_a_slow_node_is_waited_for_once(nodes: Nodes, reader: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    pods = [f"slow-{n}" for n in range(AT_A_NODE + 1)]
    nodes.held = {pod: Event() for pod in pods}
    monkeypatch.setattr(log_reading, "PATIENCE", 0.05)
    monkeypatch.setattr(log_reading, "SLOW", 0.0)
    reader.ask(asked(pod, node="slow") for pod in pods)
    assert received(reader) == set()
    assert len(nodes.asked) == AT_A_NODE, "so many and no more"

    monkeypatch.setattr(log_reading, "PATIENCE", FOR_EVER)
    reader.ask([asked("cart-1"), asked("slow-0", node="slow", run=2)])
    assert received(reader) == {"cart-1"}
    assert len(reader.pending) == len(pods)

    nodes.held["slow-0"].set()
    wait_for(lambda: reader.due == {"shop"}, "the log that was late")
    assert received(reader) == {"slow-0"}
    assert len(nodes.asked) == AT_A_NODE + 1, "the slow node is asked for one at a time, and still reads three"


def test_a_node_that_answers_again_is_waited_for_again(
    nodes: Nodes, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes.held = {"slow": Event()}
    monkeypatch.setattr(log_reading, "PATIENCE", 0.05)
    monkeypatch.setattr(log_reading, "SLOW", 0.0)
    reader.ask([asked("slow")])
    assert received(reader) == set()

    monkeypatch.setattr(log_reading, "PATIENCE", FOR_EVER)
    monkeypatch.setattr(log_reading, "SLOW", FOR_EVER)
    nodes.held["slow"].set()
    wait_for(lambda: bool(reader.due), "the log that was late")
    assert received(reader) == {"slow"}
    reader.ask([asked("soon")])
    assert received(reader) == {"soon"}
