"""docker-compose.yml without a container engine: valid, and every command line in it works against real servers.

What a container adds (its host names, its ports, its file system) is replaced by this machine's; the commands, the
health checks and all other variables are taken from the file as they stand.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.environment import PROJECT
from tests.servers import free_port, postgres_programs, private_postgres, private_redis, wait_for
from tests.start.stack import DEAD_CLUSTER

FILE = PROJECT / "docker-compose.yml"
OURS = ("web", "worker", "worker-rest", "beat", "migrate")
FROM_ENVIRONMENT = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "POSTGRES_PASSWORD": secrets.token_hex(24),
}

SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]


def interpolated(text: str) -> str:
    """As compose does it: `${NAME:-default}`, `${NAME:?message}`, and `$$` for a dollar."""

    def value(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        return FROM_ENVIRONMENT.get(found["name"]) or found["default"] or ""

    pattern = r"(?P<dollar>\$\$)|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}"
    return re.sub(pattern, value, text)


@dataclass(frozen=True)
class Host:
    """What stands in for the containers: real servers, and directories for those of the image."""

    home: Path
    postgres: str
    redis: str
    port: int

    def environment(self, service: str) -> dict[str, str]:
        said = SERVICES[service]["environment"].items()
        given = {name: interpolated(str(value)) for name, value in said if value is not None}
        image = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOSTNAME": socket.gethostname()}
        data = self.home / service
        data.mkdir(exist_ok=True)
        here = {
            "DATABASE_URL": given["DATABASE_URL"].replace("@postgres:5432/sickbay", f"@{self.postgres}"),
            "REDIS_URL": given["REDIS_URL"].replace("//redis:6379", f"//{self.redis}"),
            **{f"{name.upper()}_FILE": str(self.home / name) for name in ("secret_key", "field_encryption_keys")},
            "SICKBAY_DATA_DIR": str(data),
        }
        if "KUBECONFIG" in given:
            here["KUBECONFIG"] = str(self.home / "kubeconfig")
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        return image | coverage | given | here

    def command(self, service: str) -> list[str]:
        command = SERVICES[service].get("command") or image_command()
        return [str(self.port) if part == "8000" else part for part in command]

    @contextmanager
    def running(self, service: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            self.command(service), cwd=PROJECT, env=self.environment(service), text=True, stderr=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.communicate(timeout=60)

    def is_healthy(self, service: str, environment: Mapping[str, str]) -> bool:
        kind, *test = SERVICES[service]["healthcheck"]["test"]
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        here = [interpolated(part).replace("127.0.0.1:8000", f"127.0.0.1:{self.port}") for part in command]
        return subprocess.run(here, env=environment, capture_output=True, check=False).returncode == 0


def image_command() -> list[str]:
    """The image's own command line, for a service that names none."""
    lines = re.search(r"^CMD (\[.*\])", (PROJECT / "Dockerfile").read_text().replace("\\\n", ""), re.MULTILINE)
    assert lines
    return list(yaml.safe_load(lines[1]))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if postgres_programs() is None:
        pytest.skip("no PostgreSQL server here")
    home = tmp_path_factory.mktemp("compose")
    (home / "secret_key").write_text(FROM_ENVIRONMENT["SECRET_KEY"])
    (home / "field_encryption_keys").write_text(FROM_ENVIRONMENT["FIELD_ENCRYPTION_KEYS"])
    (home / "kubeconfig").write_text(DEAD_CLUSTER)
    with private_postgres() as postgres, private_redis() as redis:
        yield Host(home, postgres.partition("@")[2], redis.removeprefix("redis://"), free_port())


def test_it_follows_the_compose_specification() -> None:
    checker = str(Path(sys.executable).with_name("check-jsonschema"))

    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", str(FILE)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_it_holds_the_parts_and_no_secret() -> None:
    assert set(SERVICES) == {*OURS, "redis", "postgres"}
    for name in FROM_ENVIRONMENT:
        for line in FILE.read_text().splitlines():
            assert not re.search(rf"\b{name}: *[^{{\s]*[a-z0-9]{{8}}", line), line


def test_it_hands_on_every_variable_of_the_example_but_those_that_it_sets_itself() -> None:
    listed = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE))
    interpolates = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    secret = {secret["environment"] for secret in yaml.safe_load(FILE.read_text())["secrets"].values()}

    for service in OURS:
        passed = {name for name, value in SERVICES[service]["environment"].items() if value is None}
        assert listed - interpolates - secret - passed == {"DATABASE_URL", "REDIS_URL", "SICKBAY_DATA_DIR"}, service
        assert passed <= listed


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_is_confined(service: str) -> None:
    said = SERVICES[service]

    assert interpolated(said["user"]).partition(":")[0] not in {"", "0", "root"}
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_is_watched_and_restarted(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_what_has_to_last_is_kept_in_named_volumes() -> None:
    named = set(yaml.safe_load(FILE.read_text())["volumes"])

    assert named == {"redis", "postgres"}
    assert all(SERVICES[name]["volumes"][0].startswith(f"{name}:/") for name in named)


@pytest.mark.postgres
@pytest.mark.slow
def test_migrations_run(host: Host) -> None:
    with host.running("migrate") as process:
        assert process.wait(60) == 0


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("service", ["web", "worker", "worker-rest", "beat"])
def test_each_service_starts_and_is_healthy(host: Host, service: str) -> None:
    environment = host.environment(service)
    assert not host.is_healthy(service, environment)

    with host.running(service) as process:
        wait_for(lambda: process.poll() is not None or host.is_healthy(service, environment), f"a healthy {service}")
        assert process.poll() is None, process.communicate()[1]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server here")
def test_redis_starts_and_is_healthy(host: Host) -> None:
    port = str(free_port())
    directory = host.home / "redis"
    directory.mkdir()
    with subprocess.Popen([*SERVICES["redis"]["command"], "--port", port], cwd=directory) as server:
        _, program, *arguments = SERVICES["redis"]["healthcheck"]["test"]
        client = shutil.which(program) or str(Path(sys.executable).with_name(program))
        ping = [client, "-p", port, *arguments]
        wait_for(lambda: subprocess.run(ping, capture_output=True, check=False).stdout == b"PONG\n", "Redis")
        server.terminate()


@pytest.mark.postgres
@pytest.mark.slow
def test_postgres_is_healthy(host: Host) -> None:
    programs = postgres_programs()
    assert programs
    address, _, port = host.postgres.partition("/")[0].partition(":")
    _, program, *arguments = SERVICES["postgres"]["healthcheck"]["test"]

    asked = subprocess.run(
        [programs / program, *arguments, "-h", address, "-p", port], check=False, capture_output=True
    )

    assert asked.returncode == 0
