"""The program that people type: kubectl against the server, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.demo.server import ClusterServer
from tests.clusters import SMALL, pod, serving

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
BILLING = ("-n", "01-crash-traceback", "billing-worker-f556cff4f-2zmjm")


@pytest.fixture(scope="module")
def captured() -> Iterator[ClusterServer]:
    with serving(SMALL) as cluster:
        yield cluster


@pytest.fixture
def kubectl(captured: ClusterServer, tmp_path: Path) -> Kubectl:
    environment = {**os.environ, "KUBECONFIG": str(captured.kubeconfig(tmp_path / "config")), "HOME": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_get_pods_prints_what_it_prints_of_the_real_cluster(kubectl: Kubectl) -> None:
    recorded = json.loads((SMALL / "cluster" / "all-pods.table.json").read_text())
    printed = kubectl("get", "pods", "-A", "-o", "wide").stdout
    for row, line in zip(recorded["rows"], printed.splitlines()[1:], strict=True):
        cells = [row["object"]["metadata"]["namespace"], *row["cells"]]
        assert line.split() == " ".join(cells).split()


def test_get_nodes(kubectl: Kubectl) -> None:
    lines = kubectl("get", "nodes").stdout.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert lines[4].split() == ["lab-node-4", "Ready,SchedulingDisabled", "<none>", "29m", "v1.36.2"]


def test_describe_shows_the_pod_and_its_events(kubectl: Kubectl) -> None:
    printed = kubectl("describe", "pod", *BILLING).stdout
    assert "Reason:       Error" in printed
    assert "Back-off restarting failed container worker" in printed


def test_logs_of_both_runs(kubectl: Kubectl) -> None:
    assert "KeyError: 'DATABASE_URL'" in kubectl("logs", *BILLING).stdout
    assert "unable to retrieve container logs" in kubectl("logs", "--previous", *BILLING).stdout


def test_logs_that_are_refused(kubectl: Kubectl) -> None:
    refusal = kubectl("logs", "-n", "11-image-notfound", "checkout-5677c7b66-9g6mf")
    assert refusal.returncode == 1
    assert "is waiting to start: trying and failing to pull image" in refusal.stderr


def test_short_names_come_from_discovery(kubectl: Kubectl) -> None:
    assert kubectl("get", "deploy", "-A", "-o", "name").stdout == "deployment.apps/billing-worker\n"


def test_a_watch_prints_what_changes(captured: ClusterServer, tmp_path: Path) -> None:
    with serving() as cluster:
        cluster.store.put("pods", pod("web", "shop"))
        environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig(tmp_path / "config")), "HOME": str(tmp_path)}
        command = ["kubectl", "get", "pods", "-n", "shop", "-w"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            header, first = process.stdout.readline(), process.stdout.readline()
            cluster.store.put("pods", pod("worker", "shop", status={"phase": "Pending"}))
            added = process.stdout.readline()
            process.terminate()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert first.split()[:3] == ["web", "1/1", "Running"]
    assert added.split()[:3] == ["worker", "0/1", "Pending"]
