"""Slack by an incoming webhook: Block Kit.

Sources: docs.slack.dev, "Block Kit" (limits of blocks) and "Incoming webhooks" (answers). The sum over all blocks has
an undocumented cap near 13,200 characters (bolt-js#2509); with the limits below a message stays under 10,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Answer, Outcome, Request, judged
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markup import spelled
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.wording import cut, tail

Block = dict[str, Any]

HEADER, TEXT, FIELD, BUTTON_URL = 150, 3_000, 2_000, 3_000
SENTENCE, PODS, LOG_LINES, COMMAND, FACT = 1_500, 800, 600, 800, 300  # Ours, below Slack's.
LINES = 10  # Shares of a storm, diagnoses of a digest.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_DEAD = ("no_service", "no_active_hooks", "no_team", "channel_is_archived", "channel_not_found", "invalid_token")


class SlackSettings(Settings, frozen=True):
    """`url` of the incoming webhook: whoever has it can post."""

    url: str
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url"})


class Slack(Format[SlackSettings]):
    """Incoming webhooks do not say how to find a message again, so a resolution is a message of its own."""

    kind = "slack"
    label = "Slack"
    settings = SlackSettings

    def build(self, settings: SlackSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One message."""
        return Request(settings.url, msgspec.json.encode(message(notice)), {"content-type": "application/json"})

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status; the word in the body tells a dead webhook from a message that is refused."""
        outcome = judged(answer, now)
        return replace(outcome, disables=outcome.disables and any(word in answer.text for word in _DEAD))


def message(notice: Notice) -> dict[str, Any]:
    """Blocks, and a plain `text` for notifications and screen readers; `chat.postMessage` takes the same."""
    headline = wording.headline(notice)
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": cut(headline, HEADER), "emoji": True}}]
    return {"text": escaped(headline, TEXT), "blocks": [*blocks, *_blocks(notice)]}


def _blocks(notice: Notice) -> Iterator[Block]:
    subject = notice.subject
    yield _section(escaped(wording.sentence(notice), SENTENCE))
    if isinstance(subject, Diagnosis):
        yield from _details(subject)
    else:
        yield from (_section(escaped(line, FACT)) for line in wording.lines(subject)[:LINES])
    yield {"type": "actions", "elements": [_button(*link) for link in wording.links(subject)]}
    if notice.route:
        yield {"type": "context", "elements": [_mrkdwn(escaped(f"Sent by route {notice.route}", FACT))]}


def _details(diagnosis: Diagnosis) -> Iterator[Block]:
    facts = ((escaped(label, FACT), escaped(value, FACT)) for label, value in wording.facts(diagnosis))
    yield {"type": "section", "fields": [_mrkdwn(f"*{label}*\n{value}") for label, value in facts]}
    if pods := wording.pods(diagnosis):
        yield _section(escaped(pods, PODS))
    if lines := wording.log_lines(diagnosis):
        yield _section(_code(tail(lines, LOG_LINES)))
    if command := wording.command(diagnosis):
        yield _section(_code(cut(command, COMMAND)))


def _code(text: str) -> str:
    """A block of code; a fence within it would end it."""
    return f"```{escaped(text.replace('```', chr(0x2019) * 3), TEXT - 6)}```"


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def _button(label: str, url: str) -> Block:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url}


def escaped(text: str, most: int) -> str:
    """At most so many characters of mrkdwn: a log line `<!channel>` must not call anybody. No entity is cut in two."""
    return spelled(text, most, _ENTITIES)


FORMAT = Slack()
