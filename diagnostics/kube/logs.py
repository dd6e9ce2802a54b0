"""Tails of container logs: bounded, cleaned, redacted; and why there is none, which is evidence too.

Source of the bounds: the catalogue's reading rules. `limitBytes` is not used, for it cuts the end, where the crash is.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from diagnostics.kube import redact
from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.resources import log_path
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.wanted import LogWanted

TAIL_LINES = 200
KEPT_BYTES = 64 << 10
READ_BYTES = 4 << 20
LINE_BYTES = 4 << 10
# Redacted before they are cut: a secret that the cut would halve would no longer look like one.
UNCUT_BYTES = 2 * LINE_BYTES
TIMEOUT = 15.0

NOTHING_WRITTEN = "the container wrote nothing"
TIMESTAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ?")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # All but the tab: nothing reads them, and PostgreSQL refuses NUL.
# A 200 whose body is the kubelet's apology.
_APOLOGY = "unable to retrieve container logs for "
# What went wrong with this cluster or with our permissions, not with this one log.
_NOT_THE_LOGS_FAULT = frozenset({FailureKind.FORBIDDEN, FailureKind.UNAUTHORIZED, FailureKind.MISCONFIGURED})


def tail(access: Access, namespace: str, pod: str, container: str, *, previous: bool) -> ContainerLog:
    """The redacted end of one run's log, in one request; where there is none, `missing` says why.

    Raises ReadFailed when logs may not be read at all.
    """
    params = {
        "container": container,
        "previous": "true" if previous else "false",
        "tailLines": str(TAIL_LINES),
        "timestamps": "true",
    }
    try:
        with access.stream(log_path(namespace, pod), params, timeout=TIMEOUT, accept="*/*") as stream:
            lines = clean(stream)
    except ReadFailed as failure:
        if failure.kind in _NOT_THE_LOGS_FAULT:
            raise
        return ContainerLog(previous=previous, missing=_reason(failure))
    if lines and lines[0].startswith(_APOLOGY):
        return ContainerLog(previous=previous, missing="the node no longer has it")
    return ContainerLog(lines=lines, previous=previous, missing="" if lines else NOTHING_WRITTEN)


def tail_of(access: Access, wanted: LogWanted) -> ContainerLog:
    """The log of the run that was asked for, else of the other one: two requests at most.

    Where neither run has one, the reason is the current run's. Raises ReadFailed when logs may not be read at all.
    """
    first = tail(access, wanted.namespace, wanted.pod, wanted.container, previous=wanted.previous_first)
    if first.lines:
        return first
    second = tail(access, wanted.namespace, wanted.pod, wanted.container, previous=not wanted.previous_first)
    return second if second.lines or not second.previous else first


def clean(parts: Iterable[bytes]) -> tuple[str, ...]:
    """The last lines of a log, fit to be read and stored: no timestamps, no colours, valid text, cut and redacted."""
    kept: deque[bytes] = deque()
    size = 0
    for line in _lines(parts):
        kept.append(line)
        size += min(len(line), LINE_BYTES)
        while size > KEPT_BYTES:
            size -= min(len(kept.popleft()), LINE_BYTES)
    text = redact.text("\n".join(_text(line) for line in kept))
    return tuple(_cut(line) for line in text.split("\n")) if kept else ()


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, of each only its beginning, from at most so many bytes in all."""
    rest, read = b"", 0
    for part in parts:
        read += len(part)
        *complete, rest = (rest + part).split(b"\n")
        yield from (_without_timestamp(line) for line in complete)
        rest = rest[: UNCUT_BYTES + 64]  # And a timestamp.
        if read >= READ_BYTES:
            break
    if rest:
        yield _without_timestamp(rest)


def _without_timestamp(line: bytes) -> bytes:
    stamp = TIMESTAMP.match(line)
    return line[stamp.end() if stamp else 0 :][:UNCUT_BYTES]


def _text(line: bytes) -> str:
    text = line.decode(errors="replace").rstrip("\r")
    # A progress bar overwrites its line: what it showed last is what counts.
    return _CONTROLS.sub("", _ESCAPES.sub("", text).rpartition("\r")[2])


def _cut(line: str) -> str:
    encoded = line.encode()
    return line if len(encoded) <= LINE_BYTES else encoded[:LINE_BYTES].decode(errors="ignore")


def _reason(failure: ReadFailed) -> str:
    match failure.kind:
        case FailureKind.NOT_FOUND:
            return "the pod is gone"
        case FailureKind.TIMEOUT:
            return "the node did not send it in time"
        case _:
            return failure.said or failure.message
