"""Which namespaces have to be judged together: what they share is told right whichever of them has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from diagnostics.demo.resources import Json
from diagnostics.kube.resources import BY_NAME
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.models import Cluster
from diagnostics.operations import applying
from diagnostics.operations.looking import Looker
from diagnostics.operations.picture import Picture
from diagnostics.operations.watching import open_access
from diagnostics.snapshot.cluster import Snapshot
from tests.operations.watched import failing_pod

pytestmark = pytest.mark.django_db


@pytest.fixture
def looker(cluster: Cluster) -> Iterator[Looker]:
    with open_access(cluster) as access:
        yield Looker(access, Picture(Snapshot("lab", datetime.now(UTC))))


def starved(namespace: str, name: str = "web", registry: str = "registry.example") -> Json:
    """A pod whose image does not come, for its registry refuses every connection."""
    found, image = failing_pod(name, namespace), f"{registry}/app:1"
    refused = f'failed to resolve reference "{image}": dial tcp 10.9.9.9:443: connect: connection refused'
    message = f'Back-off pulling image "{image}": ErrImagePull: {refused}'
    found["spec"]["containers"][0]["image"] = image
    found["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    return found


def tell(looker: Looker, *pods: Json, kind: ChangeKind = ChangeKind.MODIFIED) -> None:
    for found in pods:
        applying.apply(looker.picture, BY_NAME["pods"], None, Change(kind, msgspec.json.encode(found), "11"))


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
