"""Budgets that are not met, that are void, or in the way of a drain; and those that only look so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.rules.budgets import drain_blocked, drain_does_not_end, violated, void, wants_around
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import LeanPod
from tests.rules.views import NOW, Json, at, cluster, codes, condition, event, named, view

KIND = "PodDisruptionBudget"
LABELS = {"app": "web"}


def web(ready: int = 2, replicas: int = 2, name: str = "web", **labels: str) -> Json:
    """A Deployment that should have two pods."""
    template = {"metadata": {"labels": labels or LABELS}}
    return {
        "metadata": named(name),
        "spec": {"replicas": replicas, "template": template},
        "status": {"replicas": replicas, "readyReplicas": ready},
    }


def budget(name: str = "web", healthy: int = 1, desired: int = 2, expected: int = 2, **fields: Any) -> Json:
    """A budget for the pods of web that lacks a healthy one."""
    spec = {"minAvailable": desired, "selector": {"matchLabels": LABELS}, **fields.pop("spec", {})}
    conditions = fields.pop("conditions", [condition("DisruptionAllowed", "False", "InsufficientPods", minutes=50)])
    counts = {"currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected, "disruptionsAllowed": 0}
    return {"metadata": named(name, **fields), "spec": spec, "status": {**counts, "conditions": conditions}}


def pod(name: str, minutes: float | None = 30, owner: str = "CloneSet", node: str = "n1", ready: str = "False") -> Json:
    """A pod that has not been ready for those minutes; None is one without conditions."""
    conditions = [] if minutes is None else [condition("Ready", ready, minutes=minutes)]
    metadata = named(name, (owner, "web"), labels=LABELS)
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": "Running", "conditions": conditions}}


def made(*documents: Json, pods: tuple[Json, ...] = (), events: tuple[Json, ...] = (), **objects: Any) -> Snapshot:
    return cluster(pods, events, **{KIND: list(documents)}, **objects)


@pytest.mark.parametrize(
    ("document", "ready", "found"),
    [
        (budget(), 1, ["pdb-violated"]),
        (budget(), 2, []),  # By now.
        (budget(healthy=2), 2, []),
        (budget(healthy=0, expected=0), 0, []),
        (budget(deletionTimestamp=at(1)), 1, []),
        (budget(conditions=[condition("DisruptionAllowed", "False", "SyncFailed")]), 1, []),
    ],
)
def test_a_budget_by_its_counts(document: Json, ready: int, found: list[str]) -> None:
    taken = made(document, pods=(pod("web-1"),), Deployment=[web(ready)])
    assert codes(violated, view(taken, KIND)) == found


def test_no_pods_of_what_is_scaled_to_zero_are_missed() -> None:
    assert codes(violated, view(made(budget(), Deployment=[web(0, 0)]), KIND)) == []


def test_it_is_not_met_since_the_pod_went_that_was_one_too_many() -> None:
    pods = (pod("web-1", 40), pod("web-2", 20), pod("web-3", 3))
    taken = made(budget(healthy=1, desired=3, expected=4), pods=pods, Deployment=[web(1, 4)])
    (found,) = violated.judge(view(taken, KIND))
    assert found.since == NOW - timedelta(minutes=20)
    assert WorkloadRef(kind="Deployment", name="web", namespace="shop") in found.waits_for


def test_of_pods_that_were_never_made_the_condition_tells() -> None:
    (found,) = violated.judge(view(made(budget(), Deployment=[web(1)]), KIND))
    assert found.since == NOW - timedelta(minutes=50)
    (found,) = violated.judge(view(made(budget(conditions=[]), Deployment=[web(1)]), KIND))
    assert found.since == NOW - timedelta(minutes=60)


def test_a_pod_that_has_just_gone_is_no_news() -> None:
    taken = made(budget(), pods=(pod("web-1", 4),), Deployment=[web(1)])
    assert codes(violated, view(taken, KIND)) == []
    assert codes(violated, view(made(budget(creationTimestamp=None, conditions=[]), Deployment=[web(1)]), KIND)) == []


def test_what_was_read_before_it_had_lasted_is_not_told() -> None:
    taken = made(budget(), pods=(pod("web-1", 8),), Deployment=[web(1)])
    taken.read_at["poddisruptionbudgets", "shop"] = NOW - timedelta(minutes=4)
    assert codes(violated, view(taken, KIND)) == []
    taken.read_at["poddisruptionbudgets", None] = NOW - timedelta(minutes=3)
    assert codes(violated, view(taken, KIND)) == ["pdb-violated"]


def test_pods_of_a_kind_that_is_not_read_are_known_where_they_fail() -> None:
    (found,) = violated.judge(view(made(budget(), pods=(pod("web-1"),)), KIND))
    assert found.waits_for == (WorkloadRef(kind="CloneSet", name="web", namespace="shop"),)
    assert codes(violated, view(made(budget()), KIND)) == []


def test_a_budget_may_want_more_than_there_are_to_be() -> None:
    (found,) = violated.judge(view(made(budget(healthy=2, desired=3), Deployment=[web()]), KIND))
    assert (found.params["and_so"], found.waits_for) == ("; Deployment web is to have 2 in all", ())


EVERYTHING: Json = {"selector": {}}


def test_two_budgets_of_one_workload_are_told_once() -> None:
    taken = made(budget("a"), budget("b", spec=EVERYTHING), budget("c", spec={"selector": None}), Deployment=[web()])
    (found,) = void.judge(view(taken, KIND, "a"))
    assert found.params["why"] == "b guards Deployment web too"
    assert codes(void, view(taken, KIND, "b")) == []


@pytest.mark.parametrize(
    "other",
    [
        budget("b", spec={"selector": {"matchLabels": {"app": "cart"}}}),
        budget("b", deletionTimestamp=at(1)),
        budget("b", creationTimestamp=at(9)),
        budget("b", namespace="cart"),
    ],
)
def test_these_are_not_two_of_one_workload(other: Json) -> None:
    taken = made(budget("a"), other, Deployment=[web(), web(name="cart", app="cart")])
    assert codes(void, view(taken, KIND, "a")) == []


UNMANAGED = event(KIND, "web", "UnmanagedPods", "Pods selected by this PodDisruptionBudget were found to be unmanaged.")
SYNC_FAILED = condition("DisruptionAllowed", "False", "SyncFailed", 'found no controllers for pod "web-1"')


@pytest.mark.parametrize(
    ("document", "events", "found"),
    [
        (budget(), (), []),
        (budget(conditions=[]), (), []),
        (budget(conditions=[SYNC_FAILED]), (), ["pdb-overlap"]),
        (budget(conditions=[{**SYNC_FAILED, "lastTransitionTime": at(9)}]), (), []),
        (budget(conditions=[{**SYNC_FAILED, "message": ""}]), (), ["pdb-overlap"]),
        (budget(conditions=[SYNC_FAILED], deletionTimestamp=at(1)), (), []),
        (budget(spec={"minAvailable": "50%"}), (UNMANAGED,), ["pdb-overlap"]),
        (budget(), (UNMANAGED,), []),  # It was told to keep a number of pods since.
    ],
)
def test_a_budget_that_cannot_count(document: Json, events: tuple[Json, ...], found: list[str]) -> None:
    assert codes(void, view(made(document, events=events), KIND)) == found


def node(name: str = "n1", key: str = "node.kubernetes.io/unschedulable", **fields: Any) -> Json:
    """A node that was cordoned half an hour ago."""
    taint = {"key": key, "effect": "NoSchedule", "timeAdded": fields.pop("since", at(30))}
    return {"metadata": {"name": name, "uid": f"u-{name}", **fields}, "spec": {"taints": [taint]}}


def told(reason: str, message: str, minutes: float = 2, **fields: Any) -> Json:
    return event("Node", "n1", reason, message, **{"firstTimestamp": at(25), "lastTimestamp": at(minutes), **fields})


PDB = told("DisruptionBlocked", "Pdb prevents pod evictions (PodDisruptionBudget=[shop/web])")
POD = told("Drain", "Eviction blocked by Too Many Requests (usually a pdb): web-6d9f8c7b5d-x2kp4")
EVICTING = told("FailedDraining", "Failed to drain node, evicting pod shop/web-6d9f8c7b5d-x2kp4 violates a PDB")
OTHERS = told("Drain", "Eviction blocked by Too Many Requests (usually a pdb): web-frontend-6d9f8c7b5d-x2kp4")


@pytest.mark.parametrize(
    ("document", "of", "events", "found"),
    [
        (budget(), node(), (PDB,), ["certain"]),
        (budget(), node(), (POD,), ["likely"]),
        (budget(), node(), (EVICTING,), ["likely"]),
        (budget(), node(), (OTHERS,), []),
        (budget(), node(), (), []),
        (budget(), node(), (told("DisruptionBlocked", "Node is deleting or marked for deletion"),), []),
        (budget(), node(), ({**PDB, "lastTimestamp": at(20)},), []),
        (budget(), node(), ({**PDB, "firstTimestamp": at(5)},), []),
        (budget(), node(key="dedicated"), (PDB,), []),
        (budget(), node(key="DeletionCandidateOfClusterAutoscaler"), (PDB,), []),
        (budget(), node(key="dedicated", deletionTimestamp=at(20)), (PDB,), ["certain"]),
        (budget(), node(key="karpenter.sh/disrupted", since=None), (PDB,), ["certain"]),
        (budget(expected=0), node(), (PDB,), []),
        (budget(deletionTimestamp=at(1)), node(), (PDB,), []),
    ],
)
def test_a_drain_by_its_events(document: Json, of: Json, events: tuple[Json, ...], found: list[str]) -> None:
    taken = made(document, events=events, Node=[of], Deployment=[web()])
    assert [each.confidence.value for each in drain_blocked.judge(view(taken, KIND))] == found


def test_a_budget_that_allows_evictions_blocks_nothing() -> None:
    document = budget()
    document["status"]["disruptionsAllowed"] = 1
    assert codes(drain_blocked, view(made(document, events=(PDB,), Node=[node()]), KIND)) == []


def counted(document: Json, of: Json, *pods: Json) -> Snapshot:
    """A snapshot for which these pods, healthy or not, were counted."""
    taken = made(document, Node=[of], Deployment=[web()])
    for each in pods:
        taken.count(msgspec.convert(each, LeanPod))
    return taken


def test_pods_that_stay_on_a_cordoned_node_are_a_sign() -> None:
    (found,) = drain_blocked.judge(view(counted(budget(healthy=2), node(), pod("web-1", ready="True")), KIND))
    assert (found.confidence.value, found.waits_for) == ("possible", ())
    assert found.evidence[0].value == "1 that PodDisruptionBudget/web selects"


@pytest.mark.parametrize(
    ("document", "of", "there"),
    [
        (budget(healthy=2), node(), pod("web-1", node="n2")),
        (
            budget(healthy=2),
            node(),
            {**pod("web-1"), "metadata": named("web-1", labels=LABELS, deletionTimestamp=at(1))},
        ),
        (budget(healthy=2), node(since=at(9)), pod("web-1")),
        (budget(healthy=2), node(key="karpenter.sh/disrupted", since=None), pod("web-1")),
        (budget(spec={"unhealthyPodEvictionPolicy": "AlwaysAllow"}), node(), pod("web-1")),
    ],
)
def test_these_are_no_sign(document: Json, of: Json, there: Json) -> None:
    assert codes(drain_blocked, view(counted(document, of, there), KIND)) == []


def test_pods_that_were_counted_too_early_are_no_sign() -> None:
    """The drain may have gone on since."""
    taken = counted(budget(healthy=2), node(since=at(15)), pod("web-1"))
    taken.read_at["pods", None] = NOW - timedelta(minutes=6)
    assert codes(drain_blocked, view(taken, KIND)) == []


def test_a_budget_that_lacks_pods_follows_from_what_they_lack() -> None:
    taken = made(budget(), events=(PDB,), Node=[node()], Deployment=[web(1)])
    (found,) = drain_blocked.judge(view(taken, KIND))
    assert found.waits_for == (WorkloadRef(kind="Deployment", name="web", namespace="shop"),)


WAITING = told("FailedDraining", "Failed to drain node, 2 pods are waiting to be evicted")


@pytest.mark.parametrize(
    ("of", "events", "found"),
    [
        (node(), (WAITING,), ["drain-blocked"]),
        (node(key="dedicated"), (WAITING,), []),
        (node(), (), []),
        (node(), (PDB, WAITING), []),  # The budget is told of instead.
    ],
)
def test_a_drain_that_does_not_end(of: Json, events: tuple[Json, ...], found: list[str]) -> None:
    assert codes(drain_does_not_end, view(made(budget(), events=events, Node=[of]), "Node")) == found


def test_budgets_are_listed() -> None:
    assert list(wants_around(made())) == [("poddisruptionbudgets", None)]
