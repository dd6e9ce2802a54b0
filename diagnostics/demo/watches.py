"""Watches: what changes, a line each, until the time is up or the past is forgotten.

Source: the Kubernetes API concepts page, "Efficient detection of changes" and "Watch bookmarks".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnostics.demo.representations import INITIAL_EVENTS_END, Plain, encode
from diagnostics.demo.requests import Request, Target
from diagnostics.demo.resources import Json
from diagnostics.demo.selectors import Selector
from diagnostics.demo.statuses import bad_request, watch_expired
from diagnostics.demo.store import Change, Expired, Listing, Store

# How long a watch without `timeoutSeconds` stays open; the API server draws 30 to 60 minutes.
_LONGEST = 1800.0


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch request."""

    stored_as: str
    namespace: str
    since: int | None  # None: begin with everything that there is.
    announce_end: bool  # Mark the end of what there was with a bookmark (`sendInitialEvents`).
    bookmarks: bool
    seconds: float
    wanted: Selector | None

    @classmethod
    def asked(cls, request: Request, target: Target, wanted: Selector | None) -> Watch:
        """Reads the query; raises ApiError (400) for a number that is none."""
        initial = request.flag("sendInitialEvents")
        since = _number(request.query.get("resourceVersion", ""))
        return cls(
            stored_as=target.resource.stored_as,
            namespace=target.namespace,
            since=None if initial or not since else since,
            announce_end=initial,
            bookmarks=request.flag("allowWatchBookmarks"),
            seconds=float(_number(request.query.get("timeoutSeconds", "")) or _LONGEST),
            wanted=wanted,
        )

    def selects(self, found: Json | None) -> bool:
        """Whether an object is one of those that are watched."""
        if found is None or (self.namespace and found["metadata"].get("namespace") != self.namespace):
            return False
        return self.wanted is None or self.wanted(found)

    def event(self, change: Change) -> str:
        """What a change is to this watch: an object that its selector no longer matches is DELETED. Blank: nothing."""
        if change.stored_as != self.stored_as:
            return ""
        was, now = self.selects(change.before), change.type != "DELETED" and self.selects(change.object)
        if now:
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else ""


class OpenWatches:
    """Opens watches, and can end all of them at once."""

    def __init__(self, store: Store, bookmark_every: float) -> None:
        self._store = store
        self._bookmark_every = bookmark_every
        self._generation = 0
        self._closed = False

    def open(self, watch: Watch, shown: Plain) -> Iterator[bytes]:
        """The lines of a watch as they become due, several to a chunk where they come at once."""
        generation = self._generation

        def ended() -> bool:
            return self._closed or self._generation != generation

        return filter(None, _stream(watch, self._store, shown, self._bookmark_every, ended))

    def end(self, *, for_ever: bool = False) -> None:
        """Ends every open watch; `for_ever`, every later one, too."""
        self._generation += 1
        self._closed = self._closed or for_ever
        with self._store.changed:
            self._store.changed.notify_all()


def _stream(
    watch: Watch, store: Store, shown: Plain, bookmark_every: float, ended: Callable[[], bool]
) -> Iterator[bytes]:
    ends = time.monotonic() + watch.seconds
    position = watch.since
    if position is None:
        listing = store.listing(watch.stored_as)
        yield from _initial(watch, listing, shown)
        position = listing.version
    due = time.monotonic() + bookmark_every if watch.bookmarks else math.inf
    while not ended():
        try:
            changes, position = store.changes_since(position)
        except Expired:
            yield _line("ERROR", watch_expired(position, store.version).body)
            return
        yield b"".join(_line(event, shown.one(each.object)) for each in changes if (event := watch.event(each)))
        over = time.monotonic() >= ends
        if watch.bookmarks and (over or time.monotonic() >= due):
            due = time.monotonic() + bookmark_every
            yield _line("BOOKMARK", shown.bookmark(position, {}))
        if over:
            return
        _wait(store, position, min(ends, due), ended)


def _initial(watch: Watch, listing: Listing, shown: Plain) -> Iterator[bytes]:
    yield b"".join(_line("ADDED", shown.one(each)) for each in listing.objects if watch.selects(each))
    if watch.announce_end:
        yield _line("BOOKMARK", shown.bookmark(listing.version, INITIAL_EVENTS_END))


def _wait(store: Store, position: int, until: float, ended: Callable[[], bool]) -> None:
    with store.changed:
        store.changed.wait_for(lambda: store.version > position or ended(), timeout=max(until - time.monotonic(), 0))


def _line(type_: str, found: Json) -> bytes:
    return encode({"type": type_, "object": found})


def _number(text: str) -> int:
    if text and not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text or 0)
