"""Signals: small whatever happens, and joined without losing anything."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from dashboard.live.signal import Signal, merged

A, B, C = (str(uuid4()) for _ in range(3))


def diagnoses(*ids: str, cluster: str | None = "prod-eu", seq: int = 1) -> Signal:
    return Signal("diagnoses", frozenset(ids), cluster, seq)


def test_a_frame_is_what_the_contract_says() -> None:
    assert json.loads(diagnoses(B, A, seq=812).frame(prev=811)) == {
        "seq": 812,
        "prev": 811,
        "topic": "diagnoses",
        "ids": sorted([A, B]),
        "cluster": "prod-eu",
    }


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (diagnoses(A), diagnoses(B, seq=2), diagnoses(A, B, seq=2)),
        (diagnoses(A), diagnoses(A, B, cluster="prod-us"), diagnoses(A, B, cluster=None)),
        (diagnoses(A), Signal("diagnoses", None, "prod-eu", 5), Signal("diagnoses", None, "prod-eu", 5)),
        (diagnoses(A), Signal("cluster", None, "prod-eu", 9), diagnoses(A, seq=9)),
        (
            Signal("cluster", None, "prod-eu", 1),
            Signal("cluster", None, "prod-eu", 2),
            Signal("cluster", None, "prod-eu", 2),
        ),
    ],
)
def test_two_signals_become_one_that_says_no_less(one: Signal, other: Signal, both: Signal) -> None:
    assert one.merge(other) == both
    assert other.merge(one) == both


def test_a_frame_stays_below_a_kilobyte() -> None:
    many = diagnoses(*(str(uuid4()) for _ in range(20)), cluster="n" * 100, seq=2**62)
    assert len(many.frame(prev=2**62).encode()) < 1024
    assert len(json.loads(many.frame(prev=1))["ids"]) == 20


def test_what_is_too_much_to_name_is_fetched_again() -> None:
    many = diagnoses(*(str(uuid4()) for _ in range(21)))
    assert json.loads(many.frame(prev=1))["ids"] is None


def test_a_name_that_would_not_fit_is_left_out() -> None:
    assert json.loads(diagnoses(A, cluster="\N{SNOWMAN}" * 253).frame(prev=1))["cluster"] is None


def test_signals_are_merged_by_topic_and_cluster() -> None:
    signals = [diagnoses(A), Signal("cluster", None, "prod-eu"), diagnoses(B, cluster="prod-us"), diagnoses(C, seq=4)]
    assert merged(signals) == [
        diagnoses(A, C, seq=4),
        Signal("cluster", None, "prod-eu"),
        diagnoses(B, cluster="prod-us"),
    ]
