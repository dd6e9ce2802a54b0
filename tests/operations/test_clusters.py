"""The stored clusters follow the configuration."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from diagnostics.kube.errors import ConfigurationError
from diagnostics.models import Cluster
from diagnostics.operations.clusters import NOT_NAMED, watch_configured_clusters

pytestmark = pytest.mark.django_db

KUBECONFIG = """
current-context: prod-eu
contexts:
- {name: prod-eu, context: {cluster: one}}
- {name: prod-us, context: {cluster: one}}
clusters:
- {name: one, cluster: {server: "http://127.0.0.1:1"}}
"""


@pytest.fixture(autouse=True)
def kubeconfig(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    settings.KUBECONFIG, settings.SICKBAY_CLUSTERS, settings.SICKBAY_NAMESPACES = str(path), [], []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return path


def watched() -> set[str]:
    return set(Cluster.objects.filter(paused=False).values_list("name", flat=True))


def test_the_current_context_is_watched(kubeconfig: Path) -> None:
    (cluster,) = watch_configured_clusters()

    assert (cluster.name, cluster.context, cluster.kubeconfig) == ("prod-eu", "prod-eu", str(kubeconfig))
    assert watched() == {"prod-eu"}


def test_contexts_that_are_named_are_watched_instead(settings: Settings) -> None:
    settings.SICKBAY_CLUSTERS, settings.SICKBAY_NAMESPACES = ["prod-us", "prod-eu"], ["shop"]
    watch_configured_clusters()

    assert watched() == {"prod-eu", "prod-us"}
    assert Cluster.objects.get(name="prod-us").namespaces == ["shop"]


def test_starting_again_changes_nothing(settings: Settings) -> None:
    (before,) = watch_configured_clusters()
    (after,) = watch_configured_clusters()

    assert before == after
    assert Cluster.objects.count() == 1


def test_what_is_no_longer_named_rests_until_it_is(settings: Settings) -> None:
    watch_configured_clusters()
    settings.SICKBAY_CLUSTERS = ["prod-us"]
    watch_configured_clusters()
    assert watched() == {"prod-us"}
    assert Cluster.objects.get(name="prod-eu").pause_reason == NOT_NAMED

    settings.SICKBAY_CLUSTERS = []
    watch_configured_clusters()
    assert watched() == {"prod-eu"}


def test_what_somebody_paused_stays_paused() -> None:
    Cluster.objects.create(name="prod-eu", paused=True, pause_reason="maintenance")
    watch_configured_clusters()

    assert watched() == set()


def test_without_a_kubeconfig_it_is_the_cluster_that_we_run_in(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KUBECONFIG = ""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    (cluster,) = watch_configured_clusters()

    assert (cluster.name, cluster.context) == ("in-cluster", "")


def test_without_anything_to_watch_that_is_said(settings: Settings, kubeconfig: Path) -> None:
    kubeconfig.write_text(KUBECONFIG.replace("current-context: prod-eu", ""))
    with pytest.raises(ConfigurationError, match="no current context"):
        watch_configured_clusters()
    settings.KUBECONFIG = ""
    with pytest.raises(ConfigurationError, match="No cluster is configured"):
        watch_configured_clusters()


def test_a_list_of_kubeconfigs_is_left_to_the_environment(
    kubeconfig: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KUBECONFIG = f"{kubeconfig}:/nowhere"
    monkeypatch.setenv("KUBECONFIG", settings.KUBECONFIG)
    (cluster,) = watch_configured_clusters()

    assert (cluster.name, cluster.kubeconfig) == ("prod-eu", "")


def test_a_configured_cluster_that_is_forgotten_begins_anew() -> None:
    (before,) = watch_configured_clusters()
    Cluster.objects.create(name="old", paused=True)
    out = StringIO()

    call_command("forget", "prod-eu", stdout=out)
    call_command("forget", "old", stdout=out)

    assert Cluster.objects.get().name == "prod-eu"
    assert Cluster.objects.get().pk != before.pk
    assert out.getvalue() == "Forgot prod-eu.\nForgot old.\n"
    with pytest.raises(CommandError, match=r"no cluster nowhere \(known: prod-eu\)"):
        call_command("forget", "nowhere")
