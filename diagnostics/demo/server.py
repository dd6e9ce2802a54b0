"""The demo cluster as a server: `with ClusterServer(store) as server: ...`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from diagnostics.demo import kubeconfig
from diagnostics.demo.access import Access
from diagnostics.demo.api import Api, Prepared
from diagnostics.demo.connections import Connections
from diagnostics.demo.discovery import Documents
from diagnostics.demo.faults import Faults
from diagnostics.demo.logs import Logs
from diagnostics.demo.requests import Request
from diagnostics.demo.store import Store
from diagnostics.demo.watches import OpenWatches

LOOPBACK = "127.0.0.1"
# How many requests are remembered for whoever asks what was read.
_REMEMBERED = 20_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ClusterServer:
    """A cluster on a loopback port. Scripts change `store`, `logs`, `access` and `faults` while it runs.

    `requests` holds what was asked, oldest first; `now` is the server's clock and its `Date` header; `bookmark_every`
    is in seconds; `prepared` may answer a request with bytes made beforehand.
    """

    def __init__(  # noqa: PLR0913 (what varies between the demo, the tests and the benchmarks; all have defaults)
        self,
        store: Store,
        logs: Logs | None = None,
        *,
        documents: Documents | None = None,
        now: Callable[[], datetime] = _utc_now,
        token: str = "",
        port: int = 0,
        bookmark_every: float = 60.0,
        prepared: Prepared | None = None,
    ) -> None:
        self.store = store
        self.logs = logs or Logs()
        self.access = Access(token=token)
        self.faults = Faults()
        self.requests: deque[Request] = deque(maxlen=_REMEMBERED)
        self._watches = OpenWatches(store, bookmark_every)
        api = Api(store, self.logs, documents or Documents.recorded(), self.access, now, self._watches, prepared)
        self._connections = Connections((LOOPBACK, port), api, self.faults, self.requests)
        self._thread = threading.Thread(
            target=self._connections.serve_forever, args=(0.05,), name="demo-cluster", daemon=True
        )

    @property
    def url(self) -> str:
        """The address of the API server, as a kubeconfig has it."""
        return f"http://{LOOPBACK}:{self._connections.server_address[1]}"

    def kubeconfig(self, path: Path, *, name: str = "demo", namespace: str = "default") -> Path:
        """Writes a kubeconfig, readable by its owner alone, whose only context leads here."""
        return kubeconfig.write(path, self.url, name=name, namespace=namespace, token=self.access.token)

    def close_watches(self) -> None:
        """Ends every open watch, as a restarting API server does; new ones may be opened."""
        self._watches.end()

    def start(self) -> None:
        """Serves from now on, in threads of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stops serving and drops every connection."""
        if self._thread.is_alive():
            self._connections.shutdown()
            self._thread.join()
        self._watches.end(for_ever=True)
        self._connections.drop()
        self._connections.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
