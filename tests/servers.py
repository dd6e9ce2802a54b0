"""Real servers for tests, each private, on a free loopback port or a unix socket, and stopped at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0  # Seconds; far more than is ever needed, for what waits returns as soon as it may.


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Looks again and again until something holds; fails if it never does."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience:.0f} s")
        time.sleep(0.05)


def postgres_programs() -> Path | None:
    """Where initdb and postgres are; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


@contextmanager
def private_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own. It refuses to run as root, so root runs it as somebody else."""
    programs = postgres_programs()
    assert programs is not None, "no PostgreSQL programs"
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="sickbay-pg-"))
    if user:
        shutil.chown(home, user)
    data, port = home / "data", free_port()
    subprocess.run(
        [
            programs / "initdb",
            "--pgdata",
            data,
            "--username",
            "sickbay",
            "--auth",
            "trust",
            "--no-sync",
            "--encoding",
            "UTF8",
        ],
        user=user,
        cwd=home,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(home), "-p", str(port), "-h", "127.0.0.1", "-F"]
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(command, user=user, cwd=home, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(
                lambda: (
                    subprocess.run(
                        [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False
                    ).returncode
                    == 0
                ),
                "PostgreSQL",
            )
            yield f"postgres://sickbay@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(home)


@contextmanager
def private_redis(*, over_socket: bool = False) -> Iterator[str]:
    """The URL of a Redis server of our own, on a loopback port or on a unix socket."""
    from dashboard.supervisor.preflight import redis_server

    home = Path(tempfile.mkdtemp(prefix="sickbay-redis-"))
    port = 0 if over_socket else free_port()
    url = f"unix://{home}/redis.sock" if over_socket else f"redis://127.0.0.1:{port}"
    command = [redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", f"{home}/redis.sock"]
    with subprocess.Popen([*command, "--dir", str(home), "--save", ""], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: _accepts(home / "redis.sock"), "Redis")
            yield url
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(home)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
