"""`manage.py democluster` as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from dashboard.environment import Environment
from dashboard.supervisor.watched import choose_watched
from tests.clusters import SMALL

PROJECT = Path(__file__).parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(PROJECT / "manage.py"), "democluster", *arguments]


@contextmanager
def running(tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command once it serves, and the line that it printed."""
    environment = {**os.environ, "SICKBAY_DATA_DIR": str(tmp_path)}
    process = subprocess.Popen(
        command("--port", "0", *arguments),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def server(kubeconfig: Path) -> str:
    return str(json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])


def test_it_says_where_it_is_and_what_to_type_next(tmp_path: Path) -> None:
    with running(tmp_path) as (_, line):
        path = tmp_path / "democluster.kubeconfig"
        url = server(path)
        pods = urllib3.request("GET", f"{url}/api/v1/namespaces/shop/pods").json()
    assert line == f"Demo cluster at {url}. Try: kubectl --kubeconfig {path} get pods -A (Ctrl-C ends it)\n"
    assert any(pod["metadata"]["name"].startswith("wishlist-") for pod in pods["items"])


def test_the_kubeconfig_of_an_embedded_start_is_left_alone(tmp_path: Path) -> None:
    watched = choose_watched(Environment.read({"SICKBAY_DATA_DIR": str(tmp_path), "DEMO": "1"}))
    assert watched.demo
    watched.demo.kubeconfig.write_text("of the start that runs")
    with running(tmp_path, "--frozen"):
        assert watched.demo.kubeconfig.read_text() == "of the start that runs"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_without_a_word(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--frozen") as (process, _):
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_frozen_stays_at_the_moment_of_capture(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "elsewhere" / "config"
    with running(tmp_path, "--frozen", "--from", str(SMALL), "--kubeconfig", str(kubeconfig)):
        answer = urllib3.request("GET", f"{server(kubeconfig)}/api/v1/namespaces/64-istio/pods")
    assert answer.headers["Date"] == "Mon, 23 Nov 2026 03:53:34 GMT"
    assert answer.json()["items"] == json.loads((SMALL / "64-istio" / "pods.json").read_text())["items"]


def test_a_living_cluster_is_of_today(tmp_path: Path) -> None:
    with running(tmp_path, "--from", str(SMALL)):
        listed = urllib3.request("GET", f"{server(tmp_path / 'democluster.kubeconfig')}/api/v1/pods").json()
    assert all("2026-11-23T03:" not in json.dumps(pod["metadata"]) for pod in listed["items"])


def test_a_restarted_one_does_not_count_back(tmp_path: Path) -> None:
    versions = []
    for _ in range(2):
        with running(tmp_path):
            listed = urllib3.request("GET", f"{server(tmp_path / 'democluster.kubeconfig')}/api/v1/nodes").json()
            versions.append(int(listed["metadata"]["resourceVersion"]))
    assert versions[0] < versions[1]


def test_a_folder_that_holds_nothing_is_one_clear_line(tmp_path: Path) -> None:
    ended = subprocess.run(command("--from", str(tmp_path)), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "holds no captured namespace" in ended.stderr


def test_a_kubeconfig_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = command("--port", "0", "--frozen", "--kubeconfig", str(tmp_path / "file" / "config"))
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "config cannot be written" in ended.stderr


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = command("--port", port, "--kubeconfig", str(tmp_path / "config"))
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"port {port} cannot be used" in ended.stderr
