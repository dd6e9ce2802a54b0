"""Slack as a bot: one message a diagnosis, edited for good news, answered with what gets worse."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.notify.exchange import Answer, Outcome, Result
from diagnostics.notify.formats import Memory
from diagnostics.notify.formats.slack_bot import FORMAT
from diagnostics.notify.notice import Type
from tests.notify.formats.checking import HOOK, request, sent
from tests.notify.notices import AT, notice

TOLD = Memory("C024BE91L:1401383885.000061")


def said(**answer: Any) -> Outcome:
    return FORMAT.judge(Answer(200, json.dumps(answer).encode()), AT)


def test_an_opening_is_posted_with_the_token_in_a_header() -> None:
    built = request("slack_bot", notice())
    assert built.url == f"{HOOK}/chat.postMessage"
    assert built.headers["authorization"] == "Bearer xoxb-1-sentinel"
    assert sent("slack_bot", notice())["channel"] == "#on-call"


@pytest.mark.parametrize("type_", [Type.ACKNOWLEDGED, Type.RESOLVED])
def test_good_news_edits_the_message(type_: Type) -> None:
    assert request("slack_bot", notice(type_), TOLD).url == f"{HOOK}/chat.update"
    body = sent("slack_bot", notice(type_), TOLD)
    assert (body["channel"], body["ts"]) == ("C024BE91L", "1401383885.000061")


@pytest.mark.parametrize("type_", [Type.ESCALATED, Type.UPDATED])
def test_bad_news_is_a_reply_that_the_channel_sees(type_: Type) -> None:
    assert request("slack_bot", notice(type_), TOLD).url == f"{HOOK}/chat.postMessage"
    body = sent("slack_bot", notice(type_), TOLD)
    assert (body["channel"], body["thread_ts"], body["reply_broadcast"]) == ("C024BE91L", "1401383885.000061", True)


def test_what_fails_again_and_what_was_never_told_are_new_messages() -> None:
    for body in (sent("slack_bot", notice(Type.REGRESSED), TOLD), sent("slack_bot", notice(Type.RESOLVED))):
        assert "ts" not in body
        assert "thread_ts" not in body


def test_the_message_is_remembered_and_a_reply_to_it_is_not() -> None:
    assert said(ok=True, channel="C1", ts="1.2", message={"text": "x"}).remote_id == "C1:1.2"
    assert said(ok=True, channel="C1", ts="1.2", message={"thread_ts": "1.2"}).remote_id == "C1:1.2"
    assert said(ok=True, channel="C1", ts="1.3", message={"thread_ts": "1.2"}).remote_id == ""


@pytest.mark.parametrize(
    ("error", "result", "disables", "forgets"),
    [
        ("ratelimited", Result.LATER, False, False),
        ("fatal_error", Result.LATER, False, False),
        ("channel_not_found", Result.REFUSED, True, False),
        ("token_revoked", Result.REFUSED, True, False),
        ("msg_blocks_too_long", Result.REFUSED, False, False),
        ("message_not_found", Result.LATER, False, True),
        ("edit_window_closed", Result.LATER, False, True),
    ],
)
def test_a_200_may_say_no(error: str, result: Result, disables: bool, forgets: bool) -> None:
    outcome = said(ok=False, error=error)
    assert (outcome.result, outcome.reason, outcome.disables, outcome.forgets) == (result, error, disables, forgets)


def test_a_limit_in_the_body_may_say_for_how_long() -> None:
    outcome = FORMAT.judge(Answer(200, b'{"ok":false,"error":"ratelimited"}', {"retry-after": "30"}), AT)
    assert outcome.retry_after == timedelta(seconds=30)


def test_a_page_of_a_proxy_is_no_answer() -> None:
    assert FORMAT.judge(Answer(200, b"<html>"), AT).result is Result.LATER


@pytest.mark.parametrize("wrong", [{"token": "xoxp-1"}, {"token": "xoxb-1\nX: y"}, {"channel": " "}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"token|channel"):
        FORMAT.read({"token": "xoxb-1", "channel": "C1", **wrong})
