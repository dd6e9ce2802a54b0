from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.environment import Environment
from dashboard.supervisor.preflight import CannotStart
from dashboard.supervisor.watched import Watched, choose_watched

TWO_CONTEXTS = """
apiVersion: v1
kind: Config
current-context: eu
clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: eu, context: {cluster: c, user: u}}, {name: us, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return tmp_path


def chosen(home: Path, **variables: str) -> Watched:
    return choose_watched(Environment.read({"SICKBAY_DATA_DIR": str(home / "data"), **variables}))


@pytest.fixture
def kubeconfig(home: Path) -> Path:
    path = home / ".kube" / "config"
    path.parent.mkdir()
    path.write_text(TWO_CONTEXTS)
    return path


def test_the_current_context_of_the_usual_kubeconfig_is_watched(home: Path, kubeconfig: Path) -> None:
    assert chosen(home) == Watched(words=f"eu of {kubeconfig}")


def test_the_contexts_that_are_asked_for_are_watched(home: Path, kubeconfig: Path) -> None:
    assert chosen(home, SICKBAY_CLUSTERS="us,eu").words == f"us and eu of {kubeconfig}"


def test_a_context_that_is_not_there_is_refused_with_those_that_are(home: Path, kubeconfig: Path) -> None:
    with pytest.raises(CannotStart, match=rf"^{kubeconfig} has no context 'prod'"):
        chosen(home, SICKBAY_CLUSTERS="prod")


def test_a_broken_kubeconfig_is_refused(home: Path, kubeconfig: Path) -> None:
    kubeconfig.write_text("contexts: [")

    with pytest.raises(CannotStart, match="is not YAML: line "):
        chosen(home)


@pytest.mark.parametrize("variables", [{"DEMO": "1"}, {"DEMO": "1", "SICKBAY_CLUSTERS": "eu"}])
@pytest.mark.usefixtures("kubeconfig")
def test_the_demo_is_watched_alone_when_it_is_asked_for(home: Path, variables: dict[str, str]) -> None:
    watched = chosen(home, **variables)

    assert watched.words == "the demo cluster, as DEMO asks for"
    assert watched.demo
    assert watched.variables == {
        "DEMO": "1", "KUBECONFIG": str(watched.demo.kubeconfig), "SICKBAY_CLUSTERS": "", "SICKBAY_NAMESPACES": "",
    }  # fmt: skip


def test_the_demo_is_watched_when_there_is_nothing_else(home: Path) -> None:
    assert chosen(home).demo


def test_in_a_cluster_that_cluster_is_watched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")

    assert chosen(home) == Watched(words="the cluster that this runs in")


def test_nothing_to_watch_is_refused(home: Path) -> None:
    with pytest.raises(CannotStart, match=r"^DEMO is off and no kubeconfig was found; "):
        chosen(home, DEMO="0")
