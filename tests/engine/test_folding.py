"""Consequences hang under their cause: of a workload under its pods', of pods under their node's or Job's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from diagnostics.engine import judge, judging
from diagnostics.engine.verdict import Verdict
from diagnostics.rules.model import Check, Finding, Judge, Offender, Severity, Stage
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.meta import ManagedMetadata, Metadata
from diagnostics.snapshot.objects import Node, Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod
from tests.engine.building import CART, NOW, finding, pod, rule, snapshot, yields

CRASH, UNAVAILABLE = rule("crash-x"), rule("deploy-unavailable", Stage.WORKLOAD, verify=())


def about(kind: str, judge_: Judge) -> Check:
    return Check(name="workload", rules=(), judge=judge_, about=(kind,))


def unavailable(deployment: ObjectView[Workload]) -> Iterator[Finding]:
    yield replace(finding(UNAVAILABLE), evidence=(deployment.quote("status.readyReplicas", 0),))


def verdicts(
    monkeypatch: pytest.MonkeyPatch, *checks: Check, phase: str = "Running", pods: tuple[Pod, ...] = ()
) -> tuple[Verdict, ...]:
    """What these checks make of Deployment cart with one pod on node n1, of Job backup, and of more pods."""
    monkeypatch.setattr(judging, "checks", lambda: checks)
    taken = snapshot(pod(change=lambda document: document["status"].update(phase=phase)), *pods)
    taken.jobs[("shop", "backup")] = Workload(metadata=ManagedMetadata(name="backup", namespace="shop", uid="j-1"))
    metadata = ManagedMetadata(name="cart", namespace="shop", uid="d-1")
    taken.deployments[("shop", "cart")] = Workload(metadata=metadata)
    taken.nodes["n1"] = Node(metadata=Metadata(name="n1"))
    judgement = judge(taken)
    assert not judgement.crashed
    return judgement.verdicts


def test_a_consequence_is_a_symptom_of_the_workloads_worst_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    hygiene = rule("image-tag-drift", Stage.IMAGE, Severity.LOW)
    pods = Check("pods", (), yields(finding(hygiene, "side"), finding(CRASH, "app")))
    found = verdicts(monkeypatch, about("Deployment", unavailable), pods)
    assert [(verdict.code, [symptom.code for symptom in verdict.symptoms]) for verdict in found] == [
        ("crash-x", ["deploy-unavailable"]),
        ("image-tag-drift", []),
    ]


def test_a_consequence_without_a_cause_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = verdicts(monkeypatch, about("Deployment", unavailable))
    assert (found.code, found.workload.kind, found.workload.name) == ("deploy-unavailable", "Deployment", "cart")
    assert (found.evidence[0].source, found.evidence[0].object) == ("deployment", "Deployment/cart")
    assert (found.pods, found.namespace, found.container) == ((), "shop", None)


def test_pods_that_were_never_made_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(deployment: ObjectView[Workload]) -> Iterator[Finding]:
        proof = deployment.quote("status.conditions[ReplicaFailure]", "exceeded quota")
        yield replace(finding(rule("create-quota-exceeded", verify=())), evidence=(proof,), shortfall=(3, 5))

    (found,) = verdicts(monkeypatch, about("Deployment", refused))
    assert (found.pods_affected, found.pods_total, found.pods) == (3, 5, ())


def test_information_explains_a_shortage_only_while_a_pod_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart of long ago is not why a Deployment is unavailable; an autoscaler that adds a node for a pod is."""
    news = rule("sched-autoscaler-working", Stage.SCHEDULING, Severity.INFO)
    for phase, codes in (
        ("Running", ["deploy-unavailable", "sched-autoscaler-working"]),
        ("Pending", ["sched-autoscaler-working"]),
    ):
        checks = (about("Deployment", unavailable), Check("pods", (), yields(finding(news))))
        found = verdicts(monkeypatch, *checks, phase=phase)
        assert [verdict.code for verdict in found] == codes


def lost(since: datetime | None = None, **texts: Any) -> Judge:
    """A node's own cause, which explains probes and, of the same condition, evictions."""
    made = rule(
        "node-unreachable", Stage.GATED, Severity.CRITICAL, explains=("probe-*", "evicted-*"), verify=(), **texts
    )
    return yields(finding(made, since=since or NOW - timedelta(minutes=30), params={"condition": "DiskPressure"}))


def of_pod(code: str, minutes: float | None = 29, **fields: Any) -> Check:
    """What the pods suffer, since so many minutes; None is something without a time of its own."""
    since = None if minutes is None else NOW - timedelta(minutes=minutes)
    return Check("pods", (), yields(finding(rule(code), "app", since=since, **fields)))


def symptoms(found: tuple[Verdict, ...]) -> list[tuple[str, list[str]]]:
    return [(verdict.code, [symptom.code for symptom in verdict.symptoms]) for verdict in found]


def test_pods_that_a_lost_node_left_behind_are_one_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts(monkeypatch, about("Node", lost()), of_pod("probe-timeout"), about("Deployment", unavailable))
    assert symptoms(found) == [("node-unreachable", ["probe-timeout", "deploy-unavailable"])]
    assert [pod.name for pod in found[0].pods] == ["cart-7f6-x1"]


def test_a_workload_suffers_from_the_node_of_its_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing else is found in them."""
    late = yields(finding(UNAVAILABLE, since=NOW))
    explains = rule("node-unreachable", Stage.GATED, Severity.CRITICAL, explains=("deploy-*",), verify=())
    down = yields(finding(explains, since=NOW - timedelta(minutes=30)))
    found = verdicts(monkeypatch, about("Node", down), about("Deployment", late))
    assert symptoms(found) == [("node-unreachable", ["deploy-unavailable"])]


@pytest.mark.parametrize(
    "code", ["image-not-found", "config-key-missing", "create-quota-exceeded", "sched-node-selector"]
)
def test_a_lost_node_does_not_explain_what_would_fail_anywhere(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    found = verdicts(monkeypatch, about("Node", lost()), of_pod(code))
    assert sorted(symptoms(found)) == sorted([("node-unreachable", []), (code, [])])


@pytest.mark.parametrize(
    ("minutes", "explained"),
    [(29, True), (31, True), (31.1, False), (None, False)],  # The pod itself is an hour old.
)
def test_what_began_before_the_node_was_lost_is_not_its_fault(
    monkeypatch: pytest.MonkeyPatch, minutes: float | None, explained: bool
) -> None:
    found = verdicts(monkeypatch, about("Node", lost()), of_pod("probe-timeout", minutes))
    assert len(found) == (1 if explained else 2)


def test_only_pods_on_the_lost_node_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = pod("cart-7f6-x2", lambda document: document["spec"].update(nodeName="n2"))
    found = verdicts(monkeypatch, about("Node", lost()), of_pod("probe-timeout"), pods=(elsewhere,))
    assert [(verdict.code, [each.name for each in verdict.pods]) for verdict in found] == [
        ("node-unreachable", ["cart-7f6-x1"]),
        ("probe-timeout", ["cart-7f6-x2"]),
    ]


@pytest.mark.parametrize(
    ("condition", "explained"), [("[DiskPressure]", True), ("[MemoryPressure]", False), (None, True)]
)
def test_pressure_explains_evictions_for_the_same_resource(
    monkeypatch: pytest.MonkeyPatch, condition: str | None, explained: bool
) -> None:
    evicted = of_pod("evicted-condition", params={"condition": condition} if condition else {})
    found = verdicts(monkeypatch, about("Node", lost()), evicted)
    assert len(found) == (1 if explained else 2)


def test_a_job_explains_its_own_attempts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(job: ObjectView[Workload]) -> Iterator[Finding]:
        made = rule("job-backoff-limit", explains=("*",), verify=())
        yield replace(finding(made), evidence=(job.quote("status.failed", 2),))

    def of_job(document: dict[str, Any]) -> None:
        owner = {"kind": "Job", "name": "backup", "controller": True}
        document["metadata"]["ownerReferences"] = [owner]

    attempt = pod("backup-x", of_job)
    found = verdicts(monkeypatch, about("Job", failed), of_pod("crash-x"), pods=(attempt,))
    assert [(verdict.code, verdict.workload.name, verdict.pods_affected) for verdict in found] == [
        ("crash-x", "cart", 1),
        ("job-backoff-limit", "backup", 1),
    ]


def test_a_node_has_neither_namespace_nor_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = verdicts(monkeypatch, about("Node", yields(finding(rule("node-unreachable", verify=())))))
    assert (found.workload.kind, found.workload.name, found.namespace) == ("Node", "n1", None)


NO_ENDPOINTS = rule("svc-no-endpoints", Stage.WORKLOAD, verify=())


def leads_nowhere(*waits_for: WorkloadRef) -> Check:
    """What Job backup suffers from those workloads, as a Service does from the ones that it selects."""
    return about("Job", yields(finding(NO_ENDPOINTS, waits_for=waits_for)))


def test_what_waits_for_a_workload_is_a_symptom_of_that_ones_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = Check("pods", (), yields(finding(CRASH, "app")))
    found = verdicts(monkeypatch, leads_nowhere(CART), about("Deployment", unavailable), pods)
    assert symptoms(found) == [("crash-x", ["deploy-unavailable", "svc-no-endpoints"])]


def test_or_of_what_that_one_suffers_where_nobody_knows_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts(monkeypatch, leads_nowhere(CART), about("Deployment", unavailable))
    assert symptoms(found) == [("deploy-unavailable", ["svc-no-endpoints"])]


def test_or_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert symptoms(verdicts(monkeypatch, leads_nowhere(CART))) == [("svc-no-endpoints", [])]


@pytest.mark.parametrize(
    ("offender", "explains", "explained"),
    [
        (Offender("Job", "backup", "shop"), ("svc-*",), True),
        (Offender("Job", "backup", "shop"), (), False),
        (Offender("Job", "backup", "elsewhere"), ("svc-*",), False),
        (None, ("svc-*",), False),
    ],
)
def test_a_cause_that_names_the_object_explains_it_where_it_says_so(
    monkeypatch: pytest.MonkeyPatch, offender: Offender | None, explains: tuple[str, ...], explained: bool
) -> None:
    naming = finding(rule("cp-apiservice", Stage.TRAFFIC, explains=explains, verify=()), offender=offender)
    found = verdicts(monkeypatch, leads_nowhere(), about("Node", yields(naming)))
    assert len(found) == (1 if explained else 2)


def test_a_case_may_be_milder_than_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    made = rule("svc-no-endpoints", cases=((Severity.LOW, "at night"),), verify=())
    (found,) = verdicts(monkeypatch, about("Node", yields(finding(made, severity=Severity.LOW))))
    assert found.severity == "low"
