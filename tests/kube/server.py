"""A scriptable API server: each path answers what a test tells it to, and every request is written down."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parent
TLS = FOLDER / "tls"
DATE = "Mon, 23 Nov 2026 03:52:48 GMT"
Write = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """A request, as it came in."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent; `write` takes the place of the whole answer where HTTP itself goes wrong."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    write: Write | None = None


def json_answer(document: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(document).encode(), status)


def text_answer(body: str | bytes, status: int = 200, content_type: str = "text/plain", **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(data, status, {"Content-Type": content_type, **named})


def recorded(name: str) -> Answer:
    """An answer that a real API server gave, with its headers."""
    folder = FOLDER / "http-errors"
    _, status_line, *lines = (folder / f"{name}.headers").read_text().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    kept: dict[str, str] = {key: headers[key] for key in ("Content-Type", "Retry-After") if key in headers}
    return Answer((folder / f"{name}.body").read_bytes(), int(status_line.split()[1]), kept)


def list_of(*items: Any, kind: str = "PodList", version: str = "100", token: str = "") -> Answer:
    metadata = {"resourceVersion": version, **({"continue": token} if token else {})}
    return json_answer({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": list(items)})


def chunked(*parts: bytes, cut: bool = False) -> Answer:
    """Parts sent one by one; `cut` closes the connection before the last chunk says that it is the last."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.flush()
        if not cut:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return Answer(write=write)


def raw(data: bytes) -> Answer:
    """Bytes that need not be HTTP; then the connection is closed."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return Answer(write=write)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    # With this option closing sends a reset instead of an orderly end; detached, the server does not end it orderly.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())
    handler.close_connection = True


RESET = Answer(write=_reset)


class Script:
    """The answers of one server and what it was asked; `closing` is set when it ends, for those who hang."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self.address = ""
        self._lock = threading.Lock()

    def on(self, path: str, *answers: Answer) -> None:
        """The answers to a path, one after another; the last one stays."""
        self.answers[path] = list(answers)

    def next(self, path: str) -> Answer:
        with self._lock:
            answers = self.answers.get(path) or [recorded("404-path")]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def hang(self) -> Answer:
        """No answer at all, until the test is over."""

        def write(handler: BaseHTTPRequestHandler) -> None:
            self.closing.wait()
            handler.close_connection = True

        return Answer(write=write)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    """Answers as its script says, whatever the method."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Else each answer waits 40 ms for the client's acknowledgement of its headers.
    script: ClassVar[Script]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query, keep_blank_values=True))
        self.script.asked.append(Asked(self.command, url.path, params, dict(self.headers.items())))
        answer = self.script.next(url.path)
        if answer.write is not None:
            answer.write(self)
            return
        self.send_response_only(answer.status)
        self.send_header("Date", DATE)
        for header, value in answer.headers.items():
            self.send_header(header, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients of these tests leave early, and refuse certificates, on purpose."""


@contextmanager
def serve(*, certificate: str = "", wants_client: bool = False) -> Iterator[Script]:
    """A server on a free loopback port; with TLS if it is given a certificate of `tls/`."""
    script = Script()
    with _Server(("127.0.0.1", 0), type("Handler", (Handler,), {"script": script})) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / f"{certificate}.pem", TLS / f"{certificate}.key")
            if wants_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(TLS / "ca.pem")
            # In each connection's own thread: a client that says nothing holds up nobody else.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        script.address = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield script
        finally:
            script.closing.set()
            server.shutdown()
            thread.join()
