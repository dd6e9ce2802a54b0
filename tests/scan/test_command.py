"""`manage.py scan` against a cluster over real HTTP: what it prints, and how it ends when the cluster is no help."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.demo.faults import Fault, Kind
from diagnostics.demo.server import ClusterServer
from diagnostics.management.commands.scan import Command
from tests.clusters import SMALL, recorded_error, serving
from tests.rules.loading import FIXTURES

ROOT = Path(__file__).parents[2]
EVERYWHERE = ("-A", "-o", "json")


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving(SMALL) as server:
        yield server


class Outcome:
    """How a scan ended and what it said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@pytest.fixture
def scan(
    cluster: ClusterServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Runs the command with that cluster as the current one."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "kubeconfig", name="lab")))

    def run(*arguments: str) -> Outcome:
        code = 0
        try:
            Command().run_from_argv(["manage.py", "scan", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def test_it_says_why_pods_fail(scan: Any) -> None:
    ended = scan(*EVERYWHERE)
    assert (ended.code, ended.err) == (0, "")
    document = ended.document
    assert (document["schema"], document["cluster"], document["server_version"]) == (
        "sickbay/scan.v1",
        "lab",
        "v1.36.2",
    )
    assert document["unavailable"] == document["crashed"] == document["skipped"] == []
    codes = {(d["workload"]["name"], d["code"]) for d in document["diagnoses"]}
    assert ("billing-worker", "crash-config-env") in codes
    assert all("--context lab" in c for d in document["diagnoses"] for c in d["remedy"]["commands"])


def test_what_logs_name_is_looked_up_before_it_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the logs tell that Services have to be read; and then what waits for redis is a symptom of its crash."""
    captured = shutil.copytree(FIXTURES / "crash-dependency" / "cascading", tmp_path / "shop")
    with serving(captured) as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "kubeconfig", name="lab")))
        Command().run_from_argv(["manage.py", "scan", *EVERYWHERE])
    (found,) = json.loads(capsys.readouterr().out)["diagnoses"]
    assert found["workload"]["name"] == "redis"
    assert {"auth", "payment"} <= {symptom["workload"]["name"] for symptom in found["symptoms"]}
    lists = [request.path for request in cluster.requests if request.path.endswith("/networkpolicies")]
    assert lists == ["/apis/networking.k8s.io/v1/networkpolicies"]


def test_it_asks_little(scan: Any, cluster: ClusterServer) -> None:
    """Reads only, nothing per healthy pod, at most two logs a container, and never a Secret."""
    scan(*EVERYWHERE)
    asked = [(request.verb, request.path) for request in cluster.requests]
    assert {verb for verb, _ in asked} <= {"get", "list"}
    assert not [path for _, path in asked if "secrets" in path]
    logs = [(r.path, r.query["container"]) for r in cluster.requests if r.path.endswith("/log")]
    assert logs
    assert max(logs.count(log) for log in logs) <= 2
    lists = [path for _, path in asked if not path.endswith("/log")]
    assert len(lists) == len(set(lists))


def test_without_logs_none_is_read(scan: Any, cluster: ClusterServer) -> None:
    ended = scan(*EVERYWHERE, "--no-logs")
    assert ended.code == 0
    assert not [request for request in cluster.requests if request.path.endswith("/log")]


def test_every_pod_as_kubectl_shows_it(scan: Any, cluster: ClusterServer) -> None:
    document = scan(*EVERYWHERE, "--all-pods").document
    assert len(document["pods"]) == document["pods_seen"] == len(cluster.store.objects("pods"))
    assert {"Running"} < {pod["status"] for pod in document["pods"]}


@pytest.mark.parametrize(("threshold", "code"), [("critical", 1), ("info", 1)])
def test_fail_on(scan: Any, threshold: str, code: int) -> None:
    assert scan(*EVERYWHERE, "--fail-on", threshold).code == code


def test_nothing_fails_on_an_empty_namespace(scan: Any) -> None:
    ended = scan("-n", "nowhere", "--fail-on", "low")
    assert ended.code == 0
    assert "Nothing failing in lab: 0 pods read" in ended.out
    assert "There are no pods in nowhere: empty, or misspelt" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--timeout", "soon"),
        ("--timeout", "0"),
        ("--fail-on", "awful"),
        ("-o", "xml"),
        ("-A", "-n", "x"),
        ("--context", "x"),
        ("-n", ""),
        ("-n", "a/../b"),
    ],
)
def test_wrong_usage_is_2(scan: Any, arguments: tuple[str, ...]) -> None:
    ended = scan(*arguments)
    assert ended.code == 2
    assert not ended.out
    assert "Traceback" not in ended.err
    assert len(ended.err.splitlines()) <= 2


def test_a_selector_that_the_server_refuses_is_wrong_usage(scan: Any, cluster: ClusterServer) -> None:
    cluster.faults.add(recorded_error("400-label-selector", "/api/v1/pods"))
    ended = scan("-A", "-l", "a in (b")
    assert ended.code == 2
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "fault",
    [
        recorded_error("401-bad-token"),
        recorded_error("403-pods-all", "/api/v1/pods"),
        Fault(path="*", status=200, body=b"<html>Sign in to the hotel's network</html>"),
        Fault(path="*", kind=Kind.RESET),
    ],
    ids=["unauthorized", "forbidden", "not Kubernetes", "reset"],
)
def test_nothing_could_be_judged_is_3(scan: Any, cluster: ClusterServer, fault: Fault) -> None:
    cluster.faults.add(fault)
    ended = scan(*EVERYWHERE, "--timeout", "3")
    assert ended.code == 3
    assert not ended.out
    assert ended.err.startswith("scan: ")
    assert ended.err.count("\n") == 1


def test_a_server_that_never_answers_is_3_in_time(scan: Any, cluster: ClusterServer) -> None:
    cluster.faults.add(Fault(path="*", kind=Kind.HANG))
    assert scan(*EVERYWHERE, "--timeout", "1").code == 3


def test_what_may_not_be_read_is_said_with_its_grant(scan: Any, cluster: ClusterServer) -> None:
    cluster.access.forbid("list", "nodes")
    cluster.access.forbid("get", "pods/log")
    ended = scan(*EVERYWHERE)
    assert ended.code == 0
    grants = {gap["resource"]: gap["grant"] for gap in ended.document["unavailable"]}
    assert grants["nodes"] == "list nodes"
    assert grants["pods/log"] == "get pods/log"


def test_one_namespace_may_be_forbidden(scan: Any, cluster: ClusterServer) -> None:
    """Pods of the other are judged all the same."""
    first, second, *_ = sorted({pod["metadata"]["namespace"] for pod in cluster.store.objects("pods")})
    cluster.access.forbid("list", "pods", second)
    ended = scan("-n", first, "-n", second, "-o", "json")
    assert ended.code == 0
    document = ended.document
    assert document["namespaces"] == [first, second]
    assert ("pods", second) in {(gap["resource"], gap["namespace"]) for gap in document["unavailable"]}
    assert {d["namespace"] for d in document["diagnoses"]} == {first}


def test_it_runs_by_itself_and_minds_a_closed_pipe(cluster: ClusterServer, tmp_path: Path) -> None:
    """As a process of its own, with the slim settings, into a pipe that is closed at once."""
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig")
    command = [sys.executable, "manage.py", "scan", "-A", "-o", "ndjson", "--kubeconfig", str(kubeconfig)]
    env = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert errors == b""
