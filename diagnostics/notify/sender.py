"""The one place that sends HTTP requests outward: guarded, without redirects, capped in time and size.

httpcore makes the connection through a network backend of ours, so that the address that was checked is the one that
is connected to, while TLS and the Host header keep the name. Only scheme and host are ever logged: a webhook's path is
its password.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

from diagnostics.notify.exchange import Answer, Request
from diagnostics.notify.guard import Guard, NotAllowed, NotResolved

CONNECT, TOTAL = 10.0, 15.0  # Seconds.
MOST_BYTES = 64 * 1024  # Of an answer.
AGENT = "Sickbay"

# What httpcore raises for a receiver that is not there, does not speak HTTP, breaks off or takes too long.
_NO_ANSWER = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, NotResolved)


class NoAnswer(Exception):
    """The receiver was not reached, or did not answer in time; it may later."""


def send(request: Request, guard: Guard, *, total: float = TOTAL) -> Answer:
    """Sends a request and returns the answer, whatever its status. Raises NotAllowed and NoAnswer.

    `total` seconds is all that it may take, however slowly the receiver drips.
    """
    guard.check_url(request.url)
    headers = {"user-agent": AGENT, **request.headers}
    backend = _Backend(guard, time.monotonic() + total)
    try:
        with httpcore.ConnectionPool(ssl_context=_trust(), network_backend=backend) as pool:
            return _exchange(pool, request, headers)
    except NotAllowed:
        raise
    except _NO_ANSWER as error:
        host = urlsplit(request.url).hostname
        raise NoAnswer(f"{host}: {_reason(error)}") from error


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificate authorities; reading them takes longer than a request."""
    return ssl.create_default_context()


def _exchange(pool: httpcore.ConnectionPool, request: Request, headers: dict[str, str]) -> Answer:
    timeouts = {"timeout": {"connect": CONNECT, "read": TOTAL, "write": TOTAL, "pool": CONNECT}}
    with pool.stream(
        request.method, request.url, headers=list(headers.items()), content=request.body, extensions=timeouts
    ) as response:
        received = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, _capped(response.iter_stream()), received)


def _capped(chunks: Iterable[bytes]) -> bytes:
    """The beginning of a body; the rest is not waited for."""
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) >= MOST_BYTES:
            break
    return body[:MOST_BYTES]


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__


class _Backend(httpcore.NetworkBackend):
    """Connects to checked addresses only, and to nothing after the deadline."""

    def __init__(self, guard: Guard, deadline: float) -> None:
        self._guard = guard
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the address that the name has now, once every address that it has was checked."""
        address = self._guard.resolve(host, port)
        left = _left(self._deadline, timeout)
        stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline)


@dataclass(frozen=True, slots=True)
class _Stream(httpcore.NetworkStream):
    """A stream of which every read and write ends at one deadline: a receiver that drips cannot hold us."""

    stream: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Reads, until the deadline."""
        return self.stream.read(max_bytes, _left(self.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Writes, until the deadline."""
        self.stream.write(buffer, _left(self.deadline, timeout))

    def close(self) -> None:
        """Closes."""
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """TLS under the name that was asked for, not the address."""
        return _Stream(
            self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline, timeout)), self.deadline
        )

    def get_extra_info(self, info: str) -> Any:
        """As the stream below says."""
        return self.stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("no answer in time")
    return left if timeout is None else min(left, timeout)
