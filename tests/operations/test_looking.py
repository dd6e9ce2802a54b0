"""Which namespaces have to be judged together, and which lists have to be read again, to tell what is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.kube.resources import BY_NAME
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.models import Cluster
from diagnostics.operations import applying, ways
from diagnostics.operations.looking import Looker
from diagnostics.operations.picture import Picture
from diagnostics.snapshot.cluster import Snapshot
from tests.operations.watched import crashing_pod, failing_pod, stamp

pytestmark = pytest.mark.django_db


@pytest.fixture
def looker(cluster: Cluster) -> Iterator[Looker]:
    with ways.opened(ways.of(cluster)) as access:
        yield Looker(access, Picture(Snapshot("lab", datetime.now(UTC))))


def starved(namespace: str, name: str = "web", registry: str = "registry.example") -> Json:
    """A pod whose image does not come, for its registry refuses every connection."""
    found, image = failing_pod(name, namespace), f"{registry}/app:1"
    refused = f'failed to resolve reference "{image}": dial tcp 10.9.9.9:443: connect: connection refused'
    message = f'Back-off pulling image "{image}": ErrImagePull: {refused}'
    found["spec"]["containers"][0]["image"] = image
    found["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    return found


def tell(looker: Looker, *found: Json, resource: str = "pods", kind: ChangeKind = ChangeKind.MODIFIED) -> None:
    for each in found:
        applying.apply(looker.picture, BY_NAME[resource], None, Change(kind, msgspec.json.encode(each), "11"))


def said(looker: Looker, *touched: str) -> tuple[list[str], bool]:
    """Whom the verdicts are about, and whether all were judged, after these namespaces changed; none stands for all."""
    judgement, namespaces = looker.judge(frozenset(touched) or None)
    return sorted(f"{found.workload.kind}/{found.workload.name}" for found in judgement.verdicts), namespaces is None


SHARED = ["Registry/registry.example"]


@pytest.mark.parametrize("touched", [("a",), ("b", "c"), ("a", "b", "c")])
def test_what_is_shared_stays_so_whichever_part_of_it_changes(looker: Looker, touched: tuple[str, ...]) -> None:
    tell(looker, starved("a"), starved("b"), starved("c"))
    assert said(looker) == (SHARED, True)
    tell(looker, *(starved(namespace, "more") for namespace in touched))
    assert said(looker, *touched) == (SHARED, True)


def test_what_is_shared_by_namespaces_that_are_looked_at_one_after_the_other(looker: Looker) -> None:
    tell(looker, starved("a"))
    assert said(looker, "a") == (["Pod/web"], False)
    tell(looker, starved("b"))
    assert said(looker, "b") == (["Pod/web", "Pod/web"], True)
    tell(looker, starved("c"))
    assert said(looker, "c") == (SHARED, True)


def test_what_is_shared_within_one_namespace_has_none(looker: Looker) -> None:
    tell(looker, starved("a", "one"), starved("a", "two"), starved("a", "three"))
    assert said(looker, "a") == (SHARED, True)


@pytest.mark.parametrize("namespaces", [("a", "b", "c"), ("a", "a", "a")])
def test_what_is_no_longer_shared_is_each_ones_own_again(looker: Looker, namespaces: tuple[str, ...]) -> None:
    pods = [starved(namespace, f"web-{number}") for number, namespace in enumerate(namespaces)]
    tell(looker, *pods)
    assert said(looker) == (SHARED, True)
    tell(looker, pods[-1], kind=ChangeKind.DELETED)
    assert said(looker, namespaces[-1]) == (["Pod/web-0", "Pod/web-1"], True)


def test_what_is_shared_elsewhere_concerns_nobody_else(looker: Looker) -> None:
    tell(
        looker,
        starved("a"),
        starved("b"),
        starved("c"),
        failing_pod("cart", "shop"),
        starved("web", registry="else.example"),
    )
    said(looker)
    assert said(looker, "shop") == (["Pod/cart"], False)
    assert said(looker, "web") == (["Pod/web"], False)


def deployment(ready: int) -> Json:
    """Deployment web of two replicas, whose pods are made by nobody we know, nor are ill."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app"}]}}
    return {
        "metadata": {"name": "web", "namespace": "shop", "uid": "d-1", "creationTimestamp": stamp(3600)},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 2, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": 2},
    }


def service(server: ClusterServer, name: str = "web") -> None:
    """Puts a Service that selects app=web, and has no endpoint."""
    made = {"name": name, "namespace": "shop", "creationTimestamp": stamp(3600)}
    server.store.put("services", {"metadata": made, "spec": {"selector": {"app": "web"}, "clusterIP": "10.96.0.9"}})
    labels = {"kubernetes.io/service-name": name}
    server.store.put("endpointslices", {"metadata": {**made, "name": f"{name}-1", "labels": labels}, "endpoints": None})


def lists(server: ClusterServer) -> int:
    return sum(request.verb == "list" and request.path.endswith("/services") for request in server.requests)


def test_a_workload_is_ready_again_though_its_endpoints_were_listed_before(
    looker: Looker, server: ClusterServer
) -> None:
    service(server)
    tell(looker, deployment(ready=0), resource="deployments")
    assert said(looker) == (["Service/web"], True)
    tell(looker, deployment(ready=1), resource="deployments")
    assert said(looker, "shop") == ([], False)
    assert lists(server) == 1


def test_a_service_that_went_with_its_workload_is_not_said_to_select_nothing(
    looker: Looker, server: ClusterServer
) -> None:
    service(server)
    tell(looker, deployment(ready=1), resource="deployments")
    assert said(looker) == ([], True)
    server.store.delete("services", "shop", "web")
    tell(looker, deployment(ready=1), resource="deployments", kind=ChangeKind.DELETED)
    assert said(looker, "shop") == ([], False)
    assert lists(server) == 2


def test_what_is_missing_is_looked_up_once_more_and_then_told(looker: Looker, server: ClusterServer) -> None:
    tell(looker, deployment(ready=1), resource="deployments")
    service(server)
    said(looker)
    tell(looker, deployment(ready=1), resource="deployments", kind=ChangeKind.DELETED)
    assert said(looker, "shop") == (["Service/web"], False)
    assert said(looker, "shop") == (["Service/web"], False)
    assert said(looker) == (["Service/web"], True)
    assert lists(server) == 2


def calling(namespace: str) -> Json:
    """A pod that crashed because Service web of namespace shop refused it."""
    found = crashing_pod("cart", namespace)
    message = "dial tcp: connect to web.shop.svc.cluster.local: connection refused: http://web.shop.svc.cluster.local/"
    found["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = message
    return found


@pytest.mark.parametrize("touched", ["front", "shop"])
def test_what_waits_for_another_namespace_hangs_under_it_whichever_changes(
    looker: Looker, server: ClusterServer, touched: str
) -> None:
    service(server)
    owner = {"kind": "ReplicaSet", "name": "web-7f6", "controller": True}
    tell(looker, deployment(ready=0), resource="deployments")
    tell(looker, calling("front"), failing_pod("web-7f6-1", ownerReferences=[owner]))
    assert said(looker) == (["Deployment/web"], True)
    assert said(looker, touched) == (["Deployment/web"], True)
    tell(looker, deployment(ready=1), resource="deployments")
    assert said(looker) == (["Deployment/web", "Pod/cart"], True)
    assert said(looker, "front") == (["Pod/cart"], False)
