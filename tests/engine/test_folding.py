"""Consequences of a workload hang under the cause in its pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from diagnostics.engine import judge, judging
from diagnostics.engine.verdict import Verdict
from diagnostics.rules.model import Check, Finding, Judge, Severity, Stage
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.meta import ManagedMetadata, Metadata
from diagnostics.snapshot.objects import Node, Workload
from tests.engine.building import finding, pod, rule, snapshot, yields

CRASH, UNAVAILABLE = rule("crash-x"), rule("deploy-unavailable", Stage.WORKLOAD, verify=())


def about(kind: str, judge_: Judge) -> Check:
    return Check(name="workload", rules=(), judge=judge_, about=(kind,))


def unavailable(deployment: ObjectView[Workload]) -> Iterator[Finding]:
    yield replace(finding(UNAVAILABLE), evidence=(deployment.quote("status.readyReplicas", 0),))


def verdicts(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> tuple[Verdict, ...]:
    monkeypatch.setattr(judging, "checks", lambda: checks)
    taken = snapshot(pod())
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


def test_a_node_has_neither_namespace_nor_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = verdicts(monkeypatch, about("Node", yields(finding(rule("node-unreachable", verify=())))))
    assert (found.workload.kind, found.workload.name, found.namespace) == ("Node", "n1", None)
