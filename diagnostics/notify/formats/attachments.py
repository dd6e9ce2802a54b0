"""Slack's older attachments, as Mattermost and Rocket.Chat take them: Markdown, not Block Kit.

Sources: developers.mattermost.com, "Incoming webhooks" and "Message attachments" (16,383 characters of text; `<!channel>`
is understood as in Slack); docs.rocket.chat, "Incoming webhook".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markup import fenced, tamed
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.wording import cut, tail

TITLE, SENTENCE, PODS, LOG_LINES, COMMAND, FACT = 300, 1_500, 800, 600, 800, 300
LINES = 10  # Shares of a storm, diagnoses of a digest.


class AttachmentSettings(Settings, frozen=True):
    """`url` of the incoming webhook: whoever has it can post. `channel` overrides the webhook's, where that is allowed."""

    url: str
    channel: str = ""
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url"})


class Attachments(Format[AttachmentSettings]):
    """One attachment a notice; neither receiver says how to find it again, so a resolution is a message of its own."""

    settings = AttachmentSettings

    def build(self, settings: AttachmentSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One message."""
        body: dict[str, Any] = {"attachments": [_attachment(notice)]}
        if settings.channel:
            body["channel"] = settings.channel
        return Request(settings.url, msgspec.json.encode(body), {"content-type": "application/json"})


def _attachment(notice: Notice) -> dict[str, Any]:
    headline = tamed(wording.headline(notice), TITLE)
    subject = notice.subject
    found = {
        "fallback": headline,
        "color": f"#{wording.colour(notice):06x}",
        "title": headline,
        "title_link": subject.url,
        "text": "\n\n".join(_paragraphs(notice)),
        "fields": list(_fields(subject)) if isinstance(subject, Diagnosis) else [],
    }
    return found | ({"footer": tamed(f"Sent by route {notice.route}", FACT)} if notice.route else {})


def _paragraphs(notice: Notice) -> Iterator[str]:
    subject = notice.subject
    yield tamed(wording.sentence(notice), SENTENCE)
    yield from (tamed(line, FACT) for line in wording.lines(subject)[:LINES])
    if isinstance(subject, Diagnosis):
        yield from _details(subject)
    yield " · ".join(f"[{label}]({url})" for label, url in wording.links(subject))


def _details(diagnosis: Diagnosis) -> Iterator[str]:
    if pods := wording.pods(diagnosis):
        yield tamed(pods, PODS)
    if lines := wording.log_lines(diagnosis):
        yield fenced(tail(lines, LOG_LINES))
    if command := wording.command(diagnosis):
        yield fenced(cut(command, COMMAND))


def _fields(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    for label, value in wording.facts(diagnosis):
        yield {"title": label, "value": tamed(value, FACT), "short": True}
