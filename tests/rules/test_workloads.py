"""What workloads lack by their own status, and what is only on its way."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.workloads import daemon_set, deployment, stateful_set
from tests.rules.views import Json, at, cluster, codes, condition, named, view

WEB = ("ReplicaSet", "web-6d9f")


def web(*conditions: Json, metadata: Json | None = None, spec: Json | None = None, **status: Any) -> Json:
    """Deployment web, which should have two pods and has them."""
    counts = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    return {
        "metadata": named("web", generation=1, **(metadata or {})),
        "spec": {"replicas": 2, **(spec or {})},
        "status": {**counts, "conditions": list(conditions), **status},
    }


def pod(
    name: str, owner: tuple[str, str] = WEB, minutes: float | None = 30, phase: str = "Running", **fields: Any
) -> Json:
    """A pod that has not been ready for those minutes; None is one without any condition."""
    conditions = [] if minutes is None else [condition("Ready", "False", minutes=minutes)]
    return {"metadata": named(name, owner, **fields), "status": {"phase": phase, "conditions": conditions}}


def judged(document: Json, *pods: Json) -> list[str]:
    """The codes of a Deployment."""
    return codes(deployment, view(cluster(pods, Deployment=[document]), "Deployment"))


DOWN = condition("Available", "False", "MinimumReplicasUnavailable")
DONE = condition("Progressing", "True", "NewReplicaSetAvailable", minutes=300)
MOVING = condition("Progressing", "True", "ReplicaSetUpdated", minutes=9)
STUCK = condition("Progressing", "False", "ProgressDeadlineExceeded")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (web(DONE), []),
        (web(DOWN, DONE, availableReplicas=0), ["deploy-unavailable"]),
        (web(DOWN, availableReplicas=0), ["deploy-unavailable"]),
        (web(DOWN, MOVING, availableReplicas=0), []),  # A rollout is under way.
        (web(DONE, availableReplicas=1), []),  # A pod is missing, and nothing tells since when.
        (web(DOWN, availableReplicas=0, spec={"replicas": 0}), []),
        (web(DOWN, availableReplicas=0, metadata={"deletionTimestamp": at(1)}), []),
        (web(STUCK), ["deploy-progress-deadline"]),
        (web(STUCK, DOWN, availableReplicas=0), ["deploy-progress-deadline", "deploy-unavailable"]),
        (web(condition("Progressing", "False", "ReplicaSetCreateError")), []),
        (web(DOWN, STUCK, availableReplicas=0, observedGeneration=0), ["deploy-observed-stale"]),
    ],
)
def test_a_deployment_by_its_conditions(document: Json, found: list[str]) -> None:
    assert judged(document) == found


def test_an_unavailable_pod_dates_a_shortage() -> None:
    """Not the rollout of long ago: one pod of two was lost a minute ago."""
    made = cluster(
        [pod("web-6d9f-a", minutes=1), pod("web-6d9f-b", phase="Failed")], Deployment=[web(DONE, availableReplicas=1)]
    )
    (found,) = deployment.judge(view(made, "Deployment"))
    assert (found.rule.code, f"{found.since:%H:%M}", found.shortfall) == ("deploy-unavailable", "03:59", (1, 2))


def test_a_pod_without_conditions_is_not_ready_since_it_was_made() -> None:
    made = cluster([pod("web-6d9f-a", minutes=None)], Deployment=[web(availableReplicas=1)])
    (found,) = deployment.judge(view(made, "Deployment"))
    assert f"{found.since:%H:%M}" == "03:00"


@pytest.mark.parametrize(
    ("progressing", "found"),
    [
        ([], []),
        ([condition("Progressing", "True", minutes=14)], []),
        ([condition("Progressing", "True", minutes=16)], ["rollout-mixed"]),
        ([MOVING], []),
    ],
)
def test_two_revisions_at_once(progressing: list[Json], found: list[str]) -> None:
    assert judged(web(*progressing, updatedReplicas=1)) == found


@pytest.mark.parametrize(
    ("status", "conditions", "since"),
    [
        ({"updatedReplicas": 0}, [condition("Progressing", "Unknown", "DeploymentPaused", minutes=90)], "02:30"),
        ({"updatedReplicas": 1}, [DONE], "03:00"),
        ({"updatedReplicas": 2}, [DONE], None),
        ({"replicas": 0, "updatedReplicas": 0}, [], None),  # Paused before its first rollout.
    ],
)
def test_a_paused_rollout(status: Json, conditions: list[Json], since: str | None) -> None:
    of = view(cluster(Deployment=[web(*conditions, spec={"paused": True}, **status)]), "Deployment")
    found = list(deployment.judge(of))
    assert [f"{one.since:%H:%M}" for one in found] == ([since] if since else [])


@pytest.mark.parametrize(
    ("managed", "words"),
    [
        ([], "web was changed, and its controller has not taken notice for 60m."),
        (
            [{"manager": "helm", "time": at(20)}, {"manager": "kcm", "time": at(5), "subresource": "status"}, {}],
            "web was changed by helm, and its controller has not taken notice for 20m.",
        ),
    ],
)
def test_who_changed_what_no_controller_has_seen(managed: list[Json], words: str) -> None:
    document = web(metadata={"managedFields": managed}, observedGeneration=0)
    of = view(cluster(Deployment=[document]), "Deployment")
    (found,) = deployment.judge(of)
    assert Texts(of, found).sentence(found.rule.message) == words


def pg(*pods: Json, spec: Json | None = None, metadata: Json | None = None, **status: Any) -> list[str]:
    """The codes of StatefulSet pg, which should have three pods and has two."""
    document = {
        "metadata": named("pg", **(metadata or {})),
        "spec": {"replicas": 3, "podManagementPolicy": "OrderedReady", **(spec or {})},
        "status": {"replicas": 2, "currentRevision": "pg-1", "updateRevision": "pg-1", **status},
    }
    return codes(stateful_set, view(cluster(pods, StatefulSet=[document]), "StatefulSet"))


PG0 = pod("pg-0", ("StatefulSet", "pg"))
BLOCKED = ["sts-ordinal-blocked"]


def test_one_pod_holds_up_the_others() -> None:
    assert pg(PG0) == BLOCKED
    assert pg() == []
    assert pg(PG0, spec={"podManagementPolicy": "Parallel"}) == []
    assert pg(PG0, metadata={"deletionTimestamp": at(1)}) == []
    assert pg(PG0, replicas=3) == []
    assert pg(PG0, replicas=3, updateRevision="pg-2") == BLOCKED
    assert pg(PG0, replicas=3, updateRevision="pg-2", spec={"updateStrategy": {"type": "OnDelete"}}) == []


@pytest.mark.parametrize(
    ("status", "labels", "blocking", "revision"),
    [
        ({"replicas": 2}, {"controller-revision-hash": "pg-1"}, "pg-0", ""),
        ({"updateRevision": "pg-2"}, {"controller-revision-hash": "pg-1"}, "pg-10", "the set is at pg-2"),
        ({"updateRevision": "pg-2"}, {}, "pg-10", ""),
    ],
)
def test_which_pod_is_in_the_way(status: Json, labels: Json, blocking: str, revision: str) -> None:
    """The first one while pods are made, the last one while they are replaced; by number, not by name."""
    document = {
        "metadata": named("pg"),
        "spec": {"replicas": 3},
        "status": {"replicas": 3, "currentRevision": "pg-1", "updateRevision": "pg-1", **status},
    }
    pods = [pod(name, ("StatefulSet", "pg"), labels=labels) for name in ("pg-10", "pg-0", "pg-2", "odd")]
    of = view(cluster(pods[:3], StatefulSet=[document]), "StatefulSet")
    (found,) = stateful_set.judge(of)
    assert found.params["blocking"] == blocking
    assert revision in Texts(of, found).sentence(found.rule.cause)


def test_a_pod_without_a_number_counts_as_the_first() -> None:
    assert pg(pod("odd", ("StatefulSet", "pg"))) == BLOCKED


def agent(
    *pods: Json, nodes: list[Json] | None = None, spec: Json | None = None, metadata: Json | None = None, **status: Any
) -> list[str]:
    """The codes of DaemonSet agent, which should be on three nodes and is."""
    counts = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "updatedNumberScheduled": 3}
    document = {
        "metadata": named("agent", generation=2, **(metadata or {})),
        "spec": spec or {},
        "status": {"observedGeneration": 2, **counts, **status},
    }
    return codes(daemon_set, view(cluster(pods, DaemonSet=[document], Node=nodes or []), "DaemonSet"))


SLOW = pod("agent-a", ("DaemonSet", "agent"))
LEAVING = {"metadata": {"name": "n1"}, "spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler"}]}}


def test_a_daemon_set_by_its_counts() -> None:
    assert agent() == []
    assert agent(currentNumberScheduled=2) == ["ds-not-scheduled"]
    assert agent(currentNumberScheduled=2, observedGeneration=1) == []
    assert agent(currentNumberScheduled=2, metadata={"deletionTimestamp": at(1)}) == []
    assert agent(numberMisscheduled=1) == ["ds-misscheduled"]
    assert agent(numberMisscheduled=1, nodes=[LEAVING]) == []
    assert agent(updatedNumberScheduled=1) == []  # It only takes its time.
    assert agent(SLOW, updatedNumberScheduled=1) == ["ds-stuck"]
    assert agent(SLOW, updatedNumberScheduled=1, spec={"updateStrategy": {"type": "OnDelete"}}) == []


def test_a_new_node_gives_a_daemon_set_time() -> None:
    document = {
        "metadata": named("agent"),
        "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 2, "updatedNumberScheduled": 3},
    }
    fresh = {"metadata": {"name": "n3", "creationTimestamp": at(1)}}
    (found,) = daemon_set.judge(view(cluster(DaemonSet=[document], Node=[fresh]), "DaemonSet"))
    assert f"{found.since:%H:%M}" == "03:59"
