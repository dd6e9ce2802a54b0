"""`manage.py up` as a person runs it, in a home and a data directory of its own."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from dashboard.environment import PROJECT
from tests.servers import free_port, wait_for

# What tells a program's process from the others by its command line.
PROGRAMS = {
    "redis": "redis.sock",
    "web": "uvicorn",
    "watch": "--queues watch",
    "rest": "--queues rest",
    "beat": "--quiet beat",
    "demo": "democluster",
}
DEAD_CLUSTER = """
apiVersion: v1
kind: Config
current-context: dead
clusters: [{name: dead, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: dead, context: {cluster: dead, user: nobody}}]
users: [{name: nobody, user: {}}]
"""


@dataclass
class Stack:
    """One start: its environment, its output and, while it runs, its processes."""

    home: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.environment["SICKBAY_ADDR"].rpartition(":")[2])

    def output(self) -> str:
        return (self.home / "output").read_text()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.output()
        return "Sickbay is up." in self.output()

    def get(self, path: str) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0].status == 200
        except OSError:
            return False

    def diagnoses(self) -> set[str]:
        """The fingerprints that are stored."""
        return {fingerprint for (fingerprint,) in self._rows("SELECT fingerprint FROM diagnostics_diagnosis")}

    def fresh_at(self) -> datetime:
        """When the only cluster's watches were last known to be open and true."""
        ((moment,),) = self._rows("SELECT fresh_at FROM diagnostics_cluster")
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(Path(self.environment["SICKBAY_DATA_DIR"]) / "sickbay.sqlite3")) as database:
            return database.execute(query).fetchall()

    def pid(self, program: str) -> int | None:
        """The process of a program that the supervisor runs now."""
        running = (int(pid) for pid, command in self.processes() if PROGRAMS[program] in command)
        return next((pid for pid in running if parent(pid) == self.process.pid), None)

    def processes(self) -> list[tuple[str, str]]:
        """Every process of this start, whoever its parent is now: they all carry its data directory with them.

        In the environment, as a rule; Redis writes its title over that, but the title names the directory too.
        """
        mark = self.environment["SICKBAY_DATA_DIR"].encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command = (place / "cmdline").read_bytes()
                if mark in command or b"SICKBAY_DATA_DIR=" + mark in (place / "environ").read_bytes().split(b"\0"):
                    found.append((place.name, command.replace(b"\0", b" ").decode()))
            except OSError:
                continue  # It has ended since.
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def surroundings(home: Path, **variables: str) -> dict[str, str]:
    """An environment with nothing of ours but what is given, and a kubeconfig that leads to no cluster."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "COVERAGE_PROCESS_START") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    kubeconfig = home / "kubeconfig"
    kubeconfig.write_text(DEAD_CLUSTER)
    ours = {
        "HOME": str(home),
        "KUBECONFIG": str(kubeconfig),
        "SICKBAY_DATA_DIR": str(home / "data"),
        "SICKBAY_ADDR": f"127.0.0.1:{free_port()}",
    }
    return kept | ours | variables


@contextmanager
def starting(home: Path, **variables: str) -> Iterator[Stack]:
    """Starts it; whatever is left at the end is killed."""
    environment = surroundings(home, **variables)
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    stack = Stack(home, environment, process)
    try:
        yield stack
    finally:
        process.terminate()
        process.wait(60)
        for pid, _ in stack.processes():
            os.kill(int(pid), signal.SIGKILL)


@contextmanager
def running(home: Path, **variables: str) -> Iterator[Stack]:
    """Starts it and waits until it is up and ready."""
    with starting(home, **variables) as stack:
        wait_for(stack.is_up, "the start")
        wait_for(stack.is_ready, "readiness")
        yield stack


def refusal(home: Path, **variables: str) -> str:
    """What a start that is refused says; nothing of it may be left."""
    with starting(home, **variables) as stack:
        assert stack.process.wait(60) == 2, stack.output()
        assert stack.processes() == []
        return stack.output()
