"""What people read and copy: whole sentences, commands that run as they stand, and proof with a place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnostics.engine import judge
from diagnostics.engine.verdict import Verdict
from diagnostics.rules import rules
from diagnostics.rules.model import Rule
from tests.rules.loading import FIXTURES, load

CASES = sorted(path.parent for path in FIXTURES.glob("*/*/expected.json"))
# A word that a template left open, or a value that was missing.
UNFILLED = re.compile(r"\{\w*\}|\bNone\b")


def sentences(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.summary, verdict.cause, verdict.remedy.text, *(symptom.summary for symptom in verdict.symptoms))


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_rules_speak_calmly_and_in_sentences(rule: Rule) -> None:
    for template in (rule.message, rule.cause, rule.remedy):
        assert "!" not in template.replace("#!", "")
        assert template.endswith((".", "?", "}"))


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_texts_are_whole(folder: Path) -> None:
    for verdict in judge(load(folder)).verdicts:
        for text in sentences(verdict):
            assert text.strip() == text
            assert not UNFILLED.search(text), text
        for command in (*verdict.remedy.commands, *verdict.remedy.verify):
            assert not UNFILLED.search(command), command
        for fact in verdict.evidence:
            assert fact.object
            assert fact.path
