"""Slack: within Block Kit's limits whatever a cluster says, and nobody is called by a log line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from diagnostics.notify.exchange import Answer, Result
from diagnostics.notify.formats import Memory
from diagnostics.notify.formats.slack import FORMAT, SlackSettings, escaped
from diagnostics.notify.notice import Notice, Type
from tests.notify.notices import AT, diagnosis, every_notice, notice

SETTINGS = SlackSettings(url="https://hooks.slack.example/services/T/B/x")


def sent(about: Notice) -> dict[str, Any]:
    request = FORMAT.build(SETTINGS, about, Memory(), AT)
    assert (request.method, request.url) == ("POST", SETTINGS.url)
    document: dict[str, Any] = json.loads(request.body)
    return document


@pytest.mark.parametrize("about", every_notice(), ids=lambda about: f"{about.type}-{len(str(about.data))}")
def test_every_message_keeps_to_the_limits(about: Notice) -> None:
    message = sent(about)
    blocks = message["blocks"]
    assert message["text"]
    assert len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) < 13_000
    for block in blocks:
        match block["type"]:
            case "header":
                assert block["text"]["type"] == "plain_text"
                assert 0 < len(block["text"]["text"]) <= 150
            case "section":
                texts = block.get("fields") or [block["text"]]
                assert len(texts) <= 10
                assert all(0 < len(text["text"]) <= (2_000 if "fields" in block else 3_000) for text in texts)
            case "actions":
                assert all(len(button["url"]) <= 3_000 for button in block["elements"])
            case other:
                assert other == "context"


def test_a_log_line_calls_nobody() -> None:
    for about in every_notice():
        texts = json.dumps(sent(about), ensure_ascii=False)
        assert "<!channel>" not in texts


def test_it_says_why_where_and_what_to_type() -> None:
    texts = json.dumps(sent(notice()))
    for told in (
        "crash-oom-limit",
        "Deployment/cart",
        "limit of 64Mi",
        "3 of 5",
        "out of memory",
        "--limits=memory=128Mi",
    ):
        assert told in texts
    assert "https://sickbay.example/d/1284" in texts


def test_a_resolution_says_how_long_it_lasted() -> None:
    resolved = notice(Type.RESOLVED, diagnosis(state="resolved", resolved_at="2026-11-23T04:45:00Z"))
    assert "It lasted 1 h 20 min." in json.dumps(sent(resolved))


def test_what_another_diagnosis_explains_does_not_look_healed() -> None:
    folded = sent(notice(Type.RESOLVED, diagnosis(state="resolved", explained_by=1290)))
    assert folded["text"].startswith("🟠 Part of #1290: ")
    assert "as a symptom of #1290" in json.dumps(folded)


@pytest.mark.parametrize(("text", "most", "kept"), [("a<b", 9, "a&lt;b"), ("<<<", 8, "&lt;…"), ("plain", 4, "pla…")])
def test_no_entity_is_cut_in_two(text: str, most: int, kept: str) -> None:
    assert escaped(text, most) == kept


@pytest.mark.parametrize(
    ("status", "body", "result", "disables"),
    [
        (200, b"ok", Result.SENT, False),
        (429, b"", Result.LATER, False),
        (500, b"rollup_error", Result.LATER, False),
        (400, b"invalid_payload", Result.REFUSED, False),
        (403, b"action_prohibited", Result.REFUSED, False),
        (404, b"no_service", Result.REFUSED, True),
        (410, b"channel_is_archived", Result.REFUSED, True),
        (302, b"", Result.REFUSED, False),
    ],
)
def test_answers_are_understood(status: int, body: bytes, result: Result, disables: bool) -> None:
    outcome = FORMAT.judge(Answer(status, body), AT)
    assert (outcome.result, outcome.disables) == (result, disables)
