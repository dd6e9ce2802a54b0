"""Clusters that people add: stored encrypted, watched with what was pasted, paused, read anew, taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster, ClusterCredentials, Diagnosis, Run
from diagnostics.operations import clusters, lease, rotating, ways
from diagnostics.operations.examining import examine
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.ways import Way
from tests.clusters import on_this_machine, serving
from tests.operations.watched import failing_pod, look_once, node

pytestmark = pytest.mark.django_db(transaction=True)
WORD = "sentinel-of-a-token"


@pytest.fixture(autouse=True)
def nothing_else_is_known(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_this_machine(settings, monkeypatch, tmp_path)


@pytest.fixture
def lab() -> Iterator[ClusterServer]:
    """A cluster that wants a token, with a pod that fails."""
    with serving(token=WORD) as server:
        server.store.put("nodes", node())
        server.store.put("pods", failing_pod("web-1"))
        yield server


def pasted(server: str, token: str = WORD, name: str = "edge") -> str:
    return json.dumps(
        {
            "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": token}}],
        }
    )


def the_way(server: str, token: str = WORD, name: str = "edge") -> Way:
    return ways.by_paste(ways.read(pasted(server, token, name)), "")


def refused(server: str) -> str:
    with pytest.raises(Invalid) as caught:
        the_way(server)
    return " ".join(caught.value.errors["kubeconfig"])


def added(lab: ClusterServer, **how: str) -> Cluster:
    return clusters.add("edge", the_way(lab.url, **how))


def test_a_pasted_cluster_is_watched_with_what_was_pasted(lab: ClusterServer) -> None:
    cluster = added(lab)
    assert look_once(cluster)

    assert cluster.failure == ""
    assert cluster.server == lab.url
    assert Diagnosis.objects.get().cluster == cluster
    assert {request.token for request in lab.requests} == {WORD}


def test_its_credentials_are_nowhere_in_clear(lab: ClusterServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        cluster = added(lab)
        look_once(cluster)
        lab.access.token = "another"
        look_once(cluster)
        Cluster.objects.update(retry_at=None)

    assert cluster.failure_kind == "unauthorized"
    assert WORD not in caplog.text + str(list(Cluster.objects.values())) + str(list(Run.objects.values()))
    assert WORD not in repr(the_way(lab.url))
    with connection.cursor() as cursor:
        cursor.execute("SELECT kubeconfig FROM diagnostics_clustercredentials")
        ((stored,),) = cursor.fetchall()
    assert WORD.encode() not in bytes(stored)
    assert lab.url.encode() not in bytes(stored)


def test_what_is_pasted_over_it_is_used_at_once(lab: ClusterServer) -> None:
    cluster = added(lab, token="expired")
    look_once(cluster)
    assert cluster.retry_at is not None

    clusters.replace_credentials(cluster.uuid, the_way(lab.url), timezone.now())

    assert look_once(cluster)
    assert cluster.failure == ""


def test_credentials_of_another_cluster_do_not_mix_the_rows(lab: ClusterServer) -> None:
    cluster = added(lab)
    Cluster.objects.update(identity="of another one")
    lab.store.put("namespaces", {"metadata": {"name": "kube-system", "uid": "of this one"}})
    look_once(cluster)

    assert cluster.failure_kind == "other_cluster"


def test_only_what_was_pasted_can_be_replaced(lab: ClusterServer) -> None:
    named = Cluster.objects.create(name="named", context="named")
    with pytest.raises(Cluster.DoesNotExist):
        clusters.replace_credentials(named.uuid, the_way(lab.url), timezone.now())


def test_without_a_key_nothing_is_stored(lab: ClusterServer, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(Invalid, match="FIELD_ENCRYPTION_KEYS is not set"):
        added(lab)

    assert not Cluster.objects.exists()


def test_a_key_that_is_gone_is_the_clusters_failure_and_no_crash(lab: ClusterServer, settings: Settings) -> None:
    cluster = added(lab)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    look_once(cluster)

    assert cluster.failure_kind == "misconfigured"
    assert "add that key at the end of the list" in cluster.failure
    clusters.replace_credentials(cluster.uuid, the_way(lab.url), timezone.now())
    assert look_once(cluster)


def test_keys_are_rotated(lab: ClusterServer, settings: Settings) -> None:
    cluster = added(lab)
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]
    assert rotating.rotate() == (0, 1)

    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert look_once(cluster)


def test_forgetting_a_cluster_drops_its_credentials(lab: ClusterServer) -> None:
    added(lab)
    call_command("forget", "edge", stdout=StringIO())

    assert not ClusterCredentials.objects.exists()


def test_the_configuration_leaves_alone_what_was_added_here(
    lab: ClusterServer, tmp_path: Path, settings: Settings
) -> None:
    cluster = added(lab)
    settings.KUBECONFIG = str(lab.kubeconfig(tmp_path / "config", name="edge"))
    assert clusters.watch_configured_clusters() == []
    lab.kubeconfig(tmp_path / "config", name="demo")
    clusters.watch_configured_clusters()

    cluster.refresh_from_db()
    assert (cluster.paused, cluster.kubeconfig) == (False, "")
    assert not clusters.is_configured(cluster)
    assert clusters.is_configured(Cluster.objects.get(name="demo"))


@pytest.mark.parametrize(
    ("name", "namespaces", "says"),
    [
        ("", [], "needs a name"),
        ("x" * 254, [], "needs a name"),
        ("a\nb", [], "needs a name"),
        ("edge", ["Shop"], "no name of a namespace"),
        ("edge", [f"n{n}" for n in range(51)], "at most 50"),
        ("taken", [], "another cluster of this name"),
    ],
)
def test_what_cannot_be_a_cluster(name: str, namespaces: list[str], says: str) -> None:
    Cluster.objects.create(name="taken")
    with pytest.raises(Invalid, match=says):
        clusters.add(name, Way("edge"), namespaces)


@pytest.mark.parametrize(
    "server",
    [
        "https://169.254.169.254",
        "https://[fe80::1]:6443",
        "https://[fd00:ec2::254]",
        "https://100.100.100.200",
    ],
)
def test_metadata_services_and_the_link_are_never_asked(server: str) -> None:
    assert "is never asked" in refused(server)


def test_this_machine_is_asked_only_where_clusters_may_be_on_it(settings: Settings) -> None:
    assert the_way("https://127.0.0.1:6443").context == "edge"
    settings.CLUSTERS_ON_LOOPBACK = False

    assert "OUTBOUND_ALLOW_CIDRS" in refused("https://127.0.0.1:6443")
    assert "in clear" in refused("http://127.0.0.1:6443")
    assert the_way("https://10.0.0.7:6443").context == "edge"


def test_a_name_that_leads_to_this_machine_is_found_out_by_the_watcher(lab: ClusterServer, settings: Settings) -> None:
    settings.CLUSTERS_ON_LOOPBACK = False
    cluster = clusters.add("edge", by_name(lab.url))
    look_once(cluster)

    assert "is not asked" in cluster.failure
    assert "is not asked" in examine(by_name(lab.url)).steps[-1].said
    assert not lab.requests


def by_name(server: str) -> Way:
    """A way as it may have been stored once, by a name that leads to this machine."""
    way = the_way("https://lab.example")
    assert way.document
    way.document["clusters"][0]["cluster"]["server"] = server.replace("127.0.0.1", "localhost")
    return way


def test_an_examination_stores_nothing_and_repeats_no_credentials(lab: ClusterServer) -> None:
    lab.access.forbid("list", "nodes")
    found = examine(the_way(lab.url))

    assert found.readable
    assert [str(right.grant) for right in found.rights if right.missing] == ["list nodes"]
    assert WORD not in repr(found)
    assert not Cluster.objects.exists()


def test_an_examination_says_what_cannot_even_be_opened() -> None:
    found = examine(Way("nowhere", "/no/such/file"))

    assert not found.readable
    assert "There is no kubeconfig at /no/such/file" in found.failure


def test_a_paused_cluster_rests_until_it_is_resumed(lab: ClusterServer) -> None:
    cluster = added(lab)
    clusters.pause(cluster.uuid, " the node pool is being rebuilt\0")
    assert not look_once(cluster)
    assert (cluster.paused, cluster.pause_reason) == (True, "the node pool is being rebuilt")

    clusters.resume(cluster.uuid, timezone.now())
    assert look_once(cluster)


def test_one_that_is_no_longer_named_is_kept_when_it_is_resumed() -> None:
    row = Cluster.objects.create(name="old", paused=True, pause_reason=clusters.NOT_NAMED)
    clusters.resume(row.uuid, timezone.now())

    row.refresh_from_db()
    assert (row.paused, row.added_here) == (False, True)


def test_reading_now_takes_the_lease_and_lists_everything(lab: ClusterServer) -> None:
    cluster = added(lab)
    look_once(cluster)
    number = Diagnosis.objects.get().number
    held = lease.take(cluster.pk, timezone.now())
    assert held is not None

    clusters.read_now(cluster.uuid, timezone.now())

    with pytest.raises(lease.LeaseLost):
        lease.extend(held, timezone.now())
    assert look_once(cluster)
    assert Run.objects.filter(kind=Run.Kind.SWEEP).count() == 2
    assert Diagnosis.objects.get().number == number
