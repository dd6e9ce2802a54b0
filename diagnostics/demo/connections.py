"""HTTP/1.1 on loopback: requests in, replies out, and the faults that come between."""

from __future__ import annotations

import email.utils
import socket
import struct
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any, cast

from diagnostics.demo.api import Api, Reply
from diagnostics.demo.faults import Fault, Faults, Kind
from diagnostics.demo.requests import Request

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: close sends RST.


class BrokenOff(Exception):
    """The connection ends here, on purpose."""


class Connections(ThreadingHTTPServer):
    """A thread for each connection; all of them can be dropped at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: Api, faults: Faults, requests: deque[Request]) -> None:
        self.api = api
        self.faults = faults
        self.requests = requests
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Conversation)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection, then hands it to its thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets the connection and closes it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def drop(self) -> None:
        """Ends every connection, whatever it waits for."""
        self.closing.set()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # The client was faster.
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no error; anything else is ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError | BrokenOff):
            super().handle_error(request, client_address)


class Conversation(BaseHTTPRequestHandler):
    """One connection's requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Headers and body leave together.

    def __init__(self, request: Any, client_address: Any, server: BaseServer) -> None:
        self._server = cast("Connections", server)
        super().__init__(request, client_address, server)

    def do_GET(self) -> None:
        """Answers a request, or lets a fault have it. Every other method is answered alike: not allowed."""
        self._skip_body()
        request = Request.parse(self.command, self.path, self.headers, self._server.api.store.catalogue)
        self._server.requests.append(request)
        fault = self._server.faults.strike(request)
        if fault is not None and fault.kind is not Kind.TRUNCATE:
            self._misbehave(fault)
            return
        self._reply(self._server.api.answer(request), broken_off=fault is not None)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 (the names that http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the parameter in http.server)
        """Says nothing: `requests` is the log."""

    def _skip_body(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _misbehave(self, fault: Fault) -> None:
        match fault.kind:
            case Kind.ANSWER:
                self._reply(Reply(fault.body, fault.status, fault.headers))
            case Kind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                self.connection.close()
                raise BrokenOff
            case _:
                self._server.closing.wait()
                raise BrokenOff

    def _reply(self, reply: Reply, *, broken_off: bool = False) -> None:
        if isinstance(reply.body, bytes):
            self._whole(reply, reply.body, broken_off=broken_off)
        else:
            self._chunks(reply, reply.body, broken_off=broken_off)

    def _whole(self, reply: Reply, body: bytes, *, broken_off: bool) -> None:
        self._head(reply)
        if reply.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if broken_off else body)
        if broken_off:
            self._break_off()

    def _chunks(self, reply: Reply, chunks: Iterator[bytes], *, broken_off: bool) -> None:
        self._head(reply)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for chunk in filter(None, chunks):
            self.wfile.write(b"%x\r\n" % len(chunk))
            if broken_off:
                self.wfile.write(chunk[: len(chunk) // 2])
                self._break_off()
            self.wfile.write(chunk + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Audit-Id", str(uuid.uuid4()))
        self.send_header("Cache-Control", "no-cache, private")
        self.send_header("Date", email.utils.format_datetime(self._server.api.now(), usegmt=True))
        for name, value in reply.headers.items():
            self.send_header(name, value)

    def _break_off(self) -> None:
        self.wfile.flush()
        raise BrokenOff
