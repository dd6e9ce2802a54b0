"""Which finding of a pod is the cause."""

from __future__ import annotations

import random
from typing import Any

from diagnostics.engine.precedence import roots
from diagnostics.rules.model import Confidence, Finding, Severity, Stage
from diagnostics.rules.suspect import Suspect
from tests.engine.building import CART, finding, pod, rule, snapshot, suspect


def codes(*findings: Finding, of: Suspect | None = None) -> list[tuple[str, list[str]]]:
    """Each root's code with the codes under it."""
    found = roots(of or suspect(), findings)
    return [(root.finding.rule.code, [symptom.finding.rule.code for symptom in root.symptoms]) for root in found]


def test_an_earlier_stage_explains_a_later_one() -> None:
    """A pod that cannot be scheduled has no probe to fail."""
    scheduling, probe = rule("sched", Stage.SCHEDULING), rule("probe", Stage.PROBE)
    assert codes(finding(probe, "app"), finding(scheduling)) == [("sched", ["probe"])]


def test_containers_fail_each_for_itself() -> None:
    """An image of one main container says nothing about the crash of another."""
    image, crash = rule("image", Stage.IMAGE), rule("crash", Stage.CRASH)
    assert codes(finding(crash, "side"), finding(image, "app")) == [("image", []), ("crash", [])]


def test_one_cause_a_container() -> None:
    """Of two findings of one stage the surer one is the root."""
    sure, loose = rule("sure"), rule("loose")
    assert codes(finding(loose, "app", Confidence.POSSIBLE), finding(sure, "app")) == [("sure", ["loose"])]


def test_a_failing_init_container_explains_the_main_ones() -> None:
    """Main containers wait for it, whatever they seem to suffer from."""
    init, image = rule("init", Stage.INIT), rule("image", Stage.IMAGE)

    def still_failing(document: dict[str, Any]) -> None:
        document["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] = 1

    one = pod(change=still_failing)
    waiting = Suspect(snapshot(one), one, CART)
    assert codes(finding(init, "prepare"), finding(image, "app"), of=waiting) == [("init", ["image"])]


def test_an_init_container_that_is_done_explains_nothing() -> None:
    """A native sidecar's crash, say, is its own."""
    init, image = rule("init", Stage.INIT), rule("image", Stage.IMAGE)
    assert codes(finding(init, "prepare"), finding(image, "app")) == [("image", []), ("init", [])]


def test_what_a_rule_explains_is_its_symptom_whatever_the_stage() -> None:
    """A claim's fault explains the scheduler's complaint about it; a star names a family."""
    claim = rule("vol-sc-missing", Stage.SANDBOX, explains=("sched-pvc-*",))
    complaint = rule("sched-pvc-unbound", Stage.SCHEDULING)
    assert codes(finding(complaint), finding(claim)) == [("vol-sc-missing", ["sched-pvc-unbound"])]


def test_two_rules_that_explain_each_other_leave_one_root() -> None:
    """A circle in `explains` must not make a failure vanish."""
    one, other = rule("one", explains=("other",)), rule("other", explains=("one",))
    assert len(codes(finding(one, "app"), finding(other, "app"))) == 1


def test_explaining_stays_in_the_container() -> None:
    """A rule explains consequences in its own container only."""
    killed, crash = rule("killed", explains=("crash",)), rule("crash")
    assert codes(finding(killed, "app"), finding(crash, "side")) == [("crash", []), ("killed", [])]


def test_information_explains_no_failure() -> None:
    """An old restart must not hide why the container is not ready now."""
    history, probe = rule("restart-historic", severity=Severity.INFO), rule("probe", Stage.PROBE)
    assert codes(finding(history, "app"), finding(probe, "app")) == [("restart-historic", []), ("probe", [])]


def test_order_does_not_matter() -> None:
    """Shuffled findings give the same roots."""
    stages = (Stage.IMAGE, Stage.CRASH, Stage.PROBE)
    findings = [finding(rule(f"{stage.name}-{c}", stage), c) for stage in stages for c in ("app", "side", "")]
    expected = codes(*findings)
    for _ in range(20):
        random.shuffle(findings)
        assert codes(*findings) == expected
