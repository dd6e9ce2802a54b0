"""Makes the lines of a log readable: no colours, no debug noise, JSON lines as sentences, traces as one line.

Lines come redacted and without the kubelet's timestamps; what is done here changes nothing that is quoted but colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

from diagnostics.rules.signatures.traces import Trace, traces

# Longer lines are cut before anything is matched against them.
LINE_LIMIT = 4096

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}\x07?)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LEVEL = re.compile(
    r"^[\[(<|\s]*(?:\d[\d\-/T:.,Z+ ]{5,35})?[\[(<|\s]*"
    r"(?P<level>trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|crit(?:ical)?|panic|severe|emerg|alert)\b",
    re.IGNORECASE,
)
_LOGFMT = re.compile(r"\blevel=\"?(?P<level>[a-zA-Z]{3,10})")
_KLOG = re.compile(r"^(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d")
_RETRY = re.compile(r"[Rr](?<=\b.)etry(?:ing)?\b|[Ww](?<=\b.)ill try again\b")


class Level(IntEnum):
    """How bad the program itself calls a line."""

    DEBUG = 0
    INFO = 1
    NONE = 2  # It does not say.
    WARN = 3
    ERROR = 4
    FATAL = 5


_LEVELS = {
    **dict.fromkeys(("trace", "debug"), Level.DEBUG),
    **dict.fromkeys(("info", "notice", "i"), Level.INFO),
    **dict.fromkeys(("warn", "warning", "w"), Level.WARN),
    **dict.fromkeys(("err", "error", "severe", "e"), Level.ERROR),
    **dict.fromkeys(("fatal", "crit", "critical", "panic", "emerg", "alert", "f"), Level.FATAL),
}


class Entry(NamedTuple):
    """One thing that a log says. `at` is its line, from 0; `trace` the trace that it is the headline of."""

    at: int
    text: str
    trace: Trace | None = None
    told: Level | None = None  # By a field of its own.

    @property
    def level(self) -> Level:
        """How bad the program calls it: no error, where it means to try again. Few lines are ever asked."""
        named = self._named
        again = self.told is None and named in (Level.NONE, Level.ERROR) and _retries(self.text)
        return Level.WARN if again else named

    @property
    def debug(self) -> bool:
        """Whether it is written for whoever looks for a bug: nothing in it counts."""
        return self._named is Level.DEBUG

    @property
    def _named(self) -> Level:
        if self.trace:
            return Level.FATAL
        return _level(self.text) if self.told is None else self.told


def clean(line: str) -> str:
    """A line without colours and control characters, cut at 4 kB."""
    line = line[:LINE_LIMIT]
    if line.isprintable():
        return line.rstrip()
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    return _CONTROL.sub("", line).rstrip()


def readable(lines: Sequence[str]) -> list[Entry]:
    """What a log says, in order, debug lines among it: blank lines and stack frames are left out."""
    cleaned = [clean(line) for line in lines]
    return [entry for entry in _entries(cleaned) if entry.text]


def entries(lines: Sequence[str]) -> list[Entry]:
    """What a log says, in order, without its debug lines."""
    return [entry for entry in readable(lines) if not entry.debug]


def _entries(lines: Sequence[str]) -> Iterator[Entry]:
    at = 0
    for trace in traces(lines):
        yield from (_entry(index, lines[index]) for index in range(at, trace.first))
        yield Entry(trace.headline, trace.text, trace)
        at = trace.last + 1
    yield from (_entry(index, lines[index]) for index in range(at, len(lines)))


def _entry(index: int, line: str) -> Entry:
    if line.startswith("{") and line.endswith("}") and (fields := _json(line)):
        return Entry(index, _sentence(fields) or line, told=_json_level(fields))
    return Entry(index, line.strip())


def _level(line: str) -> Level:
    found = _LEVEL.match(line) or _KLOG.match(line)
    if found is None and "level=" in line:
        found = _LOGFMT.search(line)
    return _LEVELS.get(found["level"].lower(), Level.NONE) if found else Level.NONE


def _retries(line: str) -> bool:
    """Whether the program means to try again, so that this line was not its end."""
    return ("etry" in line or "try again" in line) and bool(_RETRY.search(line))


def _json(line: str) -> dict[str, Any] | None:
    try:
        fields = msgspec.json.decode(line.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return fields if isinstance(fields, dict) else None


def _json_level(fields: dict[str, Any]) -> Level:
    for key in ("level", "severity", "lvl", "levelname", "log.level"):
        level = fields.get(key)
        if isinstance(level, str):
            return _LEVELS.get(level.lower(), Level.NONE)
        if isinstance(level, int):  # pino and bunyan: 10 trace to 60 fatal.
            return (Level.DEBUG, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR, Level.FATAL)[
                max(0, min(level // 10 - 1, 5))
            ]
    return Level.NONE


def _sentence(fields: dict[str, Any]) -> str:
    """The message and the error of a JSON line: "cannot open config: open /etc/app.yaml: no such file"."""
    parts = [_part(fields.get(key)) for key in ("msg", "message", "error", "err", "exception")]
    return ": ".join(dict.fromkeys(part for part in parts if part))


def _part(value: Any) -> str:
    if isinstance(value, dict):
        return ": ".join(part for part in (_part(value.get("type")), _part(value.get("message"))) if part)
    return value.strip().partition("\n")[0] if isinstance(value, str) else ""
