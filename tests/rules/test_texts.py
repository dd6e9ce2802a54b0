"""What people read and copy: whole sentences, commands that run as they stand, and proof with a place."""

from __future__ import annotations

import re

from diagnostics.engine.verdict import Verdict
from diagnostics.rules import rules
from tests.rules.loading import FIXTURES, judged

CASES = sorted(path.parent for path in FIXTURES.glob("*/*/expected.json"))
# A word that a template left open, or a value that was missing.
UNFILLED = re.compile(r"\{\w*\}|\bNone\b")


def sentences(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.summary, verdict.cause, verdict.remedy.text, *(symptom.summary for symptom in verdict.symptoms))


def test_rules_speak_calmly_and_in_sentences() -> None:
    for rule in rules().values():
        for template in (rule.message, rule.cause, rule.remedy):
            assert "!" not in template.replace("#!", ""), rule.code
            assert template.endswith((".", "?", "}")), rule.code


def test_texts_are_whole() -> None:
    for folder in CASES:
        for verdict in judged(folder)[1].verdicts:
            _whole(verdict, f"{folder.parent.name}/{folder.name}")


def _whole(verdict: Verdict, case: str) -> None:
    for text in sentences(verdict):
        assert text.strip() == text, case
        assert not UNFILLED.search(text), (case, text)
    for command in (*verdict.remedy.commands, *verdict.remedy.verify):
        assert not UNFILLED.search(command), (case, command)
    for fact in verdict.evidence:
        assert fact.object, case
        assert fact.path, case
