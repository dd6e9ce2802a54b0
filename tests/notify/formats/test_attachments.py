"""Mattermost and Rocket.Chat: one attachment that says it all."""

from __future__ import annotations

import pytest

from diagnostics.notify.notice import Type
from tests.notify.formats.checking import sent
from tests.notify.notices import diagnosis, notice


@pytest.mark.parametrize("kind", ["mattermost", "rocketchat"])
def test_it_says_why_where_and_what_to_type(kind: str) -> None:
    found = sent(kind, notice())["attachments"][0]
    assert found["title"] == "🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop)"
    assert found["title_link"] == "https://sickbay.example/d/1284"
    assert "```\nout of memory\n```" in found["text"]
    assert "```\nkubectl -n shop set resources deployment/cart -c app --limits=memory=128Mi\n```" in found["text"]
    assert "[Silence](https://sickbay.example/d/1284?silence=1)" in found["text"]
    assert {"title": "Pods affected", "value": "3 of 5", "short": True} in found["fields"]


def test_a_command_can_be_copied_as_it_is() -> None:
    command = "kubectl set image deployment/cart app=cart@sha256:0f && echo <ok> | tee a[0]"
    about = notice(data=diagnosis(remedy={"text": "", "commands": [command]}))
    assert command in sent("mattermost", about)["attachments"][0]["text"]


def test_the_channel_may_be_another_than_the_webhooks() -> None:
    assert sent("rocketchat", notice())["channel"] == "#on-call"
    assert "channel" not in sent("mattermost", notice())


def test_what_is_over_is_green() -> None:
    opened, resolved = (sent("mattermost", notice(type_)) for type_ in (Type.OPENED, Type.RESOLVED))
    assert opened["attachments"][0]["color"] == "#d9730d"
    assert resolved["attachments"][0]["color"] == "#2da44e"
