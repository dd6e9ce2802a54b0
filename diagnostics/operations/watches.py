"""The open watches of one cluster: a thread each, which do nothing but read, and one queue for what they hear."""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from diagnostics.kube.access import Access
from diagnostics.kube.errors import OF_THE_WAY, STANDING, FailureKind, ReadFailed
from diagnostics.kube.lists import key, pages
from diagnostics.kube.pacing import Pacing
from diagnostics.kube.resources import BY_NAME, PODS, Resource
from diagnostics.kube.watch import Change, ChangeKind, Watch, watch
from diagnostics.operations.picture import Place

# A watch that breaks off is opened again a few times, within some seconds, before the cluster counts as failing.
PACING = Pacing(attempts=5, first_pause=0.5)
AT_ONCE = 1.0  # Seconds before a watch is opened again that the server ended without a word.
RELIST = 30.0  # Seconds between two attempts at a list that fails.
QUEUED = 2_000  # Changes that may wait; then the reading waits, and so does the server.
PATIENCE = 2.0  # Seconds for the threads to end; one that waits for a server to answer at all ends by itself.


class Listed(NamedTuple):
    """The end of a list, whose items were told as changes: what is in it, and from where its watch goes on."""

    keys: frozenset[Any]
    resource_version: str


class Told(NamedTuple):
    """What one watch has heard: a change, or why it hears no more; a list that failed before may also have been read."""

    resource: Resource
    namespace: str | None
    news: Change | Listed | ReadFailed


def costs_only_itself(resource: Resource, failure: ReadFailed, *, listing: bool) -> bool:
    """Whether the others go on without this resource, which is listed again after a while.

    Nothing can be judged without pods, and a version that is too old is mended by a sweep.
    """
    if resource is PODS or failure.kind in OF_THE_WAY or failure.kind in STANDING:
        return False
    return listing or failure.kind is not FailureKind.EXPIRED


class Watches:
    """Watches places from their versions on; no watch stays open for longer than some `seconds`.

    A place without a version is listed first, again and again until it can be. `heard` is when anything was heard last. All times are of the monotonic clock.
    """

    def __init__(self, access: Access, versions: Mapping[Place, str], seconds: float, pacing: Pacing = PACING) -> None:
        self._access = access
        self._seconds = max(int(seconds), 1)
        self._pacing = pacing
        self._queue: Queue[Told] = Queue(QUEUED)
        self._stopped = Event()
        self._lock = Lock()
        self._open: dict[Place, Watch] = {}
        self._unlisted: set[Place] = set()
        self.heard = time.monotonic()
        self._threads = {
            place: Thread(target=self._read, args=(place, version), name=f"watch {access.name} {place[0]}", daemon=True)
            for place, version in versions.items()
        }

    def __enter__(self) -> Self:
        """Starts reading."""
        for thread in self._threads.values():
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends every watch and waits for the threads, though not for long."""
        self._stopped.set()
        with self._lock:
            for found in self._open.values():
                found.stop()
        ends = time.monotonic() + PATIENCE
        for thread in self._threads.values():
            thread.join(max(0.0, ends - time.monotonic()))

    @property
    def all_open(self) -> bool:
        """Whether every watch that still reads is open now; one that has to be listed first is known to be missing."""
        with self._lock:
            reading = {place for place, thread in self._threads.items() if thread.is_alive()}
            return reading - self._unlisted <= self._open.keys()

    def batch(self, *, not_before: float, until: float) -> list[Told]:
        """Everything that was heard by `not_before`; if that is nothing, waits for the first news, at most `until`."""
        told: list[Told] = []
        while True:
            now = time.monotonic()
            wait = (not_before if told else max(until, not_before)) - now
            try:
                told.append(self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait())
            except Empty:
                return told
            if len(told) >= QUEUED:
                return told

    def _read(self, place: Place, version: str) -> None:
        resource, namespace = BY_NAME[place[0]], place[1]
        failures = 0
        while not self._stopped.is_set():
            pause = AT_ONCE
            try:
                version = version or self._list(place)
                for change in self._opened(place, version):
                    version, failures, pause = change.resource_version, 0, 0.0
                    self.heard = time.monotonic()
                    self._put(Told(resource, namespace, change))
            except ReadFailed as failure:
                failures += 1
                patience = self._pacing.pause(failures, failure) if version else None
                if patience is None:
                    self._put(Told(resource, namespace, failure))
                    if not costs_only_itself(resource, failure, listing=not version):
                        return
                    version, failures, patience = "", 0, RELIST
                pause = patience
            finally:
                with self._lock:
                    self._open.pop(place, None)
                    if not version:
                        self._unlisted.add(place)
            self._stopped.wait(pause)

    def _list(self, place: Place) -> str:
        """Tells everything that is there, and returns the version from which the watch goes on. Raises ReadFailed."""
        resource, namespace = BY_NAME[place[0]], place[1]
        with self._lock:
            self._unlisted.add(place)
        keys, version = set[Any](), ""
        for page in pages(self._access, resource, namespace):
            version = page.resource_version
            keys.update(key(resource, item) for item in page.items)
            for item in page.items:
                self._put(Told(resource, namespace, Change(ChangeKind.ADDED, bytes(item), "")))
        self._put(Told(resource, namespace, Listed(frozenset(keys), version)))
        return version

    def _opened(self, place: Place, version: str) -> Watch:
        found = watch(self._access, BY_NAME[place[0]], version, place[1], timeout_seconds=self._seconds)
        with self._lock:
            self._open[place] = found
            self._unlisted.discard(place)
            self.heard = time.monotonic()
            if self._stopped.is_set():
                found.stop()
        return found

    def _put(self, told: Told) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(told, timeout=0.5)
            except Full:
                continue
            return
