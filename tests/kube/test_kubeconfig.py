from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from diagnostics.kube import access
from diagnostics.kube.errors import ConfigurationError, FailureKind
from tests.kube.conftest import Kubeconfig


def named(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, kind: fields}


def write(path: Path, **document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key.replace("_", "-"): value for key, value in document.items()}))
    return path


def refused(kubeconfig: str | None = None, context: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        access.load(kubeconfig, context)
    assert caught.value.kind == FailureKind.MISCONFIGURED
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two files that $KUBECONFIG lists: both say what `prod` is, and which context is current."""
    first = write(
        tmp_path / "a" / "first",
        current_context="prod",
        contexts=[named("context", "prod", cluster="prod", user="alice", namespace="shop")],
        clusters=[named("cluster", "prod", server="https://first.example")],
        users=[named("user", "alice", token="first")],
    )
    second = write(
        tmp_path / "b" / "second",
        current_context="stage",
        contexts=[
            named("context", "prod", cluster="stage", user="alice"),
            named("context", "stage", cluster="stage", user="alice"),
        ],
        clusters=[named("cluster", "stage", server="https://stage.example/")],
        users=[named("user", "alice", token="second")],
    )
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join((str(first), "", str(tmp_path / "missing"), str(second))))
    return first, second


def test_several_files_are_one_and_the_first_to_say_something_wins(two: tuple[Path, Path]) -> None:
    with access.load() as cluster:
        assert (cluster.name, cluster.namespace, cluster.server) == ("prod", "shop", "https://first.example")
    with access.load(context="stage") as cluster:
        assert (cluster.name, cluster.namespace, cluster.server) == ("stage", "default", "https://stage.example")


def test_contexts_are_listed_with_where_they_lead(two: tuple[Path, Path]) -> None:
    prod, stage = access.contexts()

    assert (prod.name, prod.namespace, prod.server, prod.user, prod.current) == (
        "prod",
        "shop",
        "https://first.example",
        "alice",
        True,
    )
    assert (stage.name, stage.current) == ("stage", False)


def test_a_file_that_is_given_goes_before_the_environment(two: tuple[Path, Path]) -> None:
    with access.load(str(two[1])) as cluster:
        assert cluster.name == "stage"


def test_the_home_directorys_file_comes_last(tmp_path: Path, kubeconfig: Kubeconfig) -> None:
    path = Path(kubeconfig("https://home.example"))
    (tmp_path / ".kube").mkdir()
    path.rename(tmp_path / ".kube" / "config")

    with access.load() as cluster:
        assert cluster.server == "https://home.example"


def test_a_tilde_is_the_home_directory(kubeconfig: Kubeconfig) -> None:
    kubeconfig("https://home.example", name="mine")

    with access.load("~/mine") as cluster:
        assert cluster.server == "https://home.example"


def test_no_kubeconfig_and_no_pod() -> None:
    assert "No cluster is configured" in refused()
    assert "no context 'prod'" in refused(context="prod")
    assert access.contexts() == ()


def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no kubeconfig at /nowhere/config. Put one there, or correct the path." in refused(
        "/nowhere/config"
    )
    monkeypatch.setenv("KUBECONFIG", "/nowhere/a:/nowhere/b")
    assert "There is no kubeconfig at /nowhere/a, /nowhere/b. Correct KUBECONFIG." in refused()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"contexts: [\n  {", "is not YAML: line"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"just text", "is no kubeconfig: Expected `object`, got `str`"),
        (b"contexts: {}", "$.contexts"),
        (b"contexts:\n- context: {}", "missing required field `name`"),
        (b"contexts:\n- name: a\n  context: {namespace: 7}", "Expected `str | null`, got `int`"),
        (b"", "has no current context. Name one of its contexts: none."),
        (b"contexts:\n- name: b\n- name: a", "has no current context. Name one of its contexts: a, b."),
        (b"current-context: gone", "has no context 'gone'. It names no context at all."),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)

    said = refused(str(path))

    assert says in said
    assert str(path) in said


def test_a_directory_is_no_kubeconfig(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in refused(str(tmp_path))


def test_an_unknown_context_names_near_misses(two: tuple[Path, Path]) -> None:
    assert "has no context 'prd'. Did you mean 'prod'?" in refused(context="prd")
    assert "has no context 'xyz'. Did you mean 'prod' or 'stage'?" in refused(context="xyz")


def test_a_context_that_names_what_is_not_there(tmp_path: Path) -> None:
    contexts = [
        named("context", "no-cluster", cluster="gone", user="u"),
        named("context", "no-server", cluster="empty", user="u"),
        named("context", "no-user", cluster="c", user="gone"),
        named("context", "anonymous", cluster="c"),
        {"name": "bare"},
    ]
    clusters = [named("cluster", "c", server="https://c.example"), {"name": "empty"}]
    path = str(write(tmp_path / "config", contexts=contexts, clusters=clusters, users=[named("user", "u")]))

    assert "has no cluster 'gone'" in refused(path, "no-cluster")
    assert "Cluster 'empty' in" in refused(path, "no-server")
    assert "has no user 'gone'. Did you mean 'u'?" in refused(path, "no-user")
    assert "has no cluster ''" in refused(path, "bare")
    with access.load(path, "anonymous") as cluster:
        assert cluster.server == "https://c.example"


def test_a_token_file_that_is_missing(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    said = refused(kubeconfig("https://c.example", {"tokenFile": "gone"}))

    assert "The credentials of context 'lab' cannot be read" in said
    assert str(tmp_path / "gone") in said


def test_a_certificate_that_is_no_base64(kubeconfig: Kubeconfig) -> None:
    path = kubeconfig("https://c.example", cluster={"certificate-authority-data": "abc"})

    assert "The credentials of context 'lab' cannot be read" in refused(path)


def test_a_proxy_that_is_no_address(kubeconfig: Kubeconfig) -> None:
    path = kubeconfig("https://c.example", cluster={"proxy-url": "ftp://proxy.example"})

    assert "The proxy ftp://proxy.example cannot be used" in refused(path)


@pytest.mark.parametrize(
    "server", ["https://[:1", "c.example:6443", "ftp://c.example", "https://c.example:port", "https://"]
)
def test_a_server_that_is_no_address(kubeconfig: Kubeconfig, server: str) -> None:
    assert "has no address of a server. It begins with https://." in refused(kubeconfig(server))
