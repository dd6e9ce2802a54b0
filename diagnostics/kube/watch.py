"""Watches: what has changed since a version, line by line, as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from diagnostics.kube import transport
from diagnostics.kube.access import Access
from diagnostics.kube.answers import Stream
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import ReadFailed
from diagnostics.kube.refusals import Request, from_status, not_kubernetes
from diagnostics.kube.resources import Resource
from diagnostics.snapshot.meta import LeanMetadata, Object
from diagnostics.snapshot.objects import RawWatchEvent

# Seconds that the server gets beyond its own time-out before it counts as dead.
GRACE = 10.0
# etcd holds objects of 1.5 MB; a line many times as long is no change of one.
LONGEST_LINE = 16 << 20


class ChangeKind(StrEnum):
    """What happened; a bookmark only says how far the watch has come."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


class Change(NamedTuple):
    """A change, with the object as it was sent. A watch from `resource_version` goes on after it."""

    kind: ChangeKind
    object: bytes
    resource_version: str


class Watch(Iterator[Change]):
    """An open watch: its changes as they come, and a way to end it while another thread waits for the next one."""

    def __init__(self, changes: Iterator[Change], stream: Stream) -> None:
        self._changes = changes
        self._stream = stream

    def __next__(self) -> Change:
        """The next change; waits for it."""
        return next(self._changes)

    def stop(self) -> None:
        """Ends the watch from whatever thread; who waits for a change gets a ReadFailed, or the end."""
        self._stream.stop()


class _Versioned(Object, frozen=True):
    metadata: LeanMetadata


_LINE = decoder(RawWatchEvent)
_VERSIONED = decoder(_Versioned)


def watch(
    access: Access,
    resource: Resource,
    resource_version: str,
    namespace: str | None = None,
    *,
    timeout_seconds: int,
    label_selector: str = "",
) -> Watch:
    """Opens a watch and returns its changes, bookmarks included; they end when the server's time-out comes.

    The request is made at once, so that a refusal is raised here; iterating raises ReadFailed when the version is too
    old (`expired`: read the list again), when the stream breaks off, and when the server falls silent for longer than
    its time-out. Every complete change before that was yielded.
    """
    params = {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": str(timeout_seconds),
    }
    if label_selector:
        params["labelSelector"] = label_selector
    request = Request(access.server, resource.path(namespace), params)
    stream = access.stream(request.path, params, timeout=timeout_seconds + 2 * GRACE)
    return Watch(_changes(access, request, stream, access.monotonic() + timeout_seconds + GRACE), stream)


def _changes(access: Access, request: Request, stream: Stream, ends: float) -> Iterator[Change]:
    with stream:
        for line in lines(request, stream):
            yield change(request, line)
            if access.monotonic() > ends:  # The server talks on beyond the time that we asked for.
                return


def lines(request: Request, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Complete lines out of parts that end anywhere. Raises ReadFailed where the last one is not complete."""
    rest = b""
    for part in parts:
        *complete, rest = (rest + part).split(b"\n") if b"\n" in part else (rest + part,)
        yield from (line for line in complete if line.strip())
        if len(rest) > LONGEST_LINE:
            raise not_kubernetes(request, f"a line of more than {LONGEST_LINE >> 20} MiB in a watch")
    if rest.strip():
        raise transport.truncated(request)


def change(request: Request, line: bytes) -> Change:
    """Decodes one line of a watch; its object stays bytes. Raises ReadFailed for an ERROR and for what is no change."""
    try:
        told = _LINE.decode(line)
        if told.type == "ERROR":
            raise from_status(request, bytes(told.object))
        version = _VERSIONED.decode(told.object).metadata.resource_version
        return Change(ChangeKind(told.type), bytes(told.object), version)
    except (msgspec.DecodeError, ValueError) as error:
        raise _no_change(request) from error


def _no_change(request: Request) -> ReadFailed:
    return not_kubernetes(request, "a line in a watch that is no change")
