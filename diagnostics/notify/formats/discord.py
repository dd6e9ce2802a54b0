"""Discord by a webhook, in its own format: one embed, edited in place when its diagnosis is taken over or resolved.

Sources: docs.discord.com, "Webhook Resource", "Message Resource" (limits of embeds), "Rate Limits", "Opcodes and Status
Codes". `allowed_mentions` without kinds: whatever a log line says, nobody is called.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Answer, Outcome, Request, Result, judged
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markdown import Lengths, paragraphs
from diagnostics.notify.markup import spelled
from diagnostics.notify.notice import Diagnosis, Notice, Type
from diagnostics.notify.wording import cut

TITLE = 256  # Discord's; of a description 4,096, of a field 1,024, of all of them 6,000.
LENGTHS = Lengths(sentence=1_200, pods=500, log_lines=600, command=600, fact=200)  # Ours: their sum stays below.
_ESCAPED = {character: f"\\{character}" for character in "\\*_~`|<>[]"}
_EDITED = frozenset({Type.ACKNOWLEDGED, Type.RESOLVED})
_UNKNOWN_MESSAGE = 10008
_LONGEST_WAIT = 86_400.0  # Seconds; more than that is a mistake of the receiver's.


class DiscordSettings(Settings, frozen=True):
    """`url` of the webhook, with `?thread_id=` if it is to post into a thread: whoever has it can post."""

    url: str
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url"})


class Discord(Format[DiscordSettings]):
    """An edit alerts nobody, so only good news is one; what gets worse is a new message."""

    kind = "discord"
    label = "Discord"
    settings = DiscordSettings

    def build(self, settings: DiscordSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - The time does not matter here.
        """A new message, or an edit of the remembered one."""
        edits = memory.remote_id if notice.type in _EDITED else ""
        body = {"embeds": [_embed(notice)], "allowed_mentions": {"parse": []}}
        return Request(
            _address(settings.url, edits),
            msgspec.json.encode(body),
            {"content-type": "application/json"},
            "PATCH" if edits else "POST",
        )

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status; the body has the message's id, how long to wait, or that the message was deleted."""
        outcome, said = judged(answer, now), _said(answer)
        if outcome.result is Result.SENT:
            return replace(outcome, remote_id=said.id)
        if answer.status == HTTPStatus.NOT_FOUND and said.code == _UNKNOWN_MESSAGE:
            return Outcome(Result.LATER, outcome.reason, timedelta(), forgets=True)
        if said.retry_after and outcome.retry_after is None:
            return replace(outcome, retry_after=timedelta(seconds=min(said.retry_after, _LONGEST_WAIT)))
        return outcome


class _Said(msgspec.Struct):
    """Discord's answer: a message, an error, or a limit."""

    id: str = ""
    code: int = 0
    retry_after: float = 0.0


def _said(answer: Answer) -> _Said:
    try:
        return msgspec.json.decode(answer.body, type=_Said)
    except msgspec.DecodeError:
        return _Said()


def _address(webhook: str, edits: str) -> str:
    parts = urlsplit(webhook)
    query = dict(parse_qsl(parts.query))
    if edits:
        path = f"{parts.path.rstrip('/')}/messages/{edits}"
        return parts._replace(path=path, query=urlencode(query)).geturl()
    return parts._replace(query=urlencode({**query, "wait": "true"})).geturl()


def _embed(notice: Notice) -> dict[str, Any]:
    subject = notice.subject
    found: dict[str, Any] = {
        "title": _escaped(wording.headline(notice), TITLE),
        "url": subject.url,
        "description": "\n\n".join(paragraphs(notice, _escaped, LENGTHS)),
        "color": wording.colour(notice),
        "timestamp": notice.timestamp,
    }
    if isinstance(subject, Diagnosis):
        facts = wording.facts(subject)
        found["fields"] = [
            {"name": label, "value": _escaped(value, LENGTHS.fact), "inline": True} for label, value in facts
        ]
    if notice.route:
        found["footer"] = {"text": cut(f"Sent by route {notice.route}", LENGTHS.fact)}
    return found


def _escaped(text: str, most: int) -> str:
    return spelled(text, most, _ESCAPED)


FORMAT = Discord()
