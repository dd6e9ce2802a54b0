"""Credentials that can be told by the name before them: `password=...`, `"apiKey": "..."`, `Cookie: ...`.

A name is a *sure* sign (`password`, `api_key`) or an *unsure* one: `token: unexpected status`, `secret: app-tls` and
`credentials: exit status 1` are ordinary diagnostics, so what follows such a word and a colon must look random.
"""

from __future__ import annotations

import re
from functools import lru_cache

from diagnostics.kube.secret_shapes import REDACTED
from diagnostics.kube.secret_values import NO_SECRET, PROSE, looks_random

LONGEST_NAME = 64
# A line without any of these has no pair; told much faster than by the patterns.
SIGNS = ("pass", "pwd", "key", "token", "secret", "credential", "sig", "authorization", "cookie")

_KEYS = "enc|encrypt|crypto|aes|fernet|hmac|cipher|api|access|account|private|secret|signing|encryption|shared|auth|master|subscription|webhook|license"
_TOKENS = "auth|access|refresh|session|id|bot|csrf|api|bearer|security|registration|vault|webhook"
_SECRETS = "client|app|application|consumer|oauth|shared|webhook|jwt|signing|session|hmac|cookie"
_SYSTEMS = "db|user|root|admin|smtp|mail|redis|mysql|pg|mongo|ldap|ftp|require|keystore|truststore"
_SURE = (
    rf"pass(?:word|wd|phrase|code)|(?<=_)pass|(?:{_SYSTEMS})pass|pwd|(?:{_KEYS})[_-]?(?:access[_-]?)?key(?:[_-]?base)?"
    rf"|(?:{_TOKENS})[_-]?token|(?:{_SECRETS})[_-]?secret"
)
_UNSURE = "token|secret|credentials?|signature|(?<![a-z])sig"
_HEADER = "authorization|cookie"
_WORD = rf"(?:(?P<header>{_HEADER})|(?P<sure>{_SURE})|(?:{_UNSURE}))\d{{0,2}}"
_NAME = re.compile(rf"(?:[\w.-]{{0,{LONGEST_NAME}}}?){_WORD}", re.IGNORECASE)
_PAIR = re.compile(
    rf"{_WORD}(?P<close>\\*[\"'`]?\]?)"
    r"(?:(?P<separator>(?: is| was| set to)?[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8})|(?P<gap>[ \t]{1,8}))",
    re.IGNORECASE,
)
_OPENING_QUOTE = re.compile(r"\[?(\\*[\"'`])")
# A separator or quote is part of a bare value unless the next field, or the end of what encloses it, follows.
_BARE = re.compile(
    r"(?:[^\s,;:&\"'`]|:(?!\s|$)|[,;&](?!\s|$|[\w.-]{1,64}[=:])|[\"'`](?![\s,;:&)}\]]|$))+",
)
_SCHEME = re.compile(r"(?:basic|bearer|digest|negotiate|ntlm|token|apikey|[\w-]{1,20}-hmac-sha\d{1,3}) ", re.IGNORECASE)
_REST_OF_HEADER = re.compile(rf"(?:{re.escape(REDACTED)}|[^\r\n\"'`\]])+")


def pairs(text: str) -> str:
    """The line without the values that follow the name of a secret."""
    parts: list[str] = []
    position = 0
    for found in _PAIR.finditer(text):
        if found.start() < position:  # Part of a value that is gone already.
            continue
        span = _secret(text, found)
        if span is not None:
            parts += text[position : span[0]], REDACTED
            position = span[1]
    parts.append(text[position:])
    return "".join(parts)


@lru_cache(maxsize=4096)  # The same few field names come again in every object.
def is_secret_name(name: str) -> bool:
    """Whether a field, annotation or variable of this name holds a secret: `db.password`, `example.com/api-token`."""
    domain, _, last = name.rpartition("/")
    return domain != "checksum" and _NAME.fullmatch(last) is not None


def is_secret_option(argument: str) -> bool:
    """Whether the argument after this one is a secret: `--password`."""
    return argument.startswith("-") and is_secret_name(argument)


def _secret(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret of a pair stands, without its quotes; None if there is none."""
    name = _start_of_name(text, found.start())
    if text[name - 1 : name] == "/":  # `open /etc/app/password: no such file`, `/oauth/token: 401`
        return None
    option = text[name] == "-"
    if found["gap"] and (found["close"] or not option):
        return None
    if found["header"] and found["separator"]:
        return _header_value(text, found)
    if quote := _opening_quote(text, found.end()):
        return _quoted(text, quote.end(), quote[1])
    bare = _BARE.match(text, found.end())
    return bare.span() if bare and _is_secret(bare[0], found, option=option) else None


def _start_of_name(text: str, position: int) -> int:
    """Where the name begins of which the word at `position` is the end: at `DB_` of `DB_PASSWORD`."""
    first = max(position - LONGEST_NAME, 0)
    while position > first and (text[position - 1].isalnum() or text[position - 1] in "_.-"):
        position -= 1
    return position


def _opening_quote(text: str, position: int) -> re.Match[str] | None:
    return None if text.startswith(REDACTED, position) else _OPENING_QUOTE.match(text, position)


def _quoted(text: str, start: int, quote: str) -> tuple[int, int] | None:
    """From after the opening quote to the closing one, or to the end of the line that was cut off."""
    end, line_end = start, text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    while True:
        end = text.find(quote, end, line_end)
        if end < 0:
            end = line_end
        elif quote[0] != "\\" and _escaped(text, start, end):
            end += 1
            continue
        value = text[start:end]
        return (start, end) if value and not NO_SECRET.fullmatch(value) else None


def _escaped(text: str, start: int, position: int) -> bool:
    """Whether an odd number of backslashes stands before a position."""
    backslashes = 0
    while position - backslashes > start and text[position - backslashes - 1] == "\\":
        backslashes += 1
    return backslashes % 2 == 1


def _is_secret(value: str, found: re.Match[str], *, option: bool) -> bool:
    if NO_SECRET.fullmatch(value) or (found["gap"] and (value.startswith("--") or len(value) == 2)):
        return False
    in_prose = bool(found["gap"]) or (":" in found["separator"] and not found["close"])
    if in_prose and value.rstrip(".,;:!").lower() in PROSE:
        return False
    return bool(found["sure"]) or option or not in_prose or looks_random(value)


def _header_value(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    """The whole rest of a header, quotes and Go's brackets left standing; after `=` only one word and its scheme."""
    start = found.end()
    opening = _opening_quote(text, start)
    if opening:
        return _quoted(text, opening.end(), opening[1])
    if text.startswith("[", start) and not text.startswith(REDACTED, start):
        start += 1
    scheme = _SCHEME.match(text, start)
    if "=" in found["separator"]:
        value = _BARE.match(text, scheme.end() if scheme else start)
    else:
        value = _REST_OF_HEADER.match(text, start)
    if value is None or not value[0].strip():
        return None
    first = value[0].split(maxsplit=1)[0]
    if first == REDACTED or first.rstrip(".,;:!").lower() in PROSE:
        return None
    # `may require authorization: server message: ...` is no header; cookies begin with their names.
    if found["header"].lower() == "authorization" and not (scheme or looks_random(first) or "=" in found["separator"]):
        return None
    return start, value.end()
