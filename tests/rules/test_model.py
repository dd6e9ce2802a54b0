from __future__ import annotations

from types import ModuleType

import pytest

from diagnostics import rules
from diagnostics.rules.model import Check, Confidence, Finding
from tests.engine.building import rule


def test_a_finding_without_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match="crash-x: a finding without evidence"):
        Finding(rule=rule("crash-x"), confidence=Confidence.CERTAIN, evidence=())


def test_two_rules_cannot_have_one_code(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (Check(name, (rule("crash-x"),), lambda _: iter(())) for name in ("one", "other"))
    family = ModuleType("family")
    vars(family).update(one=one, other=other)
    monkeypatch.setattr(rules, "families", lambda: (family,))
    rules.checks.cache_clear()
    rules.rules.cache_clear()
    with pytest.raises(ValueError, match="two rules have the code crash-x"):
        rules.rules()
    rules.checks.cache_clear()
