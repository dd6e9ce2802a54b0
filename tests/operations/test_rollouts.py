"""Deploys are noted when a workload's new template takes effect, whoever made it, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.demo.discovery import RECORDED
from diagnostics.demo.life import Life, cast
from diagnostics.demo.recordings import load
from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.kube.resources import BY_NAME
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.models import Cluster, Rollout
from diagnostics.operations import applying
from diagnostics.operations.picture import Picture
from diagnostics.operations.rollouts import RolledOut, rolled_out
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Workload
from tests.operations.watched import followed, look_once
from tests.servers import wait_for

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NUMBER = "deployment.kubernetes.io/revision"
GENERATION = "deprecated.daemonset.template.generation"


def write(manager: str, minute: int, **more: str) -> Json:
    return {"manager": manager, "time": f"2026-11-23T02:{minute:02}:00Z", **more}


def deployment(revision: str = "", *writes: Json, uid: str = "u1") -> Json:
    annotations = {NUMBER: revision} if revision else {}
    return {
        "metadata": {"name": "cart", "namespace": "shop", "uid": uid, "annotations": annotations}
        | {"managedFields": list(writes)},
        "spec": {"replicas": 1},
        "status": {},
    }


def seen(old: Json, new: Json, resource: str = "deployments") -> RolledOut | None:
    return rolled_out(resource, msgspec.convert(old, Workload), msgspec.convert(new, Workload), NOW)


def test_a_new_revision_is_a_deploy_by_whoever_wrote_the_object_last() -> None:
    writes = (
        write("kubectl-create", 1),
        write("helm", 30),
        write("kube-controller-manager", 31, subresource="status"),
        write("kube-controller-manager", 40, subresource="scale"),
    )

    found = seen(deployment("4", writes[0]), deployment("5", *writes))

    at = NOW - timedelta(minutes=30)
    assert found == RolledOut("Deployment", "shop", "cart", "5", "helm", at)


def test_without_a_writer_it_happened_when_it_was_seen() -> None:
    found = seen(deployment("4"), deployment("5"))

    assert found
    assert (found.by, found.at) == ("", NOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            deployment("4", write("helm", 1)),
            deployment("4", write("helm", 2)),
        ),  # Scaled, labelled, or not in effect yet.
        (deployment("4"), deployment("1", uid="u2")),  # Another one of that name.
        (deployment(), deployment()),
    ],
)
def test_nothing_else_is_a_deploy(old: Json, new: Json) -> None:
    assert seen(old, new) is None


def test_daemonsets_and_statefulsets_tell_in_their_own_ways() -> None:
    old, new = ({**deployment(), "metadata": {**deployment()["metadata"]}} for _ in range(2))
    for found, number in ((old, "1"), (new, "2")):
        found["metadata"] = {**found["metadata"], "annotations": {GENERATION: number}}
    daemonset = seen(old, new, "daemonsets")
    assert daemonset
    assert (daemonset.kind, daemonset.revision) == ("DaemonSet", "2")

    revisions = []
    for before, after, generation in (("a1", "b2", 2), ("b2", "a1", 3)):  # There and back again.
        old, new = ({**deployment(), "status": {"updateRevision": f"cart-{each}"}} for each in (before, after))
        new["metadata"]["generation"] = generation
        statefulset = seen(old, new, "statefulsets")
        assert statefulset
        revisions.append((statefulset.kind, statefulset.revision))
    assert revisions == [("StatefulSet", "b2.2"), ("StatefulSet", "a1.3")]
    assert seen(old, new, "jobs") is None


def told() -> list[tuple[str, str]]:
    return list(Rollout.objects.order_by("pk").values_list("revision", "by"))


def becomes(server: ClusterServer, *args: Any) -> None:
    server.store.put("deployments", deployment(*args))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("prompt")
def test_deploys_are_noted_as_they_come_and_none_at_first_sight(server: ClusterServer, cluster: Cluster) -> None:
    becomes(server, "4", write("helm", 1))
    with followed(cluster):
        assert told() == []
        becomes(server, "4", write("helm", 2))  # The template, before the controller has seen it.
        becomes(server, "5", write("helm", 2))
        wait_for(lambda: told() == [("5", "helm")], "a deploy")
        becomes(server, "6", write("kubectl-rollout", 3))  # The older template again.
        wait_for(lambda: told() == [("5", "helm"), ("6", "kubectl-rollout")], "a rollback")

    assert [f"{row.at:%H:%M}" for row in Rollout.objects.order_by("pk")] == ["02:02", "02:03"]


@pytest.mark.django_db(transaction=True)
def test_a_deploy_that_nobody_watched_is_noted_by_the_next_sweep(server: ClusterServer, cluster: Cluster) -> None:
    becomes(server, "4", write("helm", 1))
    look_once(cluster)
    becomes(server, "6", write("argocd-controller", 5))
    Cluster.objects.update(swept_at=None)

    look_once(cluster)
    look_once(cluster)

    assert told() == [("6", "argocd-controller")]


@pytest.mark.django_db(transaction=True)
def test_a_workload_made_anew_counts_anew(server: ClusterServer, cluster: Cluster) -> None:
    for uid, minute in (("u1", 1), ("u2", 5)):
        for revision in ("1", "2"):
            server.store.put("deployments", deployment(revision, write("helm", minute), uid=uid))
            Cluster.objects.update(swept_at=None)
            look_once(cluster)

    assert [f"{row.revision} {row.at:%H:%M}" for row in Rollout.objects.all()] == ["2 02:05"]


def test_the_demo_cluster_deploys() -> None:
    opening = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    recording = load(RECORDED, now=opening)
    life, picture = Life(recording.store, recording.logs, opening), Picture(Snapshot("lab", opening))
    resource, name = BY_NAME["deployments"], cast.ROLLOUTS[0].app.name

    def take(kind: ChangeKind, found: Json) -> None:
        applying.apply(picture, resource, None, Change(kind, msgspec.json.encode(found), "1"))

    for found in recording.store.objects("deployments"):
        take(ChangeKind.ADDED, found)
    version = recording.store.version
    life.advance(opening + timedelta(seconds=180))
    for change in recording.store.changes_since(version)[0]:
        if change.stored_as == "deployments.apps":
            take(ChangeKind.MODIFIED, change.object)

    rollouts = [each for each in picture.unsaved.rollouts.values() if each.name == name]
    assert [(each.revision, each.by) for each in rollouts] == [(n, "kubectl-client-side-apply") for n in ("2", "3")]
    assert [(each.at - opening).seconds for each in rollouts] == [45, 175]
