"""The score itself: what it takes for met, and what it takes amiss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.engine.verdict import (
    AffectedPod,
    Judgement,
    OffenderPart,
    Remedy,
    Symptom,
    Verdict,
    WorkloadPart,
)
from tests.corpus.report import lines, passes
from tests.corpus.scoring import Score, by_place, score
from tests.corpus.truth import CLUSTER, FAMILIES, Expected, Truth, truths

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CART = WorkloadPart("Deployment", "cart")
NODE = WorkloadPart("Node", "n1")
EXPECTED = Expected(
    workload="Deployment/cart",
    wrong="it cannot start",
    codes=("start-exec-format", "image-*"),
    offenders=("Deployment/cart", "ConfigMap/*"),
    container="app",
)
TRUTH = Truth((EXPECTED,), ("Pod/cart-old-*", "Container/proxy"))


def verdict(**changes: Any) -> Verdict:
    """The verdict that the truth wants, with changes."""
    right = Verdict(
        code="start-exec-format",
        severity="high",
        confidence="certain",
        namespace="shop",
        workload=CART,
        pods=(AffectedPod("cart-new-1", "u1", "CrashLoopBackOff"),),
        pods_affected=1,
        pods_total=1,
        container="app",
        summary="It cannot start.",
        cause="",
        offender=OffenderPart("Deployment", "shop", "cart", None),
        remedy=Remedy(""),
        evidence=(),
        first_seen=NOW,
        last_seen=NOW,
        fingerprint="cart",
        visible_at=NOW,
        notify_at=NOW,
    )
    return msgspec.structs.replace(right, **changes)


def scored(*verdicts: Verdict, truth: Truth = TRUTH, elsewhere: tuple[Verdict, ...] = ()) -> Score:
    return score("shop", truth, list(verdicts), elsewhere)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"code": "image-not-found"},
        {"container": None},
        {"offender": OffenderPart("ConfigMap", "shop", "any", None)},
    ],
    ids=["best", "another code", "of no container", "another offender"],
)
def test_what_is_acceptable_is_right(changes: dict[str, Any]) -> None:
    assert scored(verdict(**changes)).wrong == []


def test_silence_is_wrong() -> None:
    assert scored().wrong == [
        "shop: Deployment/cart: said nothing, should be start-exec-format|image-* of Deployment/cart|ConfigMap/*"
    ]
    assert not passes([scored()])


@pytest.mark.parametrize(
    ("changes", "code", "offender"),
    [({"code": "crash-abrt"}, False, True), ({"offender": OffenderPart("Node", None, "n1", None)}, True, False)],
)
def test_another_code_or_offender_is_wrong(changes: dict[str, Any], code: bool, offender: bool) -> None:
    found = scored(verdict(**changes))
    (row,) = found.rows
    assert (row.found, row.code_right, row.offender_right) == (True, code, offender)
    assert len(found.wrong) == 1
    assert not passes([found])


def test_the_bars_leave_room_for_a_few() -> None:
    wrong, right = scored(verdict(code="crash-abrt")), scored(verdict())
    assert passes([wrong, *[right] * 33])
    assert not passes([wrong, *[right] * 31])


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "second"},
        {"fingerprint": "other", "workload": WorkloadPart("Deployment", "fine")},
        {"fingerprint": "other", "container": "helper"},
    ],
    ids=["twice", "of another workload", "of another container"],
)
def test_whatever_goes_beyond_is_wrong(changes: dict[str, Any]) -> None:
    found = scored(verdict(), verdict(**changes))
    assert len(found.extras) == 1
    assert not passes([found])


def test_information_is_never_too_much() -> None:
    history = verdict(fingerprint="other", workload=WorkloadPart("Deployment", "fine"), severity="info")
    assert scored(verdict(), history).wrong == []


@pytest.mark.parametrize(
    "changes",
    [
        {"pods": (AffectedPod("cart-old-1", "u", "Running"),)},
        {"container": "proxy"},
    ],
)
def test_what_is_healthy_may_not_be_among_what_is_wrong(changes: dict[str, Any]) -> None:
    healthy = [line for line in scored(verdict(**changes)).extras if " is healthy: " in line]
    assert len(healthy) == 1


def test_a_symptom_counts_only_under_what_it_may_be_folded_under() -> None:
    lost = verdict(
        code="node-unreachable",
        namespace=None,
        workload=NODE,
        offender=OffenderPart("Node", None, "n1", None),
        symptoms=(Symptom("start-exec-format", CART, ""),),
        fingerprint="n1",
    )
    folded = msgspec.structs.replace(EXPECTED, folded_under="Node/n1", offenders=("Node/n1",))
    assert scored(truth=Truth((folded,), ()), elsewhere=(lost,)).wrong == []
    assert scored(elsewhere=(lost,)).wrong != []
    other = msgspec.structs.replace(lost, symptoms=(Symptom("start-exec-format", WorkloadPart("Job", "cart"), ""),))
    assert scored(truth=Truth((folded,), ()), elsewhere=(other,)).wrong != []


def test_what_is_optional_counts_only_when_it_is_reported() -> None:
    optional = Truth((msgspec.structs.replace(EXPECTED, optional=True),), ())
    assert passes([scored(truth=optional)])
    assert scored(truth=optional).wrong == []
    assert len(scored(verdict(code="crash-abrt"), truth=optional).wrong) == 1


def test_verdicts_go_where_people_look_for_them() -> None:
    stuck = verdict(namespace=None, workload=WorkloadPart("Namespace", "old"), fingerprint="old")
    node = verdict(namespace=None, workload=NODE, fingerprint="n1")
    early = verdict(visible_at=NOW + timedelta(seconds=1), fingerprint="early")
    places = by_place(Judgement(verdicts=(verdict(), stuck, node, early)), NOW)
    assert {place: [found.fingerprint for found in each] for place, each in places.items()} == {
        "shop": ["cart"],
        "old": ["old"],
        CLUSTER: ["n1"],
    }


def test_every_expected_diagnosis_belongs_to_a_family() -> None:
    families = {expected.family for truth in truths().values() for expected in truth.diagnoses}
    assert families == set(FAMILIES.values())


def test_the_report_counts_by_family_and_says_what_is_wrong() -> None:
    report = list(lines([scored(verdict(code="crash-abrt"), verdict(fingerprint="second"))]))
    assert report[1].split() == ["configuration", "and", "start", "1", "1", "0", "1"]
    assert report[2].split() == ["all", "1", "1", "0", "1"]
    assert report[3].split() == ["100.0%", "0.0%", "100.0%"]
    assert report[5] == "reported beyond the truth, or of what is healthy: 1"
    assert len(report[6:]) == 2
