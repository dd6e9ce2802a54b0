"""`manage.py democluster`: serves the demo cluster, or any captured folder, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from diagnostics.demo.discovery import RECORDED
from diagnostics.demo.life import Life
from diagnostics.demo.recordings import Recording, load
from diagnostics.demo.server import ClusterServer

DEFAULT_PORT = 16443

# When resource versions of a living cluster began to count, ten a second: a restarted one never counts back, so
# whoever watched the one before gets 410 Gone and lists again.
_FIRST_VERSION_AT = datetime(2026, 1, 1, tzinfo=UTC)


class CannotServe(Exception):
    """Why there is no cluster; one line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What is served, and where. A frozen cluster stays at the moment of its capture."""

    kubeconfig: Path
    folder: Path | None = None
    port: int = DEFAULT_PORT
    frozen: bool = False


def serve(asked: Serving, announce: Callable[[str], None], stop: threading.Event) -> None:
    """Serves until `stop` is set; says where by one line as soon as it does. Raises NoRecording and CannotServe."""
    now = datetime.now(UTC)
    recording = load(asked.folder or RECORDED, now=None if asked.frozen else now)
    server = _server(asked, recording)
    life = None if asked.frozen else _life(asked, recording, now)
    with server:
        path = _kubeconfig(asked, server)
        announce(f"Demo cluster at {server.url}. Try: kubectl --kubeconfig {path} get pods -A (Ctrl-C ends it)")
        while not stop.wait(None if life is None else life.pause(datetime.now(UTC))):
            if life is not None:
                life.advance(datetime.now(UTC))


def stop_on_signals() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM, so that both end the command in the same orderly way."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _server(asked: Serving, recording: Recording) -> ClusterServer:
    frozen_at = recording.captured_at
    clock = (lambda: frozen_at) if asked.frozen else (lambda: datetime.now(UTC))
    try:
        return ClusterServer(recording.store, recording.logs, documents=recording.documents, now=clock, port=asked.port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotServe(f"port {asked.port} cannot be used ({reason}); choose another by --port") from error


def _kubeconfig(asked: Serving, server: ClusterServer) -> Path:
    try:
        return server.kubeconfig(asked.kubeconfig)
    except OSError as error:
        reason = f"{asked.kubeconfig} cannot be written ({error.strerror})"
        raise CannotServe(f"{reason}; choose another place by --kubeconfig") from error


def _life(asked: Serving, recording: Recording, now: datetime) -> Life | None:
    """The story of the demo cluster; a captured folder has its objects' heartbeats alone."""
    recording.store.skip_to(int((now - _FIRST_VERSION_AT).total_seconds() * 10))
    return Life(recording.store, recording.logs, now, story=asked.folder is None)
