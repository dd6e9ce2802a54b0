"""Scripted misbehaviour: what a server, a proxy or a network does to a request that should have been answered."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus

from diagnostics.demo.requests import Request


class Kind(Enum):
    """What happens to the request."""

    ANSWER = "answer"  # A ready answer instead of the true one.
    RESET = "reset"  # The connection is reset before any answer.
    HANG = "hang"  # No answer at all until the server is closed.
    TRUNCATE = "truncate"  # The true answer breaks off half way.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of misbehaviour for the requests that it covers.

    `path` is a pattern as the shell writes them (`/api/v1/*pods`); `verb` is get, list or watch, any if blank. The
    first `after` requests are spared; after `times` hits the fault is over (None: never).
    """

    path: str
    kind: Kind = Kind.ANSWER
    verb: str = ""
    after: int = 0
    times: int | None = None
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def covers(self, request: Request) -> bool:
        """Whether the request is of the kind that goes wrong."""
        return fnmatchcase(request.path, self.path) and self.verb in ("", request.verb)


class Faults:
    """The faults of one server, in the order in which they were added; the first that covers a request strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._seen: dict[int, int] = {}
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """From now on this goes wrong."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Everything is well again."""
        with self._lock:
            self._faults.clear()
            self._seen.clear()

    def strike(self, request: Request) -> Fault | None:
        """The fault that hits a request, if one does."""
        with self._lock:
            for fault in self._faults:
                if fault.covers(request) and self._due(fault):
                    return fault
        return None

    def _due(self, fault: Fault) -> bool:
        count = self._seen[id(fault)] = self._seen.get(id(fault), 0) + 1
        return count > fault.after and (fault.times is None or count <= fault.after + fault.times)
