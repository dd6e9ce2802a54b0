"""A receiver on loopback that keeps what it gets and answers, or misbehaves, as told."""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

from diagnostics.notify.guard import Guard

LOOPBACK = Guard(allowed=(ip_network("127.0.0.0/8"),))


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer; `manner` is how: answer, reset the connection, drip, or fall silent."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "answer"


class Receiver(ThreadingHTTPServer):
    """Answers with the replies that are queued, then with `otherwise`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque()
        self.otherwise = Reply()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.command, self.path, headers, body))
        reply = self.server.replies.popleft() if self.server.replies else self.server.otherwise
        getattr(self, f"_{reply.manner}")(reply)

    do_PUT = do_PATCH = do_GET = do_POST  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _reset(self, _: Reply) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _silent(self, _: Reply) -> None:
        self.server.closing.wait()
        self.close_connection = True

    def _drip(self, _: Reply) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.closing.wait(0.02):
            self.wfile.write(b".")
            self.wfile.flush()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free loopback port, stopped at the end."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
