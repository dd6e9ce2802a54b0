"""What goes over the wire and what comes back, whatever the format: a request, an answer, and what to make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, complete: exactly these bytes are sent and, where a format signs, signed."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail, plain and HTML. Those of one thread refer to its first message, so that mail readers join them."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str
    references: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; the body is cut at the sender's cap. Header names are in lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body, as far as it is text."""
        return self.body.decode("utf-8", "replace")


class Result(StrEnum):
    """Sent; to be tried again later; refused for good: the same request will never be taken."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `remote_id` names the message at the receiver, where later ones may change it.

    `disables` says that the channel itself is dead (its webhook was removed), not this one message. `forgets` says that
    the remembered message can no longer be changed, so the next attempt has to be a message of its own.
    """

    result: Result
    reason: str = ""
    retry_after: timedelta | None = None
    remote_id: str = ""
    disables: bool = False
    forgets: bool = False


SENT = Outcome(Result.SENT)
_GONE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_LONGEST_REASON = 300


def judged(answer: Answer, now: datetime) -> Outcome:
    """What a status says in general: 2xx is sent; 408, 425, 429 and 5xx pass; all else will not change.

    A redirect is a failure: it is never followed, for it may lead anywhere.
    """
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return SENT
    reason = f"HTTP {answer.status} {answer.text.strip()}".strip()[:_LONGEST_REASON]
    if answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome(Result.LATER, reason, retry_after(answer, now))
    return Outcome(Result.REFUSED, reason, disables=answer.status in _GONE)


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """How long the receiver asks us to wait: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3)."""
    asked = answer.headers.get("retry-after", "").strip()
    if not asked:
        return None
    try:
        return max(timedelta(), timedelta(seconds=float(asked)))
    except (ValueError, OverflowError):
        pass
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(timedelta(), (until if until.tzinfo else until.replace(tzinfo=UTC)) - now)
