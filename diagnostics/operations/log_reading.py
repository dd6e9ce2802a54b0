"""Logs, read in threads of their own: a node that answers slowly keeps nobody waiting but those who ask about its pods."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from threading import Condition, Thread
from typing import NamedTuple

from diagnostics.kube.access import Access
from diagnostics.kube.errors import ReadFailed
from diagnostics.kube.logs import tail_of
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.wanted import LogWanted

PATIENCE = 2.0  # Seconds that one look waits for all its logs; what comes later is for a later look.
SLOW = 1.0  # Seconds after which a node counts as slow, and is not waited for until it has answered.
AT_ONCE, AT_A_NODE = 32, 4  # Logs that are read at the same time, in all and of one node; of a slow node only one.


class Asked(NamedTuple):
    """A log to be read, of the run that was the container's last when it was asked for."""

    log: LogWanted
    node: str
    run: int

    @property
    def key(self) -> tuple[str, str]:
        """Pod uid and container: one log of a container is read at a time."""
        return self.log.uid, self.log.container


class Come(NamedTuple):
    """A log that was read, or why logs may not be read there at all."""

    asked: Asked
    found: ContainerLog | ReadFailed


class LogReader:
    """Reads logs in the background. Only its `access` is shared with the threads; they end with their last read."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._waiting: dict[tuple[str, str], Asked] = {}
        self._reading: dict[tuple[str, str], tuple[Asked, float]] = {}  # With the time at which each began.
        self._slow: set[str] = set()
        self._came: list[Come] = []
        self._changed = Condition()

    @property
    def pending(self) -> set[tuple[str, str]]:
        """The pods, by uid, and containers whose logs are still to come."""
        return {*self._waiting, *self._reading}

    @property
    def due(self) -> set[str]:
        """The namespaces of which logs have come that nobody has received yet."""
        with self._changed:
            return {come.asked.log.namespace for come in self._came}

    def ask(self, logs: Iterable[Asked]) -> None:
        """Asks for logs; those that are on their way already are not asked for again."""
        for asked in logs:
            if asked.key not in self._reading:
                self._waiting[asked.key] = asked

    def receive(self) -> list[Come]:
        """What has come, after a moment's patience with the nodes that are not known to be slow."""
        ends = time.monotonic() + PATIENCE
        received: list[Come] = []
        while True:
            received += self._take()
            self._start()
            left = ends - time.monotonic()
            if left <= 0 or not self._worth_waiting():
                self._note_slow_nodes()
                return received
            with self._changed:
                self._changed.wait_for(lambda: self._came, timeout=left)

    def _take(self) -> list[Come]:
        with self._changed:
            came, self._came = self._came, []
        for come in came:
            _, began = self._reading.pop(come.asked.key)
            if time.monotonic() < began + SLOW:
                self._slow.discard(come.asked.node)
        return came

    def _start(self) -> None:
        reading = Counter(asked.node for asked, _ in self._reading.values())
        for key, asked in list(self._waiting.items()):
            if reading.total() >= AT_ONCE:
                return
            if reading[asked.node] < (1 if asked.node in self._slow else AT_A_NODE):
                reading[asked.node] += 1
                self._reading[key] = self._waiting.pop(key), time.monotonic()
                Thread(target=self._read, args=(asked,), name=f"log of {asked.log.pod}", daemon=True).start()

    def _worth_waiting(self) -> bool:
        return any(asked.node not in self._slow for asked, _ in self._reading.values())

    def _note_slow_nodes(self) -> None:
        since = time.monotonic() - SLOW
        self._slow |= {asked.node for asked, began in self._reading.values() if began <= since}

    def _read(self, asked: Asked) -> None:
        try:
            found: ContainerLog | ReadFailed = tail_of(self._access, asked.log)
        except ReadFailed as failure:
            found = failure
        with self._changed:
            self._came.append(Come(asked, found))
            self._changed.notify_all()
