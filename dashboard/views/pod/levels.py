"""How bad a line of a log says it is, in the formats that programs commonly write.

Sources: klog's header; logfmt; the JSON of zap, zerolog, logrus, pino, bunyan, structlog and Logback; syslog's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any

import msgspec


class Level(IntEnum):
    """From what hardly matters to what does."""

    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4


_WORDS = {
    **dict.fromkeys(("trace", "debug", "fine", "finer", "finest", "verbose"), Level.DEBUG),
    **dict.fromkeys(("info", "information", "notice", "log"), Level.INFO),
    **dict.fromkeys(("warn", "warning"), Level.WARNING),
    **dict.fromkeys(
        ("error", "err", "critical", "crit", "fatal", "severe", "panic", "dpanic", "alert", "emerg", "emergency"),
        Level.ERROR,
    ),
}
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_LETTERS = {"I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.ERROR}
_LOGFMT = re.compile(r"""\b(?:level|lvl|severity)=["']?(\w+)""", re.IGNORECASE)
# A word in capitals near the start, or one that begins the line or stands in brackets.
_SPOKEN = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL|SEVERE|PANIC|EMERG|ALERT)\b"
    r"|^\W*(trace|debug|info|notice|warn|warning|error|fatal|panic)\b(?=[:\]])"
    r"|\[(trace|debug|info|notice|warn|warning|error|crit|fatal|alert|emerg)\]",
)
_SPOKEN_WITHIN = 100  # Characters from the start: further on it is what the line talks about.
_TRACE = re.compile(
    r"Traceback \(most|Exception in thread|Caused by:|panic:|fatal error:|[\w.$]*(?:Error|Exception)(?::|$)"
)
_KEYS = ("level", "severity", "lvl", "levelname", "log.level", "loglevel", "Level", "@l")


def levels(lines: Iterable[str]) -> Iterator[Level | None]:
    """The level of each line; an indented line goes on with the one before it. None where nothing tells."""
    last: Level | None = None
    for line in lines:
        last = last if line[:1].isspace() else level(line)
        yield last


def level(line: str) -> Level | None:
    """What one line alone tells."""
    if line.startswith("{"):
        return _of_json(line)
    if found := _KLOG.match(line):
        return _LETTERS[found[1]]
    if found := _LOGFMT.search(line):
        return _WORDS.get(found[1].lower())
    if _TRACE.match(line):
        return Level.ERROR
    said = _SPOKEN.search(line, 0, _SPOKEN_WITHIN)
    return _WORDS[(said[1] or said[2] or said[3]).lower()] if said else None


def _of_json(line: str) -> Level | None:
    try:
        record: Any = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    value = next((record[key] for key in _KEYS if key in record), None) if isinstance(record, dict) else None
    if isinstance(value, int):
        return _numbered(value)
    return _WORDS.get(value.lower()) if isinstance(value, str) else None


def _numbered(value: int) -> Level:
    """As pino and bunyan count: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal."""
    return Level(min(max(value // 10 - 1, Level.DEBUG), Level.ERROR))
