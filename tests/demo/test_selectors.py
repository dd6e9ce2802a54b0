from __future__ import annotations

from collections.abc import Iterator

import pytest

from diagnostics.demo.server import ClusterServer
from tests.clusters import pod, serving
from tests.demo.reading import get, names, refused

LABELS = {
    "web-1": {"app": "web", "tier": "front", "shard": "1"},
    "web-2": {"app": "web", "tier": "back", "shard": "7"},
    "db": {"app": "db"},
    "bare": {},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterServer]:
    with serving() as cluster:
        for name, labels in LABELS.items():
            made = pod(name)
            made["metadata"]["labels"] = labels
            cluster.store.put("pods", made)
        cluster.store.modify("pods", "default", "db", lambda found: found["spec"].update(nodeName="node-2"))
        yield cluster


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("app=web", {"web-1", "web-2"}),
        ("app==web,tier=front", {"web-1"}),
        ("app!=web", {"db", "bare"}),
        ("app in (web, db)", {"web-1", "web-2", "db"}),
        ("app in (web,db),tier notin (front)", {"web-2", "db"}),
        ("tier notin (front)", {"web-2", "db", "bare"}),
        ("tier", {"web-1", "web-2"}),
        ("!tier", {"db", "bare"}),
        ("shard > 3", {"web-2"}),
        ("shard<3", {"web-1"}),
        ("app=", set()),
    ],
)
def test_label_selectors(cluster: ClusterServer, selector: str, selected: set[str]) -> None:
    assert set(names(get(cluster, "/api/v1/pods", labelSelector=selector))) == selected


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("metadata.name=db", {"db"}),
        ("metadata.namespace=default,spec.nodeName!=node-1", {"db"}),
        ("spec.nodeName=node-1", {"web-1", "web-2", "bare"}),
        ("status.phase==Running", set(LABELS)),
        ("status.phase!=Running", set()),
        ("spec.hostNetwork=", set(LABELS)),
    ],
)
def test_field_selectors(cluster: ClusterServer, selector: str, selected: set[str]) -> None:
    assert set(names(get(cluster, "/api/v1/pods", fieldSelector=selector))) == selected


def test_events_are_selected_by_what_they_are_about(cluster: ClusterServer) -> None:
    for about in ("web-1", "db"):
        cluster.store.put(
            "events",
            {
                "metadata": {"name": f"{about}.1", "namespace": "default", "uid": about},
                "involvedObject": {"kind": "Pod", "name": about, "namespace": "default"},
                "source": {"component": "kubelet"},
                "type": "Warning",
                "reason": "BackOff",
            },
        )
    selector = "involvedObject.name=db,involvedObject.kind=Pod,reason=BackOff,type=Warning,source=kubelet"
    assert names(get(cluster, "/api/v1/events", fieldSelector=selector)) == ["db.1"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"fieldSelector": "status.nope=x"}, "field label not supported: status.nope"),
        ({"fieldSelector": "spec.nodeName"}, "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'"),
        (
            {"labelSelector": "a b c"},
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        ),
        ({"labelSelector": "a > b"}, "unable to parse requirement"),
    ],
)
def test_selectors_that_make_no_sense(cluster: ClusterServer, query: dict[str, str], message: str) -> None:
    refusal = refused(cluster, "/api/v1/pods", **query)
    assert refusal["code"] == 400
    assert refusal["message"].startswith(message)
