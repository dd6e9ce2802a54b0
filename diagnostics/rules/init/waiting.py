"""Whom a waiting script waits for, by the line that its log repeats, or by its command."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# How much of a log is looked at, and how often a name has to come back.
LOOKED_AT = 60
REPEATED = 3
LINE = 512
COMMAND = 4096

_HOST = r"(?<![\w.\-])(?P<host>(?=[a-z0-9.\-]{0,252}[a-z])[a-z0-9](?:[a-z0-9.\-]{0,251}[a-z0-9])?)"
_PORT = r"(?: \([0-9.]{7,15}\))?(?::| )(?:port )?\d{2,5}\b"
# A script's own words, then those of nslookup, getent, curl, wget, nc, pg_isready and their like.
_WAITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bwait(?:ing)? (?:for|on) (?:(?:the|a|service|host|connection to) ){{0,2}}[\"'`]?{_HOST}",
        rf"(?:can't find|can't resolve|could not resolve(?: host)?:?|bad address|\blookup|unknown host:?) [\"'`]?{_HOST}",
        rf"(?:\bconnect(?:ing)? to|\bnc:|\breach|\btrying|connection to) [\"'`]?{_HOST}{_PORT}",
        rf"\b{_HOST}:\d{{2,5}} - (?:no response|rejecting connections)",
        rf"\b{_HOST} (?:is )?(?:unavailable|not (?:ready|up|available|reachable))\b",
    )
)
# What stands after "waiting for" without being a name.
_NO_NAMES = frozenset(
    [
        "a",
        "all",
        "any",
        "be",
        "connection",
        "connections",
        "database",
        "db",
        "dependencies",
        "dependency",
        "dns",
        "everything",
        "host",
        "in",
        "it",
        "lock",
        "more",
        "network",
        "other",
        "pod",
        "pods",
        "port",
        "readiness",
        "ready",
        "server",
        "service",
        "services",
        "something",
        "startup",
        "that",
        "the",
        "this",
        "to",
        "up",
    ]
)
# A command that ends only once somebody answers: a loop around a tool, or one made for it.
_LOOP = r"\b(?:until|while) [^;\n]{0,40}?\b"
_OF_HOST = r"(?::(?P<port>\d{2,5}))?"
_LOOPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_LOOP}(?:nslookup|nc|getent hosts|ping|telnet)(?: -\S+(?: \d+)?)* {_HOST}(?:[: ](?P<port>\d{{2,5}}))?",
        rf"{_LOOP}(?:curl|wget)\b[^;|\n]{{0,120}}?://{_HOST}{_OF_HOST}",
        rf"{_LOOP}(?:pg_isready|psql|redis-cli|mysql|mysqladmin)\b[^;|\n]{{0,120}}? (?:-h ?|--host[= ]){_HOST}",
        rf"\bwait-for(?:-it)?(?:\.sh)? (?:-\S+ )*{_HOST}{_OF_HOST}",
        rf"-wait[= ]tcp://{_HOST}{_OF_HOST}",
    )
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A name that a log keeps naming: in how many of the lines looked at, and the last of them with its number."""

    host: str
    times: int
    total: int
    line: str
    number: int


def awaited(lines: Sequence[str]) -> Awaited | None:
    """Whom the end of a log waits for: the name that comes back most often, at least three times."""
    offset = max(len(lines) - LOOKED_AT, 0)
    named = [(number, line, host) for number, line in enumerate(lines[offset:], offset + 1) if (host := _host(line))]
    for host, times in Counter(host for _, _, host in named).most_common(1):
        if times >= REPEATED:
            number, line, _ = next(entry for entry in reversed(named) if entry[2] == host)
            return Awaited(host, times, len(lines) - offset, line.strip()[:LINE], number)
    return None


def _host(line: str) -> str:
    for pattern in _WAITS:
        found = pattern.search(line[:LINE])
        if found and (host := found["host"].lower().rstrip(".")) not in _NO_NAMES:
            return host
    return ""


def looped(command: str) -> tuple[str, str] | None:
    """Host and port of whom a command waits for in a loop; the port is empty where it names none."""
    for pattern in _LOOPS:
        if found := pattern.search(command[:COMMAND]):
            return found["host"], found.groupdict().get("port") or ""
    return None
