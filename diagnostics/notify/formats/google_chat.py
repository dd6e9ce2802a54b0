"""Google Chat by an incoming webhook: a card, and the cards of one diagnosis in one thread.

Sources: developers.google.com/workspace/chat, "Build a Google Chat app as a webhook" (`threadKey`), "Cards v2" (texts are
a little HTML), "Usage limits" (a write a second and space; 32,000 bytes a message).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markup import HTML, spelled, tamed
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.wording import cut, tail

Widget = dict[str, Any]

TITLE, SENTENCE, PODS, LOG_LINES, COMMAND, FACT = 200, 1_500, 800, 600, 800, 300
LINES = 10  # Shares of a storm, diagnoses of a digest.


class GoogleChatSettings(Settings, frozen=True):
    """`url` of the webhook, with its key and token: whoever has it can post."""

    url: str
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url"})


class GoogleChat(Format[GoogleChatSettings]):
    """Every notice is a message; those of a thread stand below each other."""

    kind = "google_chat"
    label = "Google Chat"
    settings = GoogleChatSettings

    def build(self, settings: GoogleChatSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One message with one card."""
        body: dict[str, Any] = {
            "cardsV2": [{"cardId": notice.id, "card": _card(notice)}],
            "fallbackText": tamed(wording.headline(notice), TITLE),
        }
        url = settings.url
        if notice.thread:
            body["thread"] = {"threadKey": notice.thread}
            url = _in_thread(url)
        return Request(url, msgspec.json.encode(body), {"content-type": "application/json; charset=UTF-8"})


def _in_thread(webhook: str) -> str:
    parts = urlsplit(webhook)
    query = {**dict(parse_qsl(parts.query)), "messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"}
    return parts._replace(query=urlencode(query)).geturl()


def _card(notice: Notice) -> dict[str, Any]:
    header = {"title": cut(wording.headline(notice), TITLE)}  # Plain text, unlike all else.
    if notice.route:
        header["subtitle"] = cut(f"Sent by route {notice.route}", TITLE)
    return {"header": header, "sections": [{"widgets": list(_widgets(notice))}]}


def _widgets(notice: Notice) -> Iterator[Widget]:
    subject = notice.subject
    yield _paragraph(wording.sentence(notice), SENTENCE)
    yield from (_paragraph(line, FACT) for line in wording.lines(subject)[:LINES])
    if isinstance(subject, Diagnosis):
        yield from _details(subject)
    buttons = [{"text": label, "onClick": {"openLink": {"url": url}}} for label, url in wording.links(subject)]
    yield {"buttonList": {"buttons": buttons}}


def _details(diagnosis: Diagnosis) -> Iterator[Widget]:
    for label, value in wording.facts(diagnosis):
        yield {"decoratedText": {"topLabel": label, "text": _escaped(value, FACT), "wrapText": True}}
    if pods := wording.pods(diagnosis):
        yield _paragraph(pods, PODS)
    if lines := wording.log_lines(diagnosis):
        yield _paragraph(tail(lines, LOG_LINES), 2 * LOG_LINES)
    if command := wording.command(diagnosis):
        yield _paragraph(cut(command, COMMAND), 2 * COMMAND)


def _paragraph(text: str, most: int) -> Widget:
    return {"textParagraph": {"text": _escaped(text, most)}}


def _escaped(text: str, most: int) -> str:
    return spelled(text, most, HTML)


FORMAT = GoogleChat()
