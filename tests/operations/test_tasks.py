"""The tasks are thin: who is told to do what."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.models import Cluster, Update
from diagnostics.operations import lease, watching
from tests.operations.building import a_cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The clusters for which a slice was asked for."""
    ids: list[int] = []

    def send(arguments: tuple[int], **options: Any) -> None:
        assert options == {"expires": tasks.QUEUED_FOR}
        ids.extend(arguments)

    monkeypatch.setattr(tasks.follow, "apply_async", send)
    return ids


def test_a_tick_starts_what_nobody_watches(sent: list[int]) -> None:
    waiting, taken = a_cluster("waiting"), a_cluster("taken")
    a_cluster("paused", paused=True)
    lease.take(taken.pk, timezone.now())
    tasks.tick()

    assert sent == [waiting.pk]


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_slice_that_ended_well_is_followed_by_the_next(
    sent: list[int], monkeypatch: pytest.MonkeyPatch, *, goes_on: bool
) -> None:
    def follow(cluster_id: int, stopping: Event) -> bool:
        assert not stopping.is_set()
        return goes_on

    monkeypatch.setattr(watching, "follow", follow)
    tasks.follow(7)

    assert sent == ([7] if goes_on else [])


def test_pruning_follows_the_retention_setting(settings: Settings) -> None:
    settings.SICKBAY_RETENTION_DAYS = 3
    update = Update.objects.create(cluster=a_cluster(), topic="cluster")
    Update.objects.update(at=timezone.now() - timedelta(days=2))
    tasks.prune()

    assert not Update.objects.filter(pk=update.pk).exists()


def test_a_worker_that_starts_names_the_clusters_or_says_why_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.KUBECONFIG, settings.SICKBAY_CLUSTERS = "/nowhere/config", ["prod-eu"]
    tasks.name_clusters()

    assert "/nowhere/config" in caplog.text
    assert not Cluster.objects.exists()


def test_a_worker_that_starts_takes_over_from_one_that_was_killed(sent: list[int]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    machine, until = socket.gethostname(), timezone.now() + timedelta(hours=1)
    own = a_cluster("own", lease_until=until, lease_owner=f"{machine}/{os.getpid()}")
    lost = a_cluster("lost", lease_until=until, lease_owner=f"{machine}/{dead.pid}")
    a_cluster("alive", lease_until=until, lease_owner=f"{machine}/{os.getppid()}")
    a_cluster("init", lease_until=until, lease_owner=f"{machine}/1")
    a_cluster("elsewhere", lease_until=until, lease_owner=f"x{machine}/{dead.pid}")
    tasks.take_over()

    assert sorted(sent) == [own.pk, lost.pk]


def test_a_worker_that_stops_ends_its_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_stopping", Event())
    tasks.stop()

    assert tasks._stopping.is_set()
