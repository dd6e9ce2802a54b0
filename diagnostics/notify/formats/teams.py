"""Microsoft Teams by a workflow that waits for a webhook: an Adaptive Card 1.2.

Sources: learn.microsoft.com, "Create incoming webhooks with Workflows" and "Text formatting in cards";
adaptivecards.io, "Schema Explorer". A `TextRun` knows no Markdown, so code and logs are of these. A message may have
28 KB; with the limits below it stays under 20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Answer, Outcome, Request, judged
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markup import spelled, tamed
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.wording import cut, tail

Element = dict[str, Any]

TITLE, SENTENCE, PODS, LOG_LINES, COMMAND, FACT = 300, 1_500, 800, 600, 800, 300
LINES = 10  # Shares of a storm, diagnoses of a digest.
_FAILED_BEHIND = re.compile(r"HTTP error (\d{3})")


class TeamsSettings(Settings, frozen=True):
    """`url` of the workflow: whoever has it can post."""

    url: str
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url"})


class Teams(Format[TeamsSettings]):
    """A workflow does not say how to find a message again, so a resolution is a message of its own."""

    kind = "teams"
    label = "Microsoft Teams"
    settings = TeamsSettings

    def build(self, settings: TeamsSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One message with one card."""
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": _card(notice),
        }
        body = {"type": "message", "attachments": [attachment]}
        return Request(settings.url, msgspec.json.encode(body), {"content-type": "application/json"})

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status; a 200 may tell in its text that Teams itself refused (`HTTP error 429`)."""
        outcome = judged(answer, now)
        behind = _FAILED_BEHIND.search(answer.text)
        return judged(replace(answer, status=int(behind[1])), now) if behind and not outcome.reason else outcome


def _card(notice: Notice) -> Element:
    headline = wording.headline(notice)
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": tamed(headline, TITLE),
        "body": [_text(headline, TITLE, size="Medium", weight="Bolder"), *_body(notice)],
        "actions": [
            {"type": "Action.OpenUrl", "title": label, "url": url} for label, url in wording.links(notice.subject)
        ],
        "msteams": {"width": "full"},
    }


def _body(notice: Notice) -> Iterator[Element]:
    subject = notice.subject
    yield _text(wording.sentence(notice), SENTENCE)
    yield from (_text(line, FACT) for line in wording.lines(subject)[:LINES])
    if isinstance(subject, Diagnosis):
        yield from _details(subject)
    if notice.route:
        yield _text(f"Sent by route {notice.route}", FACT, isSubtle=True, size="Small")


def _details(diagnosis: Diagnosis) -> Iterator[Element]:
    facts = [{"title": label, "value": tamed(value, FACT)} for label, value in wording.facts(diagnosis)]
    yield {"type": "FactSet", "facts": facts}
    if pods := wording.pods(diagnosis):
        yield _text(pods, PODS)
    if lines := wording.log_lines(diagnosis):
        yield _code(tail(lines, LOG_LINES))
    if command := wording.command(diagnosis):
        yield _code(cut(command, COMMAND))


def _text(text: str, most: int, **looks: Any) -> Element:
    return {"type": "TextBlock", "text": tamed(text, most), "wrap": True, **looks}


def _code(text: str) -> Element:
    run = {"type": "TextRun", "text": spelled(text, len(text) + 1, {}), "fontType": "Monospace"}
    return {"type": "RichTextBlock", "inlines": [run]}


FORMAT = Teams()
