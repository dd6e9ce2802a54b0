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
from diagnostics.notify.markdown import Lengths, paragraphs
from diagnostics.notify.markup import tamed
from diagnostics.notify.notice import Diagnosis, Notice

TITLE = 300
LENGTHS = Lengths(sentence=1_500, pods=800, log_lines=600, command=800, fact=300)


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
        "text": "\n\n".join(paragraphs(notice, tamed, LENGTHS)),
        "fields": list(_fields(subject)) if isinstance(subject, Diagnosis) else [],
    }
    return found | ({"footer": tamed(f"Sent by route {notice.route}", LENGTHS.fact)} if notice.route else {})


def _fields(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    for label, value in wording.facts(diagnosis):
        yield {"title": label, "value": tamed(value, LENGTHS.fact), "short": True}
