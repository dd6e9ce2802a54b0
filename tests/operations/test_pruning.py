"""What is forgotten, and what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command

from diagnostics.models import (
    Activity,
    Channel,
    Cluster,
    Delivery,
    Diagnosis,
    EndedRun,
    KeptEvent,
    KeptLog,
    Occurrence,
    Rollout,
    Run,
    Silence,
    Storm,
    Suspect,
    Update,
)
from diagnostics.operations import pruning
from diagnostics.operations.pruning import prune
from diagnostics.operations.recording import record
from tests.operations.building import T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
KEEP = 14 * DAY
NOW = T0 + 100 * DAY
OLD, RECENT = NOW - 15 * DAY, NOW - 13 * DAY


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def suspect(cluster: Cluster, uid: str, *, gone: bool = True, old: bool = True) -> Suspect:
    at = OLD if old else RECENT
    return Suspect.objects.create(
        cluster=cluster, uid=uid, namespace="shop", name=uid, body=b"", seen_at=at, gone_at=at if gone else None
    )


def test_evidence_of_pods_long_gone_is_forgotten(cluster: Cluster) -> None:
    suspect(cluster, "old")
    suspect(cluster, "recent", old=False)
    for uid, at in (("old", OLD), ("recent", RECENT)):
        KeptEvent.objects.create(cluster=cluster, uid=uid, object_uid=uid, body=b"", last_at=at)
        KeptLog.objects.create(cluster=cluster, pod_uid=uid, container="app", body=b"", kept_at=at)

    deleted = prune(NOW, KEEP)

    assert deleted["suspects"] == deleted["kept events"] == deleted["kept logs"] == 1
    assert Suspect.objects.get().uid == KeptEvent.objects.get().uid == KeptLog.objects.get().pod_uid == "recent"


def test_evidence_of_a_pod_that_still_fails_is_kept_however_old(cluster: Cluster) -> None:
    suspect(cluster, "stuck", gone=False)
    other = a_cluster("other")
    for owner in (cluster, other):
        KeptEvent.objects.create(cluster=owner, uid="e", object_uid="stuck", body=b"", last_at=OLD)
        KeptLog.objects.create(cluster=owner, pod_uid="stuck", container="app", body=b"", kept_at=OLD)

    prune(NOW, KEEP)

    assert Suspect.objects.get().uid == "stuck"
    assert KeptEvent.objects.get().cluster == KeptLog.objects.get().cluster == cluster


def test_of_a_container_that_crashes_on_and_on_the_latest_logs_are_kept(cluster: Cluster) -> None:
    suspect(cluster, "looping", gone=False)
    for container in ("app", "sidecar"):
        for restart in range(5 if container == "app" else 1):
            KeptLog.objects.create(
                cluster=cluster, pod_uid="looping", container=container, restart=restart, body=b"", kept_at=NOW
            )

    assert prune(NOW, KEEP)["kept logs"] == 2
    kept = KeptLog.objects.order_by("container", "restart").values_list("container", "restart")
    assert list(kept) == [("app", 2), ("app", 3), ("app", 4), ("sidecar", 0)]


def test_deploys_and_ended_runs_are_forgotten_with_time(cluster: Cluster) -> None:
    for at in (OLD, RECENT):
        Rollout.objects.create(cluster=cluster, revision=f"{at:%F}", at=at)
        EndedRun.objects.create(cluster=cluster, pod_uid=f"{at:%F}", restart=0, exit_code=1, ended_at=at)

    deleted = prune(NOW, KEEP)

    assert deleted["rollouts"] == deleted["ended runs"] == 1
    assert Rollout.objects.get().at == EndedRun.objects.get().ended_at == RECENT


def test_of_a_container_that_crashes_on_and_on_the_latest_runs_are_kept(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ENDED_RUNS_KEPT", 2)
    EndedRun.objects.bulk_create(
        EndedRun(cluster=cluster, pod_uid="looping", container=container, restart=n, exit_code=1, ended_at=NOW)
        for container, runs in (("app", 4), ("sidecar", 2))
        for n in range(runs)
    )

    assert prune(NOW, KEEP)["ended runs"] == 2
    kept = EndedRun.objects.order_by("container", "restart").values_list("container", "restart")
    assert list(kept) == [("app", 2), ("app", 3), ("sidecar", 0), ("sidecar", 1)]


def test_the_last_runs_of_each_cluster_are_kept(cluster: Cluster) -> None:
    Run.objects.bulk_create(
        Run(cluster=owner, kind="sweep", started_at=T0 + timedelta(hours=n), seconds=n)
        for owner, count in ((cluster, 303), (a_cluster("other"), 5))
        for n in range(count)
    )

    assert prune(NOW, KEEP)["runs"] == 3
    assert min(cluster.runs.values_list("seconds", flat=True)) == 3


def test_updates_of_yesterday_are_forgotten_batch_by_batch(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    for _ in range(5):
        Update.objects.create(cluster=cluster, topic="diagnoses")
    Update.objects.update(at=NOW - 2 * DAY)
    kept = Update.objects.create(cluster=cluster, topic="cluster")
    Update.objects.filter(pk=kept.pk).update(at=NOW)

    prune(NOW, KEEP)

    assert Update.objects.get() == kept


def test_an_open_diagnosis_is_kept_however_old(cluster: Cluster) -> None:
    record(cluster, judgement(verdict()), T0)

    prune(NOW, KEEP)

    assert Diagnosis.objects.exists()


def test_diagnoses_long_resolved_are_forgotten_with_their_history(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    record(cluster, judgement(*(verdict(name=name) for name in ("a", "b", "c", "recent", "open"))), T0)
    resolved = Diagnosis.objects.exclude(workload_name="open")
    resolved.update(state=Diagnosis.State.RESOLVED, resolved_at=OLD)
    resolved.filter(workload_name="recent").update(resolved_at=RECENT)

    assert prune(NOW, KEEP)["diagnoses"] == 3

    left = {"recent", "open"}
    assert set(Diagnosis.objects.values_list("workload_name", flat=True)) == left
    assert set(Occurrence.objects.values_list("diagnosis__workload_name", flat=True)) == left
    assert set(Activity.objects.values_list("diagnosis__workload_name", flat=True)) == left


def test_sessions_that_have_ended_are_forgotten() -> None:
    for key, ends in (("ended", NOW - DAY), ("lasting", NOW + DAY)):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)

    assert prune(NOW, KEEP)["sessions"] == 1
    assert Session.objects.get().session_key == "lasting"


def test_what_was_told_long_ago_is_forgotten_and_what_is_still_to_be_told_is_not(cluster: Cluster) -> None:
    channel = Channel.objects.create(name="chat", kind="slack", settings={})
    for at, state in ((OLD, "sent"), (OLD, "dead"), (OLD, "pending"), (RECENT, "sent")):
        Delivery.objects.create(channel=channel, type="channel.test", data={}, state=state, created_at=at, due_at=at)
    for at in (OLD, RECENT):
        Silence.objects.create(matchers=[], reason=f"{at:%F}", starts_at=at - DAY, ends_at=at)
    Storm.objects.create(cluster=cluster, started_at=OLD, ended_at=OLD)
    Storm.objects.create(cluster=cluster, started_at=OLD)
    prune(NOW, KEEP)
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["pending", "sent"]
    assert [silence.ends_at for silence in Silence.objects.all()] == [RECENT]
    assert Storm.objects.get().ended_at is None


def test_the_command_says_what_it_forgot(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prune")
    assert capsys.readouterr().out == "Nothing is older than 90 days.\n"
    suspect(cluster, "old")
    Suspect.objects.update(gone_at=T0 - 100 * DAY)
    call_command("prune")
    assert capsys.readouterr().out == "Forgot suspects: 1.\n"
