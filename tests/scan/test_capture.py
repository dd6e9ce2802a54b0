"""`manage.py capture` against a cluster over real HTTP: what it saves, what never, and what can be done with it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.demo.server import ClusterServer
from diagnostics.engine import judge
from diagnostics.engine.verdict import Verdict
from diagnostics.kube import access
from diagnostics.management.commands.capture import Command
from diagnostics.operations import capturing
from diagnostics.operations.scanning import Request, scan
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from tests.clusters import recorded_error, serving
from tests.corpus.truth import CORPUS
from tests.rules.loading import load

CRASHING = "01-crash-traceback"
SENTINEL = "Zq9xSecret77"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cluster() -> Iterator[ClusterServer]:
    with serving(CORPUS / CRASHING) as server:
        yield server


@pytest.fixture
def kubeconfig(cluster: ClusterServer, tmp_path: Path) -> str:
    return str(cluster.kubeconfig(tmp_path / "kubeconfig", name="lab"))


@pytest.fixture
def capture(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; its exit code, and what it said where."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            Command().run_from_argv(["manage.py", "capture", "--kubeconfig", kubeconfig, *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    "namespace",
    [CRASHING, "22-pvc-unbound", "30-init-stuck", "36-quota", "41-statefulset", "59-log-patterns", "72-pod-rejected"],
)
def test_what_is_captured_is_diagnosed_as_the_cluster_is(namespace: str, tmp_path: Path) -> None:
    """Loaded as a fixture, and served again as a demo cluster."""
    with serving(CORPUS / namespace) as server:
        live = _scanned(server, namespace, tmp_path)
        with access.load(str(tmp_path / "kubeconfig")) as opened:
            captured = capturing.capture(opened, namespace, tmp_path / "captured")
        assert not [request for request in server.requests if request.verb not in ("get", "list")]
        assert not [request for request in server.requests if "secrets" in request.path]
    assert captured.unavailable == ()
    assert live
    assert _judged(load(tmp_path / "captured")) == live
    with serving(tmp_path / "captured") as again:
        assert _scanned(again, namespace, tmp_path) == live


def _scanned(server: ClusterServer, namespace: str, tmp_path: Path) -> list[Any]:
    with access.load(str(server.kubeconfig(tmp_path / "kubeconfig", name="lab"))) as opened:
        return _concise(scan(opened, Request(namespaces=(namespace,))).diagnoses)


def _judged(snapshot: Snapshot) -> list[Any]:
    snapshot.bookings_complete = False  # As for whoever reads one namespace.
    verdicts = judge(snapshot).verdicts
    return _concise(found for found in verdicts if found.visible_at <= snapshot.now and found.severity != "info")


def _concise(verdicts: Any) -> list[Any]:
    return [_line(found) for found in verdicts if found.namespace is not None]


def _line(found: Verdict) -> tuple[Any, ...]:
    values = tuple((each.object, each.path, each.value) for each in found.evidence)
    return found.code, found.workload, found.container, found.offender, found.summary, found.pods_affected, values


def test_it_says_what_it_saved_and_where(capture: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "shop"
    code, out, err = capture("-n", CRASHING, "--to", str(folder))
    assert (code, err) == (0, "")
    assert out.startswith("Saved ")
    assert str(folder) in out
    assert "Could not read" not in out
    assert (folder / "captured-at.txt").read_text() == "2026-11-23T03:53:34Z\n"
    assert json.loads((folder / "namespace.json").read_bytes())["metadata"]["name"] == CRASHING
    assert json.loads((folder / "cluster" / "version.json").read_bytes())["gitVersion"] == "v1.36.2"
    pods = json.loads((folder / "pods.json").read_bytes())
    assert (pods["kind"], pods["apiVersion"], len(pods["items"])) == ("PodList", "v1", 2)
    assert json.loads((folder / "deployments.json").read_bytes())["apiVersion"] == "apps/v1"
    assert any(line.startswith(b"2026-11-23T03:5") for line in _logs(folder))
    assert not (folder / "unavailable.json").exists()
    assert not (folder / "cluster" / "namespaces.json").exists()  # The names of the others' are not ours to keep.


def _logs(folder: Path) -> list[bytes]:
    return [line for path in (folder / "logs").glob("*.txt") for line in path.read_bytes().splitlines()]


def test_no_secret_is_saved(capture: Run, cluster: ClusterServer, tmp_path: Path) -> None:
    """Neither values of environment, ConfigMaps and annotations, nor what commands, events and logs tell."""
    for pod in cluster.store.objects("pods"):
        cluster.store.modify("pods", CRASHING, pod["metadata"]["name"], _with_secrets)
        for previous in (False, True):
            run = (CRASHING, pod["metadata"]["name"], "worker", previous)
            cluster.logs.put(run, f"2026-11-23T03:53:00.1Z login with password={SENTINEL} \x1b[31mfailed\n".encode())
    for name in {event["metadata"]["name"] for event in cluster.store.objects("events")}:
        cluster.store.modify("events", CRASHING, name, lambda event: event.update(message=f"token={SENTINEL} refused"))
    cluster.store.put("configmaps", _named("settings", data={"url": SENTINEL}, binaryData={"blob": SENTINEL}))
    cluster.store.put("secrets", _named("credentials", data={"password": SENTINEL}))
    folder = tmp_path / "captured"
    assert capture("-n", CRASHING, "--to", str(folder))[0] == 0
    saved = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert [path for path, text in saved.items() if SENTINEL in text] == []
    assert b"2026-11-23T03:53:00.1Z login with password=[redacted] failed" in _logs(folder)
    (settings,) = [
        item
        for item in json.loads(saved[folder / "configmaps.json"])["items"]
        if item["metadata"]["name"] == "settings"
    ]
    assert (settings["data"], settings["binaryData"]) == ({"url": ""}, {"blob": ""})
    assert not (folder / "secrets.json").exists()


def _named(name: str, **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": CRASHING, "uid": name}, **fields}


def _with_secrets(pod: dict[str, Any]) -> None:
    container = pod["spec"]["containers"][0]
    container["env"] = [{"name": "ANY", "value": SENTINEL}]
    container["args"] = ["--password", SENTINEL, f"--token={SENTINEL}"]
    pod["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"any": SENTINEL}),
        "example.com/password": SENTINEL,
        "example.com/login": f"postgres://app:{SENTINEL}@db:5432",
    }
    pod["metadata"]["managedFields"] = [{"manager": SENTINEL}]


def test_what_may_not_be_read_is_listed_with_its_grant(capture: Run, cluster: ClusterServer, tmp_path: Path) -> None:
    cluster.access.forbid("list", "nodes")
    cluster.access.forbid("list", "deployments")
    cluster.access.forbid("get", "pods/log")
    cluster.access.forbid("get", "namespaces")
    code, out, _ = capture("-n", CRASHING, "--to", str(tmp_path / "captured"))
    assert code == 0
    assert out.splitlines()[2:] == [
        "Could not read:",
        "  namespaces: forbidden; needs: get namespaces",
        "  nodes: forbidden; needs: list nodes",
        f"  deployments: forbidden; needs: list deployments.apps in {CRASHING}",
        f"  pods/log: forbidden; needs: get pods/log in {CRASHING}",
    ]
    assert len([request for request in cluster.requests if request.path.endswith("/log")]) == 1
    gaps = load(tmp_path / "captured").unavailable
    assert Unavailable(resource="nodes", error="forbidden", grant="list nodes") in gaps
    assert len(gaps) == 4


def test_logs_beyond_a_number_are_not_read_and_that_is_said(
    capture: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(capturing, "MOST_CONTAINERS", 1)
    code, out, _ = capture("-n", CRASHING, "--to", str(tmp_path / "captured"))
    assert code == 0
    assert "  pods/log: not read: those of 1 containers, beyond the first 1" in out.splitlines()


def test_names_that_would_lead_out_of_the_folder_name_no_file(
    capture: Run, cluster: ClusterServer, tmp_path: Path
) -> None:
    pod = copy.deepcopy(cluster.store.objects("pods")[0])
    pod["metadata"] |= {"name": "x", "uid": "x"}
    pod["status"]["containerStatuses"][0]["name"] = "/../../../escaped"
    cluster.store.put("pods", pod)
    assert capture("-n", CRASHING, "--to", str(tmp_path / "captured"))[0] == 0
    assert not list(tmp_path.rglob("*escaped*"))
    assert not list((tmp_path / "captured" / "logs").glob("x.*"))


def test_a_folder_with_something_in_it_is_left_alone(capture: Run, cluster: ClusterServer, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    for taken in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        code, out, err = capture("-n", CRASHING, "--to", str(taken))
        assert (code, out, err) == (2, "", f"capture: {taken} exists and is not an empty folder.\n")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert not cluster.requests


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("-n", "nowhere"), 3), (("--context", "nobody"), 2), (("--kubeconfig", "/does/not/exist"), 2)],
)
def test_nothing_is_written_where_there_is_nothing(
    capture: Run, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    ended, out, err = capture(*arguments, "--to", str(tmp_path / "captured"))
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("capture: ")
    assert not (tmp_path / "captured").exists()


@pytest.mark.parametrize("fault", ["403-pods-all", "401-bad-token"])
def test_nothing_is_written_without_pods(capture: Run, cluster: ClusterServer, tmp_path: Path, fault: str) -> None:
    cluster.faults.add(recorded_error(fault, f"/api/v1/namespaces/{CRASHING}/pods"))
    ended, out, err = capture("-n", CRASHING, "--to", str(tmp_path / "captured"))
    assert (ended, out, err.count("\n")) == (3, "", 1)
    assert not (tmp_path / "captured").exists()


def test_a_folder_that_cannot_be_made_is_one_line(capture: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended, out, err = capture("-n", CRASHING, "--to", str(tmp_path / "file" / "captured"))
    assert (ended, out, err.count("\n")) == (2, "", 1)


def test_without_options_it_is_the_namespace_of_the_context_into_a_folder_of_its_name(
    capture: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, out, err = capture()
    assert (ended, out) == (3, "")  # There is no namespace `default` in this cluster.
    assert "namespaces/default" in err
    assert capture("-n", CRASHING)[0] == 0
    assert (tmp_path / CRASHING / "pods.json").is_file()
