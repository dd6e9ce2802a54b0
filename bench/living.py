"""A cluster of ready-made pods of which some change, for watchers: `python -m bench.living --pods 50000 KUBECONFIG`.

Reads lines `CHANGES-A-SECOND` from its standard input; answers each, and its own start, with a line.
"""

from __future__ import annotations

import argparse
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.pods import FAILING_EVERY, PAGE, encoded, pages, pod
from diagnostics.demo.discovery import Documents
from diagnostics.demo.requests import Request
from diagnostics.demo.server import ClusterServer
from diagnostics.demo.store import Store

VERSION = 200_000  # Of the ready-made list.
_STARTED = datetime.now(UTC)
_PODS_NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # Half an hour after the pods were made.


def _lists(count: int, failing_every: int) -> list[bytes]:
    """The pages of the list of pods."""
    found = []
    for number, items in enumerate(pages(count, failing_every)):
        more: dict[str, Any] = {"continue": str(number + 1)} if (number + 1) * PAGE < count else {}
        metadata = {"resourceVersion": str(VERSION), **more}
        found.append(encoded({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))
    return found


class Churn(threading.Thread):
    """Changes healthy pods, so many a second."""

    def __init__(self, store: Store, count: int) -> None:
        super().__init__(daemon=True)
        self.rate = 0.0
        self._store = store
        self._count = count
        self._told = threading.Event()

    def set(self, rate: float) -> None:
        """Changes the pace at once."""
        self.rate = rate
        self._told.set()

    def run(self) -> None:
        """Never ends."""
        turn = 0
        while True:
            self._told.wait(1 / self.rate if self.rate else None)
            self._told.clear()
            turn += 1
            self._store.put("pods", pod(turn * PAGE % self._count))


def main() -> None:
    """Serves until its standard input ends."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pods", type=int, default=50_000)
    arguments.add_argument("--failing-every", type=int, default=FAILING_EVERY)
    arguments.add_argument("kubeconfig", type=Path)
    asked = arguments.parse_args()
    lists, store = _lists(asked.pods, asked.failing_every), Store(Documents.recorded().catalogue, history=20_000)
    store.skip_to(VERSION)

    def prepared(request: Request) -> bytes | None:
        is_list = request.verb == "list" and request.path == "/api/v1/pods"
        return lists[int(request.query.get("continue") or 0)] if is_list else None

    churn = Churn(store, asked.pods)
    churn.start()
    with ClusterServer(store, prepared=prepared, now=lambda: _PODS_NOW + (datetime.now(UTC) - _STARTED)) as server:
        server.kubeconfig(asked.kubeconfig, name="bench")
        print("ready", flush=True)
        for line in sys.stdin:
            churn.set(float(line))
            print("changed", flush=True)


if __name__ == "__main__":
    main()
