"""One look at a served cluster, stored."""

from __future__ import annotations

import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics.demo.faults import Fault, Kind
from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster, Diagnosis, KeptEvent, KeptLog, KnownObject, Run, Suspect, Update
from diagnostics.operations import keeping
from diagnostics.operations.witnesses import MOST
from tests.clusters import SMALL, pod, serving
from tests.operations.watched import crashing_pod, event, failing_pod, look_once, lost_node, node, stamp, stored_cluster

pytestmark = pytest.mark.django_db(transaction=True)


def sweep_again(cluster: Cluster) -> bool:
    Cluster.objects.update(resource_versions={}, retry_at=None)
    return look_once(cluster)


def test_a_first_look_stores_what_is_wrong_and_what_is_known(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", pod("healthy", "shop"))
    failing = server.store.put("pods", failing_pod("cart-1"))
    server.store.put("events", event(failing, "e1", "Failed", 'Error: configmap "settings" not found'))

    assert look_once(cluster)

    row = Diagnosis.objects.get()
    assert (row.code, row.workload_name, row.state) == ("config-configmap-missing", "cart-1", "new")
    assert Suspect.objects.get().name == "cart-1"
    assert Suspect.objects.get().diagnosed
    assert KeptEvent.objects.get().object_uid == failing["metadata"]["uid"]
    assert KnownObject.objects.get().resource == "nodes"
    assert (cluster.pods_seen, cluster.server_version[:2]) == (2, "v1")
    assert cluster.resource_versions.keys() >= {"pods", "events", "nodes", "deployments"}
    assert cluster.fresh_at
    assert cluster.swept_at
    assert not cluster.lease_owner
    assert {run.kind for run in Run.objects.all()} == {"sweep", "follow"}
    assert {update.topic for update in Update.objects.all()} == {"diagnoses", "cluster"}
    assert Update.objects.get(topic="diagnoses").ids == [str(row.uuid)]


def test_kubelets_are_held_against_the_api_servers_version(server: ClusterServer, cluster: Cluster) -> None:
    old = node("node-2")
    old["metadata"]["creationTimestamp"] = stamp(900)
    old["status"]["nodeInfo"] = {"kubeletVersion": "v1.99.0"}
    server.store.put("nodes", old)
    assert look_once(cluster)
    assert Diagnosis.objects.get().code == "node-version-skew"
    assert keeping.load(cluster, timezone.now()).snapshot.server_version == cluster.server_version


def test_who_runs_where_outlives_the_sweep(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", pod("healthy", "shop"))
    assert look_once(cluster)
    assert [one.pod for one in keeping.load(cluster, timezone.now()).snapshot.placed] == ["healthy"]
    server.store.delete("pods", "shop", "healthy")
    assert sweep_again(cluster)
    assert list(keeping.load(cluster, timezone.now()).snapshot.placed) == []


def test_a_captured_cluster_is_diagnosed_and_nothing_crashes(tmp_path: Path) -> None:
    with serving(SMALL, now=timezone.now) as server:
        cluster = stored_cluster(server, tmp_path)
        assert look_once(cluster)

    assert Diagnosis.objects.count() >= 2
    assert (cluster.crashed, cluster.gaps, cluster.malformed) == ([], [], 0)
    assert KeptLog.objects.exists()


def test_the_log_of_a_run_is_read_once(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", crashing_pod("cart-1", restarts=4))
    server.logs.put(("shop", "cart-1", "app", True), b"2026-11-23T03:00:00Z Traceback: no\n")

    def logs_asked() -> int:
        return sum(request.path.endswith("/log") for request in server.requests)

    look_once(cluster)
    first = logs_asked()
    sweep_again(cluster)

    assert first == logs_asked() > 0
    assert KeptLog.objects.get().restart == 5
    server.store.put("pods", crashing_pod("cart-1", restarts=5))
    sweep_again(cluster)
    assert logs_asked() > first
    assert set(KeptLog.objects.values_list("restart", flat=True)) == {5, 6}


def test_logs_that_may_not_be_read_are_asked_for_once_a_sweep_and_not_kept(
    server: ClusterServer, cluster: Cluster
) -> None:
    server.access.forbid("get", "pods/log")
    server.access.forbid_path("/readyz")
    for name in ("cart-1", "cart-2"):
        server.store.put("pods", crashing_pod(name))
    look_once(cluster)

    gap = {"resource": "pods/log", "namespace": "shop", "error": "forbidden", "grant": "get pods/log"}
    assert gap in cluster.gaps
    assert not KeptLog.objects.exists()
    server.requests.clear()
    look_once(cluster)
    assert not [request for request in server.requests if request.path.endswith("/log")]

    server.access.allow_all()
    sweep_again(cluster)
    assert cluster.gaps == []
    assert KeptLog.objects.count() == 2


def test_many_that_fail_alike_are_one_diagnosis_with_the_evidence_of_a_few(
    server: ClusterServer, cluster: Cluster
) -> None:
    """The others are counted, and their logs are taken to say the same."""
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "cart", "uid": "s1", "controller": True}
    for n in range(12):
        crashed = crashing_pod(f"cart-{n:02}")
        crashed["metadata"]["ownerReferences"] = [owner]
        crashed["metadata"]["annotations"] = {"note": "kept in full"}
        crashed["spec"]["unknownToUs"] = "kept in full, too"
        ended = crashed["status"]["containerStatuses"][0]["lastState"]["terminated"]
        ended |= {"startedAt": stamp(300), "finishedAt": stamp(290)}
        server.store.put("pods", crashed)
        server.logs.put(("shop", f"cart-{n:02}", "app", True), b"2026-11-23T03:00:00Z KeyError: 'DATABASE_URL'\n")
    look_once(cluster)

    row = Diagnosis.objects.get()
    assert (row.code, row.pods_affected, row.state) == ("crash-config-env", 12, "new")
    witnesses = {f"uid-shop-cart-{n:02}" for n in range(MOST)}
    assert set(KeptLog.objects.values_list("pod_uid", flat=True)) == witnesses
    assert {
        found.uid for found in Suspect.objects.all() if b"kept in full, too" in zlib.decompress(found.body)
    } == witnesses
    assert Suspect.objects.filter(diagnosed=True).count() == 12

    before = {found.uid: bytes(found.body) for found in Suspect.objects.all()}
    Cluster.objects.update(resource_versions={})
    server.store.delete("pods", "shop", "cart-00")
    sweep_again(cluster)
    assert {found.uid: bytes(found.body) for found in Suspect.objects.all()} == before
    assert Suspect.objects.get(gone_at__isnull=False).name == "cart-00"
    assert Diagnosis.objects.get().pods_affected == 11
    assert KeptLog.objects.count() == MOST + 1, "another one stands in"


def test_the_next_slice_goes_on_without_listing_again(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)
    server.requests.clear()

    look_once(cluster)

    assert not [request for request in server.requests if request.verb == "list" and request.path.endswith("/pods")]
    assert Diagnosis.objects.get().clean_since is None


def test_a_sweep_finds_out_what_is_gone(server: ClusterServer, cluster: Cluster) -> None:
    for name in ("deleted", "healed", "stays"):
        server.store.put("pods", failing_pod(name))
    server.store.put("nodes", node("node-2"))
    look_once(cluster)

    server.store.delete("pods", "shop", "deleted")
    server.store.put("pods", pod("healed", "shop"))
    server.store.delete("nodes", "", "node-2")
    sweep_again(cluster)

    assert {suspect.name: suspect.gone_at is None for suspect in Suspect.objects.all()} == {
        "deleted": False,
        "stays": True,
    }
    assert [known.name for known in KnownObject.objects.all()] == ["node-1"]
    clean = Diagnosis.objects.exclude(clean_since=None).values_list("workload_name", flat=True)
    assert set(clean) == {"deleted", "healed"}


def test_evidence_of_a_deleted_pod_is_kept_if_it_was_diagnosed(server: ClusterServer, cluster: Cluster) -> None:
    failing = server.store.put("pods", failing_pod("cart-1"))
    terminating = server.store.put("pods", {**pod("leaving", "shop"), "status": {"phase": "Pending"}})
    for about in (failing, terminating):
        server.store.put("events", event(about, f"e-{about['metadata']['name']}", "Failed", "no"))
    look_once(cluster)
    assert KeptEvent.objects.count() == 2

    server.store.delete("pods", "shop", "cart-1")
    server.store.delete("pods", "shop", "leaving")
    sweep_again(cluster)

    assert [suspect.name for suspect in Suspect.objects.all()] == ["cart-1"]
    assert [kept.uid for kept in KeptEvent.objects.all()] == ["e-cart-1"]


def test_events_that_the_cluster_has_forgotten_are_kept(server: ClusterServer, cluster: Cluster) -> None:
    failing = server.store.put("pods", failing_pod("cart-1"))
    server.store.put("events", event(failing, "e1", "Failed", "once"))
    look_once(cluster)

    server.store.delete("events", "shop", "cart-1.e1")
    sweep_again(cluster)
    sweep_again(cluster)

    assert KeptEvent.objects.get().uid == "e1"


def test_an_event_may_be_about_something_with_a_strange_uid(server: ClusterServer, cluster: Cluster) -> None:
    about = {"metadata": {"namespace": "shop", "name": "thing", "uid": "u" * 1000}}
    found = event(about, "e1", "Odd", "no")
    found["involvedObject"]["kind"] = "Thing"
    server.store.put("events", found)

    assert look_once(cluster)
    assert look_once(cluster)
    assert KeptEvent.objects.get().object_uid == "u" * 253


def test_what_may_not_be_read_is_noted_with_the_grant(server: ClusterServer, cluster: Cluster) -> None:
    server.access.forbid("list", "nodes")
    server.store.put("pods", failing_pod("cart-1"))

    assert look_once(cluster)

    assert cluster.gaps == [{"resource": "nodes", "namespace": None, "error": "forbidden", "grant": "list nodes"}]
    assert Diagnosis.objects.get().state == "new"
    assert not cluster.failure
    server.access.allow_all()
    sweep_again(cluster)
    assert cluster.gaps == []


def test_only_the_namespaces_that_are_allowed_are_read(server: ClusterServer, tmp_path: Path) -> None:
    cluster = stored_cluster(server, tmp_path, namespaces=["shop", "web"])
    server.access.only_namespaces("shop")
    server.store.put("pods", failing_pod("cart-1"))

    assert look_once(cluster)

    assert Diagnosis.objects.get().namespace == "shop"
    assert "pods/shop" in cluster.resource_versions
    assert {"resource": "pods", "namespace": "web", "error": "forbidden", "grant": "list pods"} in cluster.gaps
    server.access.only_namespaces("web")
    sweep_again(cluster)
    assert Diagnosis.objects.get().clean_since is None, "what cannot be seen any more is not clean"
    assert Suspect.objects.get().gone_at is None


@pytest.mark.parametrize("path", ["/version", "/api/v1/pods", "/api/v1/namespaces/kube-system"])
def test_a_cluster_that_cannot_be_read_is_frozen_until_it_can(
    server: ClusterServer, cluster: Cluster, path: str
) -> None:
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)
    fresh_at = cluster.fresh_at

    server.store.put("pods", pod("cart-1", "shop"))
    server.store.put("pods", failing_pod("api-1"))
    server.faults.add(Fault(path=path, status=400, body=b"no"))
    assert not sweep_again(cluster)

    assert [(row.workload_name, row.clean_since) for row in Diagnosis.objects.all()] == [("cart-1", None)]
    assert cluster.failing_since
    assert cluster.failure
    assert cluster.retry_at
    assert cluster.failing_since < cluster.retry_at
    assert cluster.fresh_at == fresh_at
    assert Update.objects.latest("seq").topic == "cluster"
    announced, since = Update.objects.count(), cluster.failing_since
    assert not look_once(cluster), "it rests"
    assert not sweep_again(cluster)
    assert (Update.objects.count(), cluster.failing_since) == (announced, since), "no news"

    server.faults.clear()
    assert sweep_again(cluster)
    cluster = Cluster.objects.get()
    assert (cluster.failing_since, cluster.failure, cluster.failure_kind, cluster.retry_at) == (None, "", "", None)
    assert Diagnosis.objects.filter(state="new").count() == 2


def test_a_list_that_fails_freezes_only_what_is_concluded_from_it(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("nodes", lost_node())
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)

    server.store.put("nodes", node("node-2"))
    server.store.put("pods", pod("cart-1", "shop"))
    server.store.put("pods", failing_pod("api-1"))
    server.faults.add(Fault(path="/api/v1/nodes", status=400, body=b"no"))
    assert sweep_again(cluster)

    assert {row.workload_name: bool(row.clean_since) for row in Diagnosis.objects.all()} == {
        "node-2": False,
        "cart-1": True,
        "api-1": False,
    }
    assert cluster.gaps == [{"resource": "nodes", "namespace": None, "error": "bad_request", "grant": ""}]
    assert (cluster.failure, cluster.resource_versions["nodes"]) == ("", "")
    assert {known.name for known in KnownObject.objects.all()} == {"node-1", "node-2"}
    seen = Diagnosis.objects.get(workload_name="node-2").last_seen
    server.requests.clear()
    assert sweep_again(cluster)
    assert Diagnosis.objects.get(workload_name="node-2").last_seen == seen


def test_nothing_is_opened_from_a_list_that_fails_half_way(server: ClusterServer, cluster: Cluster) -> None:
    """An owner that was on the page which did not come is no less an owner."""
    deployment: Json = {"metadata": {"name": "cart", "namespace": "shop", "uid": "d1"}, "spec": {"replicas": 2}}
    server.store.put("deployments", deployment)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-6d9f", "uid": "r1", "controller": True}
    server.store.put("pods", failing_pod("cart-6d9f-abcde", ownerReferences=[owner]))
    look_once(cluster)

    server.faults.add(Fault(path="/apis/apps/v1/deployments", kind=Kind.TRUNCATE))
    server.faults.add(Fault(path="/api/v1/events", status=400))
    assert sweep_again(cluster)

    row = Diagnosis.objects.get()
    assert (row.workload_kind, row.workload_name, row.clean_since) == ("Deployment", "cart", None)
    assert {gap["resource"] for gap in cluster.gaps} == {"deployments", "events"}


def test_a_server_that_is_not_there_is_named(server: ClusterServer, cluster: Cluster) -> None:
    server.faults.add(Fault(path="*", kind=Kind.RESET))
    assert not look_once(cluster)

    assert cluster.failure_kind == "unreachable"
    assert server.url in cluster.failure
    assert not Diagnosis.objects.exists()


def test_a_failure_is_logged_when_it_begins_and_when_it_is_over(
    server: ClusterServer, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in (Fault(path="*", kind=Kind.RESET), Fault(path="*", kind=Kind.RESET), Fault(path="*", status=401)):
        server.faults.clear()
        server.faults.add(fault)
        sweep_again(cluster)
    server.faults.clear()
    sweep_again(cluster)
    sweep_again(cluster)

    gone, refused, back = (record.getMessage() for record in caplog.records if record.name.startswith("diagnostics"))
    assert server.url in gone
    assert "401" in refused
    assert back.endswith("can be read again")


def test_a_kubeconfig_that_is_gone_is_a_failure_like_any_other(cluster: Cluster) -> None:
    Cluster.objects.update(kubeconfig="/nowhere/config")

    assert not look_once(cluster)
    assert cluster.failure_kind == "misconfigured"


def test_a_malformed_object_is_counted_and_costs_only_itself(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", {**pod("odd", "shop"), "status": {"phase": 7}})
    server.store.put("pods", failing_pod("cart-1"))

    assert look_once(cluster)

    assert cluster.malformed == 1
    assert Diagnosis.objects.get().workload_name == "cart-1"


def test_a_suspect_that_is_not_understood_any_more_is_not_gone(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)
    server.store.modify("pods", "shop", "cart-1", lambda found: found.update(status={"phase": 7}))
    sweep_again(cluster)

    assert cluster.malformed == 1
    assert Diagnosis.objects.get().clean_since is None


def test_after_a_time_without_a_watcher_the_hold_begins_anew(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)
    server.store.put("pods", pod("cart-1", "shop"))
    sweep_again(cluster)
    long_ago = timezone.now() - timedelta(hours=1)
    Diagnosis.objects.update(clean_since=long_ago)
    Cluster.objects.update(fresh_at=long_ago)

    look_once(cluster)

    row = Diagnosis.objects.get()
    assert row.state == "new"
    assert row.clean_since
    assert row.clean_since > long_ago


def test_a_fault_of_ours_is_shown_and_not_swallowed(
    server: ClusterServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.engine.judge", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look_once(cluster)

    cluster.refresh_from_db()
    assert (cluster.failure_kind, cluster.lease_owner) == ("internal", "")
    assert "ZeroDivisionError" in cluster.failure
