"""A name of a cluster that comes to stand for another one: nothing of the two is ever mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster, Diagnosis
from diagnostics.operations.clusters import forget
from tests.clusters import serving
from tests.operations.watched import failing_pod, look_once, node, stored_cluster

pytestmark = pytest.mark.django_db(transaction=True)


def be(server: ClusterServer, uid: str) -> None:
    server.store.put("namespaces", {"metadata": {"name": "kube-system", "uid": uid}})


def sweep_again(cluster: Cluster) -> bool:
    Cluster.objects.update(swept_at=None, retry_at=None)
    return look_once(cluster)


def asked(server: ClusterServer) -> int:
    return sum(request.path.endswith("/namespaces/kube-system") for request in server.requests)


def test_a_cluster_is_asked_who_it_is_once_a_sweep(server: ClusterServer, cluster: Cluster) -> None:
    be(server, "one")
    look_once(cluster)
    look_once(cluster)

    assert (cluster.identity, cluster.server, asked(server)) == ("one", server.url, 1)
    sweep_again(cluster)
    assert asked(server) == 2


def test_another_cluster_at_the_same_address_freezes(server: ClusterServer, cluster: Cluster) -> None:
    be(server, "one")
    server.store.put("pods", failing_pod("cart-1"))
    look_once(cluster)

    be(server, "two")
    server.store.delete("pods", "shop", "cart-1")
    server.store.put("pods", failing_pod("api-1"))
    assert not sweep_again(cluster)

    row = Diagnosis.objects.get()
    assert (row.workload_name, row.clean_since) == ("cart-1", None)
    assert cluster.failure_kind == "other_cluster"
    assert "UID two, it had one" in cluster.failure
    assert "`manage.py forget demo`" in cluster.failure
    Cluster.objects.update(retry_at=None)
    assert not look_once(cluster), "it stays frozen, whether or not a sweep is due"

    be(server, "one")
    Cluster.objects.update(retry_at=None)
    assert look_once(cluster)
    assert not cluster.failure


def test_a_context_that_leads_elsewhere_is_swept_before_anything_is_followed(
    server: ClusterServer, cluster: Cluster, tmp_path: Path
) -> None:
    be(server, "one")
    look_once(cluster)

    with serving() as other:
        be(other, "two")
        other.store.put("nodes", node())
        other.store.put("pods", failing_pod("api-1"))
        other.kubeconfig(tmp_path / "kubeconfig")
        assert not look_once(cluster)
        assert cluster.failure_kind == "other_cluster"
        assert cluster.server == server.url

        forget("demo")
        again = stored_cluster(other, tmp_path)
        assert look_once(again)

    assert (again.identity, Diagnosis.objects.get().workload_name) == ("two", "api-1")


def test_a_cluster_that_may_not_be_asked_is_watched_all_the_same(server: ClusterServer, cluster: Cluster) -> None:
    be(server, "one")
    look_once(cluster)
    server.access.forbid("get", "namespaces")
    be(server, "two")

    assert sweep_again(cluster)
    assert cluster.identity == "one", "what was known stays known"
