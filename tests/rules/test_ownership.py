"""Who owns whom: owners that are none, pods that nothing replaces, selectors that take too much."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine.context import suspects
from diagnostics.rules.ownership import owner_missing, unmanaged
from diagnostics.rules.workloads import conflict, selects_all
from tests.rules.views import Json, at, cluster, codes, condition, event, named, view

ELSEWHERE = (
    "ownerRef [example.com/v1/Shop, namespace: shop, name: main, uid: 5a7f0c7e-0000-4000-8000-000000000001] does not "
    'exist in namespace "shop"'
)


def web(selector: Json | None = None, replicas: int = 2, **fields: Any) -> Json:
    return {"metadata": named("web", **fields), "spec": {"replicas": replicas, "selector": selector}}


@pytest.mark.parametrize(
    ("events", "deleted", "owner"),
    [
        ((event("Deployment", "web", "OwnerRefInvalidNamespace", ELSEWHERE),), None, [": Shop main"]),
        ((event("Deployment", "web", "OwnerRefInvalidNamespace", "ownerRef x is invalid"),), None, [""]),
        ((event("Deployment", "web", "OwnerRefInvalidNamespace", ELSEWHERE),), at(1), []),
        ((), None, []),
    ],
)
def test_an_owner_in_another_namespace(events: tuple[Json, ...], deleted: str | None, owner: list[str]) -> None:
    taken = cluster(events=events, Deployment=[web(deletionTimestamp=deleted)])
    assert [found.params["owner"] for found in owner_missing.judge(view(taken, "Deployment"))] == owner


def pod(owner: tuple[str, str] | None = None, policy: str = "Always", phase: str = "Failed", **fields: Any) -> Json:
    status = {"phase": phase, "reason": "Evicted", "conditions": [condition("Ready", "False")]}
    return {"metadata": named("web", owner, **fields), "spec": {"restartPolicy": policy}, "status": status}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (pod(), ["pod-unmanaged"]),
        (pod(phase="Running"), []),
        (pod(policy="Never"), []),  # Somebody wanted it to run once.
        (pod(("ReplicaSet", "web-6d9f")), []),
        (pod(annotations={"kubernetes.io/config.mirror": "1"}), []),
        (pod(deletionTimestamp=at(1)), []),
    ],
)
def test_a_pod_that_nothing_makes_anew(document: Json, found: list[str]) -> None:
    (suspect,) = suspects(cluster([document]))
    assert [each.rule.code for each in unmanaged.judge(suspect)] == found


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (web({}), [(2, 2)]),
        (web({}, replicas=0), [None]),
        (web({"matchLabels": {"app": "web"}}), []),
        (web(None), []),
        (web({}, deletionTimestamp=at(1)), []),
    ],
)
def test_an_empty_selector(document: Json, found: list[tuple[int, int] | None]) -> None:
    taken = view(cluster(Deployment=[document]), "Deployment")
    assert [each.shortfall for each in selects_all.judge(taken)] == found


@pytest.mark.parametrize(
    ("events", "deleted", "offenders"),
    [
        ((event("StatefulSet", "web", "ConflictingController", "PersistentVolumeClaim data-0 has"),), None, ["data-0"]),
        ((event("StatefulSet", "web", "ConflictingController", "a claim has"),), None, ["web"]),
        ((event("StatefulSet", "web", "ConflictingController", "a claim has"),), at(1), []),
        ((), None, []),
    ],
)
def test_a_claim_of_another_controller(events: tuple[Json, ...], deleted: str | None, offenders: list[str]) -> None:
    taken = view(cluster(events=events, StatefulSet=[web(deletionTimestamp=deleted)]), "StatefulSet")
    assert codes(conflict, taken) == ["sts-conflict"] * len(offenders)
    assert [found.offender.name for found in conflict.judge(taken) if found.offender] == offenders
