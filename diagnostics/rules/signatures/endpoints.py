"""Finds whom a line of a log talks about: the peer of a connection, a port, a path.

The words around the error differ by language and library, so each form is looked for on its own, close to the phrase
that matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.rules.signatures.signature import Names

# How far from the phrase a name may stand; what is farther away belongs to something else.
_NEAR = 200
# A name this close behind the phrase belongs to it: "ECONNREFUSED 10.96.12.7:5432".
_ADJACENT = 4

# Source files that stand before a line number look like hosts before a port: main.go:23, app.py:12.
_SOURCE_FILE = re.compile(r"\.(?:go|py|js|mjs|cjs|ts|java|kt|scala|rb|rs|c|cc|cpp|cs|php|sh|ex|erl|lua)$")
_HOST_PORT = re.compile(
    r"(?<![\w.\-])(?P<host>[A-Za-z0-9](?:[\w.\-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>\d{2,5})(?!\d|\.\d)"
)
_SPELLED = re.compile(
    r"""(?:host=|host |server at )["'](?P<host>[\w.\-:]{1,253})["'](?:\s?\([^)]{1,60}\))?.{0,60}?port[= ](?P<port>\d{1,5})"""
)
_URL = re.compile(r"\b[a-z][a-z0-9+]{1,20}://(?:[^/@\s]{1,100}@)?(?P<host>[\w.\-]{1,253})")
_RESOLVED = re.compile(
    r"""(?:lookup|ENOTFOUND|EAI_AGAIN|UnknownHostException:|(?i:resolve host:|host name|resolve|bad address))"""
    r"""\s?["'`]?(?P<host>[A-Za-z0-9_][\w.\-]{0,252})"""
)
_PORT = re.compile(r":(?P<port>\d{2,5})(?!\d|\.\d)|\b[Pp]ort (?P<port_2>\d{1,5})\b")
_PATH = re.compile(r"(?<![\w:/.])(?P<path>/[\w.@+\-]+(?:/[\w.@+\-]*)*)")


def endpoint(line: str, match: re.Match[str]) -> Names:
    """`host`, `port` and `address` ("db:5432", or the host alone) of the peer that the line names, if it does."""
    near, phrase = _around(line, match)
    return _named(_SPELLED.search(near) or _nearest(_hosts(near), phrase) or _URL.search(near))


def resolved(line: str, match: re.Match[str]) -> Names:
    """`host`, `port` and `address` of the name that did not resolve."""
    near, _ = _around(line, match)
    return _named(_RESOLVED.search(near)) or endpoint(line, match)


def port(line: str, match: re.Match[str]) -> Names:
    """The `port` that could not be bound."""
    near, phrase = _around(line, match)
    found = _nearest(_PORT.finditer(near), phrase)
    return {"port": found["port"] or found["port_2"]} if found else {}


def path(line: str, match: re.Match[str]) -> Names:
    """The `path` of the file that the line is about."""
    near, phrase = _around(line, match)
    found = _nearest(_PATH.finditer(near), phrase)
    return {"path": found["path"].rstrip(".")} if found else {}


def _around(line: str, match: re.Match[str]) -> tuple[str, range]:
    """The text near the phrase, and where in it the phrase stands."""
    first = max(match.start() - _NEAR, 0)
    return line[first : match.end() + _NEAR], range(match.start() - first, match.end() - first)


def _hosts(near: str) -> Iterator[re.Match[str]]:
    for found in _HOST_PORT.finditer(near):
        host = found["host"]
        if not host.isdigit() and not _SOURCE_FILE.search(host):
            yield found


def _nearest(found: Iterator[re.Match[str]], phrase: range) -> re.Match[str] | None:
    """What is named right behind the phrase, else the last thing before it, else the first one after it."""
    candidates = list(found)
    behind = [candidate for candidate in candidates if candidate.start() >= phrase.stop]
    before = [candidate for candidate in candidates if candidate.start() < phrase.stop]
    if behind and (not before or behind[0].start() - phrase.stop <= _ADJACENT):
        return behind[0]
    return before[-1] if before else None


def _named(found: re.Match[str] | None) -> Names:
    if found is None:
        return {}
    host, number = found["host"].strip("[]"), found.groupdict().get("port")
    return {"host": host, "address": f"{host}:{number}" if number else host, **({"port": number} if number else {})}
