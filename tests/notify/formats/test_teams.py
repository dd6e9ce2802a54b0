"""Teams: a card that says it all, and answers of 200 that hide a failure."""

from __future__ import annotations

import pytest

from diagnostics.notify.exchange import Answer, Result
from diagnostics.notify.formats.teams import FORMAT
from tests.notify.formats.checking import sent
from tests.notify.notices import AT, notice


def test_a_card_says_why_where_and_what_to_type() -> None:
    card = sent("teams", notice())["attachments"][0]["content"]
    headline, sentence, facts, pods, log, command, route = card["body"]
    assert headline["text"] == "🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop)"
    assert "limit of 64Mi" in sentence["text"]
    assert {"title": "Pods affected", "value": "3 of 5"} in facts["facts"]
    assert pods["text"] == "cart-6d9f-abcde CrashLoopBackOff, +2 more"
    assert log["inlines"][0]["text"] == "out of memory"
    assert command["inlines"][0]["text"].endswith("--limits=memory=128Mi")
    assert route["text"] == "Sent by route everything"
    assert [action["url"] for action in card["actions"]] == [
        "https://sickbay.example/d/1284",
        "https://sickbay.example/d/1284?silence=1",
    ]


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, b"1", Result.SENT),
        (202, b"", Result.SENT),
        (200, b"Webhook message delivery failed with error: Teams endpoint returned HTTP error 429.", Result.LATER),
        (200, b"Microsoft Teams endpoint returned HTTP error 413 with ContextId", Result.REFUSED),
        (502, b"HTTP error 413", Result.LATER),
    ],
)
def test_a_200_may_hide_a_failure(status: int, body: bytes, result: Result) -> None:
    outcome = FORMAT.judge(Answer(status, body), AT)
    assert (outcome.result, outcome.disables) == (result, False)
