"""What the tables themselves guarantee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, transaction

from diagnostics.models import (
    Activity,
    Announcement,
    ApiToken,
    Badge,
    Channel,
    Cluster,
    ClusterCredentials,
    Delivery,
    Diagnosis,
    EndedRun,
    KeptEvent,
    KeptLog,
    KnownObject,
    Member,
    Occurrence,
    Rollout,
    Route,
    Run,
    RunningPods,
    SavedView,
    Silence,
    Storm,
    Suspect,
    Update,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def fill(cluster: Cluster) -> None:
    """One row of everything that belongs to a cluster."""
    diagnosis = Diagnosis.objects.create(**columns(cluster))
    Occurrence.objects.create(diagnosis=diagnosis, started_at=AT, verdict={})
    Activity.objects.create(diagnosis=diagnosis, kind="opened", at=AT)
    Suspect.objects.create(cluster=cluster, uid="u", namespace="shop", name="cart-1", body=b"", seen_at=AT)
    KeptEvent.objects.create(cluster=cluster, uid="e", object_uid="u", body=b"", last_at=AT)
    KeptLog.objects.create(cluster=cluster, pod_uid="u", container="app", body=b"", kept_at=AT)
    KnownObject.objects.create(cluster=cluster, resource="nodes", name="n1", body=b"")
    Run.objects.create(cluster=cluster, kind="sweep", started_at=AT, seconds=1)
    RunningPods.objects.create(cluster=cluster, body=b"")
    Update.objects.create(cluster=cluster, topic="cluster")
    Storm.objects.create(cluster=cluster, started_at=AT)
    Badge.objects.create(key=cluster.name, cluster=cluster)
    ClusterCredentials.objects.create(cluster=cluster, kubeconfig={})
    workload = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": "cart"}
    Rollout.objects.create(cluster=cluster, **workload, revision="2", at=AT)
    EndedRun.objects.create(
        cluster=cluster, **workload, pod_uid="u", container="app", restart=0, exit_code=1, ended_at=AT
    )
    channel, _ = Channel.objects.get_or_create(name="chat", defaults={"kind": "slack", "settings": {}})
    told = {"diagnosis": diagnosis, "channel": channel}
    Announcement.objects.create(**told, open=True, severity=3, pods_affected=1, told_at=AT)
    Delivery.objects.create(**told, type="diagnosis.opened", data={}, created_at=AT, due_at=AT)


# People, and what tells them and programs, belong to no cluster; nor does what has been told already, which is history.
OF_NO_CLUSTER = {ApiToken, Channel, Delivery, Member, Route, SavedView, Silence}


def columns(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "fingerprint": "f",
        "code": "image-not-found",
        "severity": 3,
        "confidence": "certain",
        "workload_kind": "Deployment",
        "workload_name": "cart",
        "summary": "No such image.",
        "verdict": {},
        "first_seen": AT,
        "last_seen": AT,
        "opened_at": AT,
        **changes,
    }


def test_the_migrations_are_those_of_the_models() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_removing_a_cluster_removes_everything_of_it_and_nothing_else() -> None:
    gone, stays = Cluster.objects.create(name="gone"), Cluster.objects.create(name="stays")
    fill(gone)
    fill(stays)
    gone.delete()

    models = {model for model in apps.get_app_config("diagnostics").get_models() if not model._meta.auto_created}
    assert {model._base_manager.count() for model in models - OF_NO_CLUSTER} == {1}
    assert {delivery.diagnosis for delivery in Delivery.objects.all()} == {None, Diagnosis.objects.get()}
    assert Diagnosis.objects.get().cluster == stays


def test_every_row_says_what_it_is() -> None:
    fill(Cluster.objects.create(name="prod-eu"))
    user = get_user_model().objects.create(username="ada")
    ApiToken.objects.create(name="export", key="k", digest="d", user=user)
    Route.objects.create(name="all to chat", position=1)
    Silence.objects.create(matchers=[], reason="known", starts_at=AT, ends_at=AT + timedelta(hours=1))

    texts = {str(row) for model in apps.get_app_config("diagnostics").get_models() for row in model._base_manager.all()}
    number = Diagnosis.objects.get().number
    assert {"prod-eu", f"#{number} image-not-found Deployment/cart", "shop/cart-1", "event e"} <= texts
    assert {"chat", "export", "all to chat", "known", "diagnosis.opened to chat"} <= texts
    assert not [text for text in texts if "object (" in text]


@pytest.mark.parametrize(
    "twice",
    [
        lambda cluster: Diagnosis.objects.create(**columns(cluster)),
        lambda cluster: Suspect.objects.create(cluster=cluster, uid="u", body=b"", seen_at=AT),
        lambda cluster: KeptEvent.objects.create(cluster=cluster, uid="e", object_uid="x", body=b"", last_at=AT),
        lambda cluster: KeptLog.objects.create(cluster=cluster, pod_uid="u", container="app", body=b"", kept_at=AT),
        lambda cluster: KnownObject.objects.create(cluster=cluster, resource="nodes", name="n1", body=b""),
        lambda cluster: RunningPods.objects.create(cluster=cluster, body=b""),
        lambda _: Cluster.objects.create(name="prod-eu"),
    ],
)
def test_nothing_is_stored_twice(twice: Any) -> None:
    cluster = Cluster.objects.create(name="prod-eu")
    fill(cluster)
    with pytest.raises(IntegrityError), transaction.atomic():
        twice(cluster)


@pytest.mark.parametrize("changes", [{"state": "resolved"}, {"state": "new", "resolved_at": AT}])
def test_what_is_resolved_has_its_time_and_what_is_open_has_not(changes: dict[str, Any]) -> None:
    cluster = Cluster.objects.create(name="prod-eu")
    with pytest.raises(IntegrityError), transaction.atomic():
        Diagnosis.objects.create(**columns(cluster, **changes))
