"""From suspects to verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.engine import judge, judging
from diagnostics.rules.model import Confidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Unavailable
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.pods import Pod
from tests.engine.building import NOW, checks, finding, pod, rule, snapshot, yields

PODS = [pod(f"cart-7f6-x{index}") for index in range(4)]


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """Every pod's container app crashes, an hour ago, with two minutes of grace for people."""
    made = rule("crash-x", visible_after=timedelta(minutes=1), notify_after=timedelta(minutes=2))
    found = finding(made, "app", since=NOW - timedelta(hours=1))
    monkeypatch.setattr(judging, "checks", checks(yields(found)))
    return made


@pytest.mark.usefixtures("crash")
def test_one_verdict_a_cause() -> None:
    """Four pods of one workload that fail alike are one verdict with four pods."""
    (verdict,) = judge(snapshot(*PODS)).verdicts
    assert (verdict.pods_affected, verdict.pods_total) == (4, 4)
    assert verdict.workload.kind == "Deployment"
    assert verdict.restarts == 12
    assert verdict.first_seen == NOW - timedelta(hours=1)
    assert verdict.visible_at == NOW - timedelta(minutes=59)
    assert verdict.notify_at == NOW - timedelta(minutes=58)
    assert verdict.last_seen == NOW


@pytest.mark.usefixtures("crash")
def test_the_fingerprint_knows_neither_pods_nor_revisions() -> None:
    """A new rollout with the same fault goes on with the same diagnosis."""

    def next_revision(document: dict[str, Any]) -> None:
        document["metadata"]["ownerReferences"][0] |= {"name": "cart-99b", "uid": "rs-2"}

    (before,) = judge(snapshot(PODS[0])).verdicts
    (after,) = judge(snapshot(pod("cart-99b-zz", next_revision))).verdicts
    assert before.fingerprint == after.fingerprint


def test_different_causes_of_one_code_never_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is part of the fingerprint."""

    def by_name(suspect: Suspect) -> Iterator[Finding]:
        yield finding(rule(), "app", signature=suspect.pod.metadata.name)

    monkeypatch.setattr(judging, "checks", checks(by_name))
    assert len(judge(snapshot(*PODS)).verdicts) == len(PODS)


@pytest.mark.usefixtures("crash")
@given(st.permutations(PODS))
def test_judging_knows_no_order(pods: list[Pod]) -> None:
    """The same pods in any order, judged any number of times, give the same judgement."""
    assert judge(snapshot(*pods)) == judge(snapshot(*PODS))


@pytest.mark.usefixtures("crash")
def test_a_workload_without_a_ready_pod_is_critical() -> None:
    """High becomes critical when nothing serves; one ready sibling keeps it high."""
    assert judge(snapshot(*PODS)).verdicts[0].severity == "critical"

    def ready(document: dict[str, Any]) -> None:
        document["status"]["conditions"][0]["status"] = "True"

    serving = snapshot(*PODS)
    serving.count(pod("cart-7f6-ok", ready))
    (verdict,) = judge(serving).verdicts
    assert (verdict.severity, verdict.pods_affected, verdict.pods_total) == ("high", 4, 5)


@pytest.mark.parametrize(
    ("base", "ready", "severity"),
    [
        (Severity.CRITICAL, 1, "high"),
        (Severity.MEDIUM, 1, "medium"),
        (Severity.HIGH, 0, "critical"),
        (Severity.MEDIUM, 0, "medium"),
    ],
)
def test_pods_that_are_never_made(monkeypatch: pytest.MonkeyPatch, base: Severity, ready: int, severity: str) -> None:
    """There is no pod to count, so the workload's own status tells whether anything serves."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule(severity=base), shortfall=(2, 3)))))
    made = snapshot(PODS[0])
    made.deployments["shop", "cart"] = msgspec.convert({"status": {"readyReplicas": ready}}, Workload)
    (verdict,) = judge(made).verdicts
    assert (verdict.severity, verdict.pods_affected, verdict.pods_total) == (severity, 2, 3)


@pytest.mark.parametrize("base", [Severity.INFO, Severity.LOW])
def test_information_never_becomes_critical(monkeypatch: pytest.MonkeyPatch, base: Severity) -> None:
    """A gate that holds a pod back on purpose is no outage."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule(severity=base)))))
    assert judge(snapshot(*PODS)).verdicts[0].severity == base.word


def test_a_bare_pod_keeps_the_rules_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods and Jobs have no replicas to lose."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule()))))
    alone = pod(change=lambda d: d["metadata"].pop("ownerReferences"))
    (verdict,) = judge(snapshot(alone)).verdicts
    assert (verdict.severity, verdict.workload.kind, verdict.pods_total) == ("high", "Pod", 1)


def test_a_crashed_check_is_said_and_blinds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other checks still run."""

    def faulty(_: Suspect) -> Iterator[Finding]:
        yield finding(rule("half"), "app")
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(judging, "checks", checks(faulty, yields(finding(rule("sound"), "app"))))
    judgement = judge(snapshot(PODS[0]))
    assert [verdict.code for verdict in judgement.verdicts] == ["sound"]
    (crashed,) = judgement.crashed
    assert (crashed.check, crashed.object) == ("faulty", "Pod/cart-7f6-x0")
    assert "oops" in crashed.error


def test_a_template_that_cannot_be_filled_is_said_and_blinds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A faulty text costs its own verdict only."""
    faulty = finding(rule("faulty", message="{nobody}"), "side")
    monkeypatch.setattr(judging, "checks", checks(yields(faulty, finding(rule("sound"), "app"))))
    judgement = judge(snapshot(PODS[0]))
    assert [verdict.code for verdict in judgement.verdicts] == ["sound"]
    assert [crashed.check for crashed in judgement.crashed] == ["faulty"]


def test_a_check_without_what_it_needs_is_skipped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not being allowed to look is not the same as finding nothing."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule())), needs=("nodes",)))
    blind = snapshot(*PODS, unavailable=[Unavailable(resource="nodes", grant="list nodes")])
    judgement = judge(blind)
    assert not judgement.verdicts
    assert [(s.check, s.needs, s.pods) for s in judgement.skipped] == [("always", "nodes", 4)]


def test_symptoms_hang_under_their_root_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What several pods suffer alike is one symptom."""
    probe = rule("probe-x", Stage.PROBE, message="Nobody answers {container}.")
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule(), "app"), finding(probe, "app"))))
    (verdict,) = judge(snapshot(*PODS)).verdicts
    assert [(s.code, s.summary) for s in verdict.symptoms] == [("probe-x", "Nobody answers app.")]


def test_the_surest_and_newest_pod_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence and confidence are those of one pod, not a mixture."""

    def differing(suspect: Suspect) -> Iterator[Finding]:
        index = int(suspect.pod.metadata.name[-1])
        confidence = Confidence.CERTAIN if index else Confidence.LIKELY
        evidence = suspect.quote("status.phase", index, NOW - timedelta(minutes=10 - index))
        yield finding(rule(), "app", confidence, evidence=(evidence,))

    monkeypatch.setattr(judging, "checks", checks(differing))
    (verdict,) = judge(snapshot(*PODS)).verdicts
    assert (verdict.confidence, verdict.evidence[0].value) == ("certain", "3")


def test_a_fault_from_the_future_began_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node whose clock runs ahead must not hide a fault behind a grace period that never ends."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule(), since=NOW + timedelta(hours=5)))))
    assert judge(snapshot(PODS[0])).verdicts[0].first_seen == NOW


def test_without_any_time_it_began_with_the_pod_or_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pod's creation stands in, and now for a pod that tells nothing."""
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule()))))
    assert judge(snapshot(PODS[0])).verdicts[0].first_seen == NOW - timedelta(hours=1)
    ageless = pod(change=lambda d: d["metadata"].pop("creationTimestamp"))
    assert judge(snapshot(ageless)).verdicts[0].first_seen == NOW


def test_the_offender_is_the_workload_unless_the_finding_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come out in the contract's shape."""
    named = finding(rule("a"), "app", offender=Offender("ConfigMap", "settings", "shop", "data.url"))
    monkeypatch.setattr(judging, "checks", checks(yields(named, finding(rule("b"), "side"))))
    offenders = {v.code: msgspec.to_builtins(v.offender) for v in judge(snapshot(PODS[0])).verdicts}
    assert offenders == {
        "a": {"kind": "ConfigMap", "namespace": "shop", "name": "settings", "path": "data.url"},
        "b": {"kind": "Deployment", "namespace": "shop", "name": "cart", "path": None},
    }


def test_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Severity decides, then breadth."""
    mild, bad = rule("mild", severity=Severity.LOW), rule("bad", severity=Severity.HIGH)
    monkeypatch.setattr(judging, "checks", checks(yields(finding(mild, "app"), finding(bad, "side"))))
    assert [verdict.code for verdict in judge(snapshot(*PODS)).verdicts] == ["bad", "mild"]
