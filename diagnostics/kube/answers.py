"""Answers of an API server: complete ones, and streams that are read while they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import urllib3
from urllib3.exceptions import HTTPError

from diagnostics.kube import transport
from diagnostics.kube.refusals import Request, not_kubernetes

CHUNK = 1 << 20
# A page of 500 pods is some 5 MB; an answer that goes on and on must not fill the memory.
LARGEST_ANSWER = 256 << 20


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer; `date` is the API server's clock, if it told."""

    status: int
    data: bytes
    date: datetime | None


class Stream:
    """An answer that is read while it arrives; iterate over its bytes. Leaving it drops the connection."""

    def __init__(self, request: Request, response: urllib3.BaseHTTPResponse, past: Callable[[], bool]) -> None:
        self._request = request
        self._response = response
        self._past = past
        self.status = response.status
        self.date = _date(response.headers)

    def __iter__(self) -> Iterator[bytes]:
        """Bytes as they come, never waiting for a buffer to fill. Raises ReadFailed, at the latest when time is up."""
        try:
            for part in _parts(self._response):
                yield part
                if self._past():
                    raise transport.no_time_left(self._request)
        except HTTPError as error:
            raise transport.failure(self._request, error) from error

    def read(self) -> bytes:
        """All of it. Raises ReadFailed also when there is no end to it."""
        parts, size = [], 0
        for part in self:
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise not_kubernetes(self._request, f"an answer of more than {LARGEST_ANSWER >> 20} MiB")
        return b"".join(parts)

    def bear_silence(self, seconds: float) -> None:
        """Waits so long for each next part from now on."""
        connection = self._response.connection
        sock = getattr(connection, "sock", None)  # None where the server closes after this answer.
        if sock is not None:
            sock.settimeout(seconds)

    def stop(self) -> None:
        """Lets whoever reads it in another thread read no further: what is left looks broken off."""
        with suppress(ValueError, RuntimeError, OSError):  # It has ended, or been given back, already.
            self._response.shutdown()

    def close(self) -> None:
        """Gives the connection back if everything was read, else closes it."""
        if self._response.connection is not None:
            self._response.close()
        self._response.release_conn()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()


def _parts(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    if response.headers.get("Transfer-Encoding", "").lower() == "chunked":
        yield from response.read_chunked(CHUNK)
        return
    while part := response.read1(CHUNK):
        yield part


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return told if told.tzinfo else None
