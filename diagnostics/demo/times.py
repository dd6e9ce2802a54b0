"""Times as Kubernetes writes them: RFC 3339, UTC, seconds in objects and nanoseconds in logs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

_INSTANT = re.compile(rb"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=(?:\.\d+)?Z)")
# The keys whose values lie in the past of whoever recorded an object.
_PAST = re.compile(
    rb'"(?:creationTimestamp|lastTimestamp|lastTransitionTime|startedAt|finishedAt|eventTime)":\s*"([^"]+)"'
)


def instant(at: datetime, *, microseconds: bool = False, nanoseconds: bool = False) -> str:
    """A moment as Kubernetes writes it: `Time`, `MicroTime`, or the prefix of a log line."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if microseconds or nanoseconds:
        text += f".{at.microsecond:06d}" + "000" * nanoseconds
    return f"{text}Z"


def shift(text: bytes, by: timedelta) -> bytes:
    """Moves every RFC 3339 time within a text by whole seconds: in fields, in messages, at the head of log lines."""

    @cache
    def moved(seconds: bytes) -> bytes:
        return (datetime.fromisoformat(seconds.decode()) + by).strftime("%Y-%m-%dT%H:%M:%S").encode()

    return _INSTANT.sub(lambda match: moved(match[0]), text) if by else text


def latest(text: bytes) -> datetime | None:
    """The latest moment at which an object in this text says that something happened."""
    return max((datetime.fromisoformat(found.decode()) for found in _PAST.findall(text)), default=None)
