"""Matchers: what they hold against a diagnosis, and which make no sense."""

from __future__ import annotations

from fnmatch import translate
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from diagnostics.notify import matching
from diagnostics.notify.matching import Traits, failing, matchers, matches

CART = Traits(
    cluster="prod-eu",
    severity="high",
    code="image-not-found",
    namespace="shop",
    workload_kind="Deployment",
    workload_name="cart",
    delivered_by="helm",
    labels={"team": "checkout"},
)


def matcher(field: str, op: str, *value: str, **more: str) -> dict[str, Any]:
    return {"field": field, "op": op, "value": list(value), **more}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (matcher("cluster", "in", "prod-*"), True),
        (matcher("cluster", "in", "staging", "prod-us"), False),
        (matcher("namespace", "not in", "kube-*"), True),
        (matcher("namespace", "not in", "sh?p"), False),
        (matcher("workload", "in", "cart"), True),
        (matcher("workload", "in", "Deployment/c*"), True),
        (matcher("workload", "in", "StatefulSet/*"), False),
        (matcher("code", "in", "image-*", "crash-*"), True),
        (matcher("severity", "at least", "medium"), True),
        (matcher("severity", "at least", "critical"), False),
        (matcher("severity", "in", "low", "high"), True),
        (matcher("delivered_by", "in", "argocd"), False),
        (matcher("label", "in", "checkout", key="team"), True),
        (matcher("label", "in", "*", key="owner"), False),
        (matcher("label", "not in", "*", key="owner"), True),
    ],
)
def test_a_condition_holds_or_not(condition: dict[str, Any], holds: bool) -> None:
    assert matches(matchers([condition]), CART) is holds


def test_all_conditions_have_to_hold_and_the_first_that_does_not_is_named() -> None:
    both = matchers([matcher("namespace", "in", "shop"), matcher("code", "in", "crash-*", "probe-*")])
    assert str(failing(both, CART)) == "code in crash-* or probe-*"
    assert matches((), CART)
    assert str(matchers([matcher("label", "in", "a", key="team")])[0]) == "label team in a"


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (matcher("colour", "in", "red"), "colour"),
        (matcher("code", "like", "x"), "like"),
        (matcher("code", "in"), "at least one value"),
        (matcher("code", "at least", "high"), "only a severity"),
        (matcher("severity", "in", "bad"), "a severity is one of"),
        (matcher("label", "in", "x"), "needs its key"),
        (matcher("code", "in", "x", key="y"), "nothing else has one"),
        (matcher("code", "in", "x", valeu="y"), "valeu"),
    ],
)
def test_nonsense_is_refused_with_the_reason(condition: dict[str, Any], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        matchers([condition])


def test_many_patterns_are_not_compiled_anew_for_every_value(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = matchers([matcher("namespace", "not in", *(f"team-{n}-*" for n in range(1_000)))])
    compiled = Mock(side_effect=translate)
    monkeypatch.setattr(matching, "translate", compiled)
    assert all(matches(conditions, CART) for _ in range(50))
    assert failing(conditions, msgspec.structs.replace(CART, namespace="team-999-a")) is conditions[0]
    assert compiled.call_count == 1_000
