"""`manage.py up`, whole and real."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.servers import wait_for
from tests.start.stack import Stack, refusal, running, starting, surroundings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("up"), KUBECONFIG="") as stack:
        wait_for(lambda: bool(stack.diagnoses()), "the first diagnoses")
        yield stack


def test_the_report_says_where_and_how(stack: Stack) -> None:
    report = stack.output()

    assert f"open     http://127.0.0.1:{stack.port}/\n" in report
    assert re.search(rf"sign in  http://127\.0\.0\.1:{stack.port}/signin/\S+", report)
    assert "watches  the demo cluster, for no kubeconfig was found; " in report


def test_the_link_is_a_way_in(stack: Stack) -> None:
    link = re.search(r"sign in  http://[^/]+(/signin/\S+)", stack.output())

    assert link
    assert stack.get(link[1])[0].status == 200


def test_a_visitor_of_the_demo_sees_its_diagnoses(stack: Stack) -> None:
    response, page = stack.get("/")

    assert response.status == 200
    assert b'href="/d/' in page


def test_pages_forbid_what_they_do_not_need(stack: Stack) -> None:
    policy = stack.get("/signin")[0].headers["Content-Security-Policy"]

    assert sorted(policy.split("; ")) == [
        "base-uri 'none'", "connect-src 'self'", "default-src 'none'", "font-src 'self'", "form-action 'self'",
        "frame-ancestors 'none'", "img-src 'self' data:", "script-src 'self'", "style-src 'self'",
    ]  # fmt: skip


def test_static_files_are_kept_for_ever(stack: Stack) -> None:
    page = stack.get("/signin")[1].decode()
    sheet = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert sheet

    response, body = stack.get(sheet[1])

    name = sheet[1].removeprefix("/static/")
    assert body == (stack.home / "data" / "static" / name).read_bytes()
    assert "immutable" in response.headers["Cache-Control"]
    assert "Warning" not in stack.output()


@pytest.mark.parametrize("program", ["redis", "demo", "web", "watch", "rest", "beat"])
def test_a_killed_process_comes_back_and_no_diagnosis_is_lost(stack: Stack, program: str) -> None:
    killed, known, moment = stack.pid(program), stack.diagnoses(), datetime.now(UTC)
    assert killed is not None

    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: stack.pid(program) not in {None, killed}, f"another {program}")
    wait_for(stack.is_ready, "readiness")
    wait_for(lambda: stack.fresh_at() > moment, "a fresh look at the cluster")

    assert known <= stack.diagnoses()
    assert re.search(rf"^{program} ended \(killed by SIGKILL\); starting it again in", stack.output(), re.MULTILINE)


def test_a_second_start_on_the_same_data_is_refused(stack: Stack, tmp_path: Path) -> None:
    says = refusal_of_twin(stack, tmp_path)

    assert says == (
        f"sickbay: Sickbay already runs on {stack.environment['SICKBAY_DATA_DIR']} (process {stack.process.pid}); "
        "stop it, or name another SICKBAY_DATA_DIR\n"
    )
    assert stack.is_ready()


def refusal_of_twin(stack: Stack, home: Path) -> str:
    environment = surroundings(home, SICKBAY_DATA_DIR=stack.environment["SICKBAY_DATA_DIR"])
    twin = subprocess.run(
        [sys.executable, "manage.py", "up"], env=environment, capture_output=True, text=True, check=False
    )
    assert (twin.returncode, twin.stdout) == (2, "")
    return twin.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_stops_everything(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        assert stack.stop(number) == 0
        assert stack.processes() == []


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        stack.process.kill()
        stack.process.wait(60)
        wait_for(lambda: stack.processes() == [], "the end of what it had started")

    with running(tmp_path):
        pass


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]

        assert refusal(tmp_path, SICKBAY_ADDR=f"127.0.0.1:{port}").startswith(f"sickbay: port {port} is taken; ")


def test_a_redis_that_dies_is_refused_with_its_last_words(tmp_path: Path) -> None:
    fake = tmp_path / "redis-server"
    fake.write_text("#!/bin/sh\necho 'Fatal error, out of memory'\nexit 1\n")
    fake.chmod(0o755)

    says = refusal(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert says.splitlines()[-1] == "sickbay: redis could not start (exit code 1): Fatal error, out of memory"


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"DATABASE_URL": "sqlite:////dev/null/sickbay.sqlite3"},
            r"sickbay: DATABASE_URL: the database does not work: .*",
        ),
        ({"SICKBAY_DATA_DIR": "/dev/null/data"}, r"sickbay: SICKBAY_DATA_DIR: /dev/null/data cannot be written .*"),
        ({"SICKBAY_ADDR": "8000"}, r"sickbay: SICKBAY_ADDR: '8000' is not HOST:PORT, .*"),
        ({"KUBECONFIG": "/nowhere/config"}, r"sickbay: .*/nowhere/config.*"),
        ({"KUBECONFIG": "", "DEMO": "0"}, r"sickbay: DEMO is off and no kubeconfig was found; .*"),
        ({"SICKBAY_CLUSTERS": "prod"}, r"sickbay: .*prod.*"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(variables: dict[str, str], line: str, tmp_path: Path) -> None:
    assert re.fullmatch(rf"{line}\n", refusal(tmp_path, **variables))


def test_with_a_cluster_of_ones_own_pages_ask_to_sign_in(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        assert f"watches  dead of {tmp_path}/kubeconfig" in stack.output()
        assert stack.get("/")[0].headers["Location"].startswith("/signin?next=")


def test_nothing_is_started_before_ctrl_c_during_preparation(tmp_path: Path) -> None:
    with starting(tmp_path) as stack:
        lock = tmp_path / "data" / "up.lock"
        wait_for(lambda: lock.exists() and lock.read_text() != "", "the start")
        stack.process.send_signal(signal.SIGINT)

        assert stack.process.wait(60) in {0, 130}
        assert "Traceback" not in stack.output()
        assert stack.processes() == []


def test_below_a_path_every_address_has_it(tmp_path: Path) -> None:
    with running(tmp_path, SICKBAY_BASE_PATH="/sickbay") as stack:
        assert f"open     http://127.0.0.1:{stack.port}/sickbay/\n" in stack.output()
        assert stack.get("/sickbay/")[0].headers["Location"].startswith("/sickbay/signin?next=%2Fsickbay%2F")
        page = stack.get("/sickbay/signin")[1].decode()
        addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
        assert addresses
        assert [address for address in addresses if not address.startswith("/sickbay/")] == []
        sheet = next(address for address in addresses if address.endswith(".css"))
        assert stack.get(sheet)[0].status == 200
        assert {handshake(stack, "/sickbay/ws/live"), handshake(stack, "/ws/live")} == {101}
        assert handshake(stack, "/elsewhere/ws/live") != 101


def handshake(stack: Stack, path: str) -> int:
    """The status with which a socket without a session is answered."""
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=20)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    connection.request(
        "GET",
        path,
        headers=upgrade | {"Sec-WebSocket-Key": "c2lja2JheSBzaWNrYmF5IQ==", "Origin": f"http://127.0.0.1:{stack.port}"},
    )
    status = connection.getresponse().status
    connection.close()
    return status
