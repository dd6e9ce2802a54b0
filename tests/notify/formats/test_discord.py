"""Discord: within the limits of an embed, edited in place, and nobody is called."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from diagnostics.notify.exchange import Answer, Outcome, Result
from diagnostics.notify.formats import Memory
from diagnostics.notify.formats.discord import FORMAT
from diagnostics.notify.notice import Notice, Type
from tests.notify.formats.checking import HOOK, request, sent
from tests.notify.notices import AT, every_notice, notice

TOLD = Memory("1234567890")


def judged(status: int, **answer: Any) -> Outcome:
    return FORMAT.judge(Answer(status, json.dumps(answer).encode()), AT)


@pytest.mark.parametrize("about", every_notice(), ids=lambda about: f"{about.type}-{len(str(about.data))}")
def test_the_sum_of_an_embeds_texts_is_limited(about: Notice) -> None:
    (embed,) = sent("discord", about)["embeds"]
    fields = [part for field in embed.get("fields", []) for part in (field["name"], field["value"])]
    counted = "".join([embed["title"], embed["description"], embed.get("footer", {}).get("text", ""), *fields])
    assert len(counted.encode("utf-16-le")) // 2 <= 6_000


def test_a_new_message_waits_for_its_id_and_an_edit_goes_to_it() -> None:
    opened = request("discord", notice(), url=f"{HOOK}?thread_id=7")
    assert (opened.method, opened.url) == ("POST", f"{HOOK}?thread_id=7&wait=true")
    resolved = request("discord", notice(Type.RESOLVED), TOLD, url=f"{HOOK}?thread_id=7")
    assert (resolved.method, resolved.url) == ("PATCH", f"{HOOK}/messages/1234567890?thread_id=7")


@pytest.mark.parametrize("type_", [Type.ESCALATED, Type.REGRESSED, Type.UPDATED])
def test_bad_news_is_a_new_message(type_: Type) -> None:
    assert request("discord", notice(type_), TOLD).method == "POST"


def test_a_resolution_of_what_was_never_told_is_a_message() -> None:
    assert request("discord", notice(Type.RESOLVED)).method == "POST"


def test_markdown_is_shown_as_it_was_written() -> None:
    about = notice(data={**notice().data, "summary": "see [a](http://x) *now* under C:\\tmp_1"})
    description = sent("discord", about)["embeds"][0]["description"]
    assert r"see \[a\](http://x) \*now\* under C:\\tmp\_1" in description


def test_answers_are_understood() -> None:
    assert judged(200, id="99").remote_id == "99"
    assert judged(429, retry_after=1e300).retry_after == timedelta(days=1)
    limited = judged(429, retry_after=1.5, **{"global": False})
    assert (limited.result, limited.retry_after) == (Result.LATER, timedelta(seconds=1.5))
    deleted = judged(404, code=10008, message="Unknown Message")
    assert (deleted.result, deleted.forgets, deleted.disables) == (Result.LATER, True, False)
    gone = judged(404, code=10015, message="Unknown Webhook")
    assert (gone.result, gone.disables) == (Result.REFUSED, True)
    assert FORMAT.judge(Answer(204), AT) == Outcome(Result.SENT)
