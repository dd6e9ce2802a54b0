"""Changes of a served cluster, stored as they happen."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.demo.faults import Fault, Kind
from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.kube.access import Access
from diagnostics.kube.logs import tail_of
from diagnostics.kube.pacing import Pacing
from diagnostics.models import (
    Activity,
    Cluster,
    Diagnosis,
    KeptEvent,
    KeptLog,
    KnownObject,
    Occurrence,
    Run,
    Suspect,
    Update,
)
from diagnostics.operations import keeping, lease, lifecycle, log_reading, slices, watches, watching
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.wanted import LogWanted
from tests.clusters import pod
from tests.operations.watched import (
    crashing_pod,
    event,
    failing_pod,
    followed,
    look_once,
    lost_node,
    node,
    stamp,
    wait_for_diagnosis,
)
from tests.servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = Pacing(attempts=2, first_pause=0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "PACING", QUICK)
    monkeypatch.setattr(watches.Watches.__init__, "__defaults__", (QUICK,))
    monkeypatch.setattr(watches, "RELIST", 0.05)
    monkeypatch.setattr(slices, "INTERVAL", 0.05)
    monkeypatch.setattr(slices, "BEAT", 0.1)
    monkeypatch.setattr(slices, "REACTION", 0.05)
    monkeypatch.setattr(slices, "BETWEEN_SWEEPS", 0.0)


def listed(server: ClusterServer, resource: str = "pods") -> int:
    return sum(r.verb == "list" and r.path.endswith(f"/{resource}") for r in server.requests)


def test_a_new_failure_is_stored_and_told(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster):
        server.store.put("pods", failing_pod("cart-1"))
        row = wait_for_diagnosis(workload_name="cart-1")

    assert Suspect.objects.get().diagnosed
    assert Update.objects.get(topic="diagnoses").ids == [str(row.uuid)]
    assert cluster.resource_versions["pods"] == str(server.store.version)
    assert Run.objects.get(kind="follow").changes >= 1


def test_the_log_of_the_crash_is_remembered_while_the_next_run_goes_on(server: ClusterServer, cluster: Cluster) -> None:
    """It was read as the current log of a run that had ended; a restart does not make it the new run's."""
    crashed = crashing_pod("cart-1")
    status = crashed["status"]["containerStatuses"][0]
    status["state"] = status.pop("lastState")
    status["state"]["terminated"] |= {"startedAt": stamp(300), "finishedAt": stamp(290)}  # Its grace is over.
    server.logs.append("shop", "cart-1", "app", timezone.now(), "KeyError: 'DATABASE_URL'")

    def restart(found: Json) -> None:
        status = found["status"]["containerStatuses"][0]
        status |= {"restartCount": 5, "lastState": status["state"], "state": {"running": {"startedAt": stamp()}}}

    with followed(cluster):
        server.store.put("pods", crashed)
        wait_for_diagnosis(code="crash-config-env", restarts=4)
        server.logs.start("shop", "cart-1", "app")
        server.store.modify("pods", "shop", "cart-1", restart)
        row = wait_for_diagnosis(restarts=5)

    assert Diagnosis.objects.get() == row
    assert sum(request.path.endswith("/log") for request in server.requests) == 1


def test_a_log_that_does_not_come_delays_nobody_else(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything said without it that it would contradict."""
    let_go = threading.Event()

    def hang(access: Access, wanted: LogWanted) -> ContainerLog:
        if wanted.pod == "cart-1":
            let_go.wait()
        return tail_of(access, wanted)

    monkeypatch.setattr(log_reading, "tail_of", hang)
    monkeypatch.setattr(log_reading, "PATIENCE", 0.1)
    monkeypatch.setattr(log_reading, "SLOW", 0.0)
    server.logs.append("shop", "cart-1", "app", timezone.now(), "KeyError: 'DATABASE_URL'")
    crashed = crashing_pod("cart-1")
    status = crashed["status"]["containerStatuses"][0]
    status["lastState"]["terminated"] |= {"startedAt": stamp(300), "finishedAt": stamp(290)}  # Its grace is over.
    with followed(cluster):
        server.store.put("pods", crashed)
        wait_for(Suspect.objects.filter(name="cart-1").exists, "the crash")
        server.store.put("pods", failing_pod("web-1", "web"))
        wait_for_diagnosis(workload_name="web-1")
        server.store.modify("pods", "shop", "cart-1", lambda found: found["metadata"].update(labels={"a": "b"}))
        wait_until_read(server)
        assert not Diagnosis.objects.filter(workload_name="cart-1").exists()
        let_go.set()
        wait_for_diagnosis(workload_name="cart-1")

    assert Diagnosis.objects.get(workload_name="cart-1").code == "crash-config-env"
    assert KeptLog.objects.get().pod_uid == crashed["metadata"]["uid"]


def test_a_lost_node_keeps_its_pods_whatever_happens_elsewhere(server: ClusterServer, cluster: Cluster) -> None:
    """It is judged with every suspect at hand, not with those of the namespace that has just changed."""
    server.store.put("nodes", lost_node())
    unready = pod("cart-1", "shop")
    unready["spec"]["nodeName"] = "node-2"
    unready["status"]["conditions"][1] |= {"status": "False", "lastTransitionTime": stamp(890)}
    server.store.put("pods", unready)
    with followed(cluster):
        wait_for_diagnosis(workload_kind="Node", pods_affected=1)
        server.store.put("pods", failing_pod("web-1", "web"))
        wait_for_diagnosis(workload_name="web-1")

    assert Diagnosis.objects.get(workload_kind="Node").pods_affected == 1


def test_healing_is_held_and_then_resolved(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "HOLD", timedelta(seconds=1))
    server.store.put("pods", failing_pod("cart-1"))
    with followed(cluster):
        server.store.put("pods", pod("cart-1", "shop"))
        wait_for_diagnosis(state="resolved")

    assert not Suspect.objects.exists()
    assert [activity.kind for activity in Activity.objects.order_by("pk")] == ["opened", "resolved"]


def test_a_grace_period_ends_without_any_change(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", failing_pod("cart-1", creationTimestamp=stamp(8.5)))
    with followed(cluster):
        row = wait_for_diagnosis(workload_name="cart-1")

    assert row.opened_at >= row.first_seen + timedelta(seconds=9)


def test_what_is_deleted_while_it_fails_leaves_its_evidence(server: ClusterServer, cluster: Cluster) -> None:
    failing = server.store.put("pods", failing_pod("cart-1"))
    with followed(cluster):
        server.store.put("events", event(failing, "e1", "Failed", "no settings"))
        wait_for(KeptEvent.objects.exists, "the event")
        server.store.delete("pods", "shop", "cart-1")
        wait_for(Suspect.objects.exclude(gone_at=None).exists, "the pod's end")
        wait_for(Diagnosis.objects.exclude(clean_since=None).exists, "nothing found any more")

    row = Diagnosis.objects.get()
    assert [found["name"] for found in row.verdict["pods"]] == ["cart-1"]
    assert KeptEvent.objects.exists()


def test_a_pod_that_takes_long_to_start_leaves_nothing_if_it_does(server: ClusterServer, cluster: Cluster) -> None:
    starting = {**pod("cart-1", "shop"), "status": {"phase": "Pending"}}
    starting["metadata"]["creationTimestamp"] = stamp(20)
    with followed(cluster):
        server.store.put("pods", starting)
        server.store.put("events", event(starting, "e1", "Scheduled", "on node-1"))
        wait_for(KeptEvent.objects.exists, "the event of a suspect")
        server.store.put("pods", pod("cart-1", "shop"))
        wait_for(lambda: not Suspect.objects.exists(), "nobody suspect")

    assert not KeptEvent.objects.exists()
    assert not Diagnosis.objects.exists()


def test_a_pod_that_hangs_while_it_starts_is_looked_at_without_another_change(
    server: ClusterServer, cluster: Cluster
) -> None:
    starting = {**pod("cart-1", "shop"), "status": {"phase": "Pending"}}
    starting["metadata"]["creationTimestamp"] = stamp(8)
    with followed(cluster):
        version = int(server.store.put("pods", starting)["metadata"]["resourceVersion"])
        wait_until_read(server)
        unsettled = Suspect.objects.exists()
        assert int(Cluster.objects.get().resource_versions["pods"]) < version
        wait_for(Suspect.objects.exists, "the suspect")

    assert not unsettled
    assert int(cluster.resource_versions["pods"]) >= version


def test_an_event_may_come_before_its_pod_is_suspect(server: ClusterServer, cluster: Cluster) -> None:
    healthy = server.store.put("pods", pod("cart-1", "shop"))
    with followed(cluster):
        server.store.put("events", event(healthy, "e1", "Unhealthy", "Liveness probe failed: no"))
        wait_until_read(server)
        assert not KeptEvent.objects.exists()
        server.store.put("pods", crashing_pod("cart-1"))
        wait_for(KeptEvent.objects.exists, "the event kept")


def wait_until_read(server: ClusterServer) -> None:
    """Waits until the slice has read, and noted, everything that has happened in the cluster."""
    for name in ("first", "second"):  # What was noted with the second was read after the first.
        _wait_for_node(int(server.store.put("nodes", node(name))["metadata"]["resourceVersion"]))


def _wait_for_node(version: int) -> None:
    wait_for(lambda: int(Cluster.objects.get().resource_versions["nodes"]) >= version, "a node read")


def test_workloads_and_nodes_are_followed_and_heartbeats_are_no_news(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster):
        deployment: Json = {"metadata": {"name": "cart", "namespace": "shop", "uid": "d1"}, "spec": {"replicas": 2}}
        server.store.put("deployments", deployment)
        server.store.put("nodes", node("node-2"))
        wait_for(lambda: KnownObject.objects.count() == 3, "both kept")
        server.store.delete("nodes", "", "node-1")
        server.store.modify("nodes", "", "node-2", lambda found: found["metadata"].update(managedFields=[]))
        wait_for(lambda: KnownObject.objects.count() == 2, "one forgotten")

    picture = keeping.load(cluster, timezone.now())
    assert picture.snapshot.nodes.keys() == {"node-2"}
    assert picture.snapshot.deployments["shop", "cart"].spec.replicas == 2


def test_a_version_that_is_too_old_leads_to_a_sweep(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster):
        server.store.put("pods", failing_pod("cart-1"))
        server.store.expire_history()
        server.close_watches()
        wait_for_diagnosis(workload_name="cart-1")
        wait_for(lambda: Run.objects.filter(kind="sweep").count() == 2, "a second sweep")
        server.store.put("pods", failing_pod("api-1"))
        wait_for_diagnosis(workload_name="api-1")

    assert not cluster.failure


def test_watches_that_the_server_ends_are_opened_again(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster):
        before = listed(server)
        server.close_watches()
        server.store.put("pods", failing_pod("cart-1"))
        wait_for_diagnosis(workload_name="cart-1")
        assert listed(server) == before


def test_a_server_that_goes_away_freezes_the_cluster_and_comes_back(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", failing_pod("cart-1"))
    with followed(cluster) as slice_:
        server.faults.add(Fault(path="*", kind=Kind.RESET))
        server.close_watches()
        slice_.join()

    assert cluster.failing_since
    assert cluster.retry_at
    assert cluster.failure_kind == "unreachable"
    assert Run.objects.get(kind="follow").failure == cluster.failure
    assert Diagnosis.objects.get().clean_since is None
    assert not lease.due(timezone.now())

    server.faults.clear()
    server.store.put("pods", failing_pod("api-1"))
    Cluster.objects.update(retry_at=timezone.now())
    before = listed(server)
    with followed(cluster):
        wait_for_diagnosis(workload_name="api-1")
    assert cluster.failing_since is None
    assert listed(server) == before, "it goes on where it was"


def test_a_server_that_answers_no_more_freezes_the_cluster_too(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.kube.access.SILENCE", 0.2)
    with followed(cluster) as slice_:
        server.faults.add(Fault(path="*", kind=Kind.HANG))
        server.close_watches()
        slice_.join()

    assert cluster.failure_kind == "timeout"
    assert not cluster.lease_owner


def test_a_resource_that_fails_for_long_costs_the_others_nothing(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("nodes", lost_node())
    server.store.put("deployments", {"metadata": {"name": "cart", "namespace": "shop", "uid": "d1"}})
    server.faults.add(Fault(path="/api/v1/nodes", verb="watch", status=500, after=1))
    server.faults.add(Fault(path="/api/v1/nodes", verb="list", status=500, after=1))
    with followed(cluster):
        wait_for_diagnosis(workload_kind="Node")
        server.close_watches()
        wait_for(Cluster.objects.exclude(gaps=[]).exists, "the gap")
        server.store.delete("nodes", "", "node-1")
        server.store.put("nodes", node("node-2"))
        server.store.put("pods", failing_pod("cart-1"))
        wait_for_diagnosis(workload_name="cart-1")
        stored = Cluster.objects.get()
        assert (stored.gaps[0]["resource"], stored.gaps[0]["error"]) == ("nodes", "unavailable")
        wait_for(Cluster.objects.filter(fresh_at__gt=stored.fresh_at).exists, "fresh all the same")
        assert Diagnosis.objects.get(workload_kind="Node").clean_since is None

        server.faults.clear()
        wait_for(lambda: not Cluster.objects.get().gaps, "the list read again")
        wait_for(Diagnosis.objects.filter(workload_kind="Node").exclude(clean_since=None).exists, "the node judged")
        server.store.put("nodes", node("node-3"))
        wait_for(lambda: KnownObject.objects.filter(name="node-3").exists(), "the watch open again")

    assert {known.name for known in KnownObject.objects.all()} == {"node-2", "node-3", "cart"}
    assert not cluster.failure


def test_a_list_that_hangs_delays_no_news(server: ClusterServer, cluster: Cluster) -> None:
    Cluster.objects.update(resource_versions={})
    for path in ("/api/v1/nodes", "/api/v1/events"):
        server.faults.add(Fault(path=path, status=400))
    look_once(cluster)
    server.faults.clear()
    server.faults.add(Fault(path="/api/v1/nodes", kind=Kind.HANG))
    failing = server.store.put("pods", failing_pod("cart-1"))
    server.store.put("events", event(failing, "e1", "Failed", "no settings"))
    with followed(cluster):
        wait_for(KeptEvent.objects.exists, "the events listed")
        wait_for(lambda: {gap["resource"] for gap in Cluster.objects.get().gaps} == {"nodes"}, "one gap mended")
        server.store.put("pods", failing_pod("api-1"))
        wait_for_diagnosis(workload_name="api-1")
        server.faults.clear()

    assert cluster.resource_versions["nodes"] == ""
    assert int(cluster.resource_versions["events"])
    with followed(cluster):
        wait_for(lambda: not Cluster.objects.get().gaps, "the other gap mended by the next slice")


def test_a_list_that_fails_may_come_to_be_forbidden(server: ClusterServer, cluster: Cluster) -> None:
    server.faults.add(Fault(path="/api/v1/nodes", status=400))
    look_once(cluster)
    server.faults.clear()
    server.access.forbid("list", "nodes")
    with followed(cluster):
        wait_for(lambda: Cluster.objects.get().gaps[0]["error"] == "forbidden", "the missing grant")

    assert cluster.gaps == [{"resource": "nodes", "namespace": None, "error": "forbidden", "grant": "list nodes"}]


def test_pods_that_may_be_listed_but_not_watched_are_polled(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "POLL", timedelta(seconds=0.5))
    server.access.forbid("watch", "pods")
    with followed(cluster) as slice_:
        slice_.join()
    assert {"resource": "pods", "namespace": None, "error": "forbidden", "grant": "watch pods"} in cluster.gaps
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)
    assert Diagnosis.objects.get().state == "new", "what is listed is judged all the same"

    monkeypatch.setattr(slices, "POLL", timedelta(minutes=1))
    server.access.allow_all()
    with followed(cluster):
        server.store.modify("pods", "shop", "cart-1", lambda found: found["metadata"].update(labels={"a": "b"}))
        wait_for(lambda: not Cluster.objects.get().gaps, "no gap any more")


def test_a_malformed_change_is_counted(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster):
        server.store.put("pods", {**pod("odd", "shop"), "status": {"phase": 7}})
        server.store.put("pods", failing_pod("cart-1"))
        wait_for_diagnosis(workload_name="cart-1")

    assert cluster.malformed == 1


class Killed(BaseException):
    """The worker is no more."""


def test_a_worker_killed_in_a_transaction_loses_nothing_and_doubles_nothing(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_once(cluster)
    server.store.put("pods", failing_pod("cart-1"))
    real = keeping.save

    def save_and_die(*arguments: Any) -> None:
        real(*arguments)
        if Diagnosis.objects.exists():
            raise Killed

    monkeypatch.setattr(keeping, "save", save_and_die)
    with pytest.raises(Killed):
        slices_until_killed(cluster)
    assert not Diagnosis.objects.exists()
    assert not Suspect.objects.exists()

    monkeypatch.setattr(keeping, "save", real)
    with followed(cluster):
        wait_for_diagnosis(workload_name="cart-1")
    assert (Activity.objects.count(), Occurrence.objects.count(), Suspect.objects.count()) == (1, 1, 1)


def slices_until_killed(cluster: Cluster) -> None:
    """Follows in this thread; what kills the slice comes out here."""
    watching.follow(cluster.pk, threading.Event())


def test_a_slice_whose_lease_was_taken_over_writes_no_more(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster) as slice_:
        Cluster.objects.update(fence=99, lease_owner="somebody else")
        server.store.put("pods", failing_pod("cart-1"))
        slice_.join()

    assert not Diagnosis.objects.exists()
    assert (cluster.fence, cluster.lease_owner, cluster.failure) == (99, "somebody else", "")


def test_a_cluster_that_is_removed_ends_its_slice_quietly(server: ClusterServer, cluster: Cluster) -> None:
    with followed(cluster) as slice_:
        Cluster.objects.all().delete()
        server.store.put("pods", failing_pod("cart-1"))
        slice_.join()
        cluster.save()  # For the end of `followed`, which reads it.

    assert not Run.objects.exists()
    assert not Diagnosis.objects.exists()


def test_a_cluster_that_is_watched_is_left_to_its_watcher(cluster: Cluster) -> None:
    with followed(cluster):
        assert not look_once(cluster)


def test_a_slice_makes_room_when_another_cluster_waits(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SHORTEST", 0.0)
    monkeypatch.setattr(slices, "WAITING", timedelta())
    with followed(cluster) as slice_:
        Cluster.objects.create(name="waiting", context="waiting")
        slice_.join()
    assert lease.take(cluster.pk, timezone.now()), "it was given back"


def test_silence_is_ended_by_a_question(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with followed(cluster) as slice_:
        monkeypatch.setattr(slices, "QUIET", 0.1)
        server.requests.clear()
        wait_for(lambda: any(r.path == "/version" for r in server.requests), "a question")
        server.faults.add(Fault(path="/version", status=500))
        slice_.join()

    assert cluster.failure_kind == "unavailable"


def test_events_are_read_again_from_where_the_unstored_ones_begin(server: ClusterServer, cluster: Cluster) -> None:
    """Another worker has to learn what this one only remembers."""
    healthy = server.store.put("pods", pod("cart-1", "shop"))
    with followed(cluster):
        server.store.put("events", event(healthy, "e1", "Unhealthy", "Liveness probe failed: no"))
        wait_until_read(server)

    assert int(cluster.resource_versions["events"]) < int(cluster.resource_versions["nodes"])
    with followed(cluster):
        server.store.put("pods", crashing_pod("cart-1"))
        wait_for(KeptEvent.objects.exists, "the event kept")
