"""Slack as a bot: a message that is edited when its diagnosis is taken over or resolved, with what gets worse as replies.

Sources: docs.slack.dev, `chat.postMessage` and `chat.update`. Both answer 200 and say in the body whether they did it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from diagnostics.notify.exchange import Answer, Outcome, Request, Result, judged, retry_after
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.formats.slack import message
from diagnostics.notify.notice import Notice, Type

_EDITED = frozenset({Type.ACKNOWLEDGED, Type.RESOLVED})
_PASSING = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
_PASSING |= frozenset({"request_timeout", "team_added_to_org"})
_LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
_DEAD = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked", "missing_scope"})
_DEAD |= frozenset({"channel_not_found", "is_archived", "not_in_channel", "no_permission", "restricted_action"})


class SlackBotSettings(Settings, frozen=True):
    """`channel` is an id such as C024BE91L, or a name; the bot has to be its member, with the scope `chat:write`."""

    token: str
    channel: str
    url: str = "https://slack.com/api"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    def __post_init__(self) -> None:
        if not self.token.startswith("xoxb-") or not self.token.isascii() or not self.token.isprintable():
            raise ValueError("a bot token begins with xoxb-")
        if not self.channel.strip():
            raise ValueError("name the channel to post to")


class SlackBot(Format[SlackBotSettings]):
    """One request a notice. An edit alerts nobody, so only good news is one; a reply is shown in the channel, too."""

    kind = "slack_bot"
    label = "Slack (bot)"
    settings = SlackBotSettings

    def build(self, settings: SlackBotSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - The time does not matter here.
        """A new message, an edit of the remembered one, or a reply to it."""
        channel, _, stamp = memory.remote_id.partition(":")
        if stamp and notice.type in _EDITED:
            return _call(settings, "chat.update", {"channel": channel, "ts": stamp, **message(notice)})
        body = {"channel": settings.channel, "unfurl_links": False, **message(notice)}
        if stamp and notice.type is not Type.REGRESSED:
            body |= {"channel": channel, "thread_ts": stamp, "reply_broadcast": True}
        return _call(settings, "chat.postMessage", body)

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status, then by `ok` and `error` of the body."""
        outcome = judged(answer, now)
        if outcome.result is not Result.SENT:
            return outcome
        try:
            said = msgspec.json.decode(answer.body, type=_Said)
        except msgspec.DecodeError:
            return Outcome(Result.LATER, "the answer is not Slack's")
        return Outcome(Result.SENT, remote_id=said.remote_id) if said.ok else _refusal(said.error, answer, now)


class _Message(msgspec.Struct):
    thread_ts: str = ""


class _Said(msgspec.Struct):
    """Slack's answer."""

    ok: bool
    error: str = ""
    channel: str = ""
    ts: str = ""
    message: _Message = msgspec.field(default_factory=_Message)

    @property
    def remote_id(self) -> str:
        """Of a message that may be edited later; none of a reply, for the message above it stays the one."""
        is_reply = self.message.thread_ts not in ("", self.ts)
        return "" if is_reply or not self.ts else f"{self.channel}:{self.ts}"


def _refusal(error: str, answer: Answer, now: datetime) -> Outcome:
    if error in _PASSING:
        return Outcome(Result.LATER, error, retry_after(answer, now))
    if error in _LOST:
        return Outcome(Result.LATER, error, timedelta(), forgets=True)
    return Outcome(Result.REFUSED, error, disables=error in _DEAD)


def _call(settings: SlackBotSettings, method: str, body: dict[str, Any]) -> Request:
    headers = {"content-type": "application/json; charset=utf-8", "authorization": f"Bearer {settings.token}"}
    return Request(f"{settings.url.rstrip('/')}/{method}", msgspec.json.encode(body), headers)


FORMAT = SlackBot()
