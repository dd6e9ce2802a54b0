"""A real site: Redis, SQLite, collected static files, uvicorn, and somebody who changes what is stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from dashboard.environment import PROJECT
from tests.servers import free_port, private_redis, wait_for


class Site:
    """A site on a free loopback port; the web process can be killed and started again."""

    def __init__(self, home: Path, redis_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "SICKBAY_DATA_DIR": str(home),
            "SICKBAY_ADDR": f"127.0.0.1:{self.port}",
            "REDIS_URL": redis_url,
            "SECRET_KEY": "a key for tests alone, long enough to be taken for one of the real ones",
            "ALLOWED_HOSTS": "127.0.0.1",
            "BASE_URL": self.url,
            "DATABASE_URL": f"sqlite:///{home / 'sickbay.sqlite3'}",
            "DEMO": "1",
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "OUTBOUND_ALLOW_CIDRS": "127.0.0.0/8",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        self._environment = {**os.environ, **settings}
        self._home = home
        self._web: subprocess.Popen[bytes] | None = None
        self._writer: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        """Makes the tables and collects the static files."""
        for command in (["migrate"], ["collectstatic", "--noinput"]):
            arguments = [sys.executable, "manage.py", *command, "--verbosity", "0"]
            subprocess.run(arguments, cwd=PROJECT, env=self._environment, check=True)
        self._writer = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.writer"],
            cwd=PROJECT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Starts the web process and waits until it answers."""
        program = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--port", str(self.port)]
        with (self._home / "web.log").open("ab") as log:
            self._web = subprocess.Popen(program, cwd=PROJECT, env=self._environment, stdout=log, stderr=log)
        wait_for(self._answers, "the web process")

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """Kills the web process, and every socket with it."""
        if self._web:
            self._web.kill()
            self._web.wait()

    def log(self) -> str:
        """What the web process wrote."""
        return (self._home / "web.log").read_text()

    def do(self, command: str, **arguments: Any) -> Any:
        """Has the writer carry out a command; see `writer`."""
        writer = self._writer
        assert writer
        assert writer.stdin
        assert writer.stdout
        writer.stdin.write(json.dumps([command, arguments]) + "\n")
        writer.stdin.flush()
        return json.loads(writer.stdout.readline())

    def stop(self) -> None:
        """Ends both processes."""
        self.kill()
        if self._writer:
            self._writer.communicate()  # Closes its input, which ends it.


@contextmanager
def running_site(home: Path) -> Iterator[Site]:
    """A site that answers, stopped at the end."""
    with private_redis() as redis_url:
        site = Site(home, redis_url)
        try:
            site.prepare()
            site.start()
            yield site
        finally:
            site.stop()
