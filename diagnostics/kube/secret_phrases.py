"""Credentials after words that ordinary diagnostics use too: `password is ...`, `auth=...`, `pass: ...`, `X_KEY=...`.

Such a word alone tells nothing, so the value itself must look like a credential. Left in, since taking them out would
take out ordinary words as well: bare passwords of letters alone (`password is swordfish`, `pass: swordfish`,
`Password for user admin: swordfish`), `auth` and `--auth` followed by a lower-case word, keys shorter than 16
characters after `..._KEY`, and `--key` followed by a path or the name of an object.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from diagnostics.kube.secret_shapes import REDACTED
from diagnostics.kube.secret_values import (
    OBJECT_NAME,
    looks_assigned,
    looks_chosen,
    looks_encoded,
    looks_like_code,
    looks_like_key,
    looks_like_option_key,
    looks_quoted,
)

SIGNS = ("pass", "pw", "auth", "jwt", "psk", "otp", "key")
Judge = Callable[[str], bool]


class Phrase(NamedTuple):
    """What stands before a value, and how a bare and a quoted value must look to be a credential."""

    before: re.Pattern[str]
    bare: Judge
    quoted: Judge
    # What follows a colon may be the cause of a failure: `password for user x: db-1 refused`, `auth: ORA01017: denied`.
    after_colon: bool = False


def _phrase(before: str, bare: Judge, quoted: Judge, *, after_colon: bool = False) -> Phrase:
    return Phrase(re.compile(before, re.IGNORECASE), bare, quoted, after_colon)


_WORD_IN_FULL = r"\b(?:password|passwd|passphrase|passcode|pwd)"
_SHORT = r"(?:(?<![a-z0-9/])(?:pass|pw)|(?-i:(?<=[a-z])P(?:ass|w)))"
_SHARED = r"(?<![a-z0-9/])(?:jwt|psk)"
_ONCE = r"(?<![a-z0-9/])t?otp"
_AUTH = r"(?<![a-z0-9/])auth"
_LONG_KEY = r"(?<=[a-z0-9][_-])(?<!public.)(?<!cache.)(?<!idempotency.)key"
_CLOSE = r"""(?:\\{0,4}["'`])?\]?[ \t]{0,4}"""
_IS = _CLOSE + r"(?:=>|:=|=)(?!=)[ \t]{0,4}"
_IS_AT_ONCE = r"\d{0,2}="

_COLON = _CLOSE + r":(?!=)[ \t]{0,4}"

PHRASES = (
    _phrase(_WORD_IN_FULL + r" (?:is|was|(?:is |was )?(?:re)?set to|changed to) (?:now )?", looks_chosen, looks_quoted),
    _phrase(r"\b(?:with|using) (?:the |a )?" + _WORD_IN_FULL + " ", looks_chosen, looks_quoted),
    _phrase(_WORD_IN_FULL + r" for [^:\n]{1,80}?(?::[ \t]{1,4}| is )", looks_chosen, looks_quoted, after_colon=True),
    # With spaces it may be a line of a traceback: `pw = request.form`.
    _phrase(_SHORT + _IS_AT_ONCE, looks_assigned, looks_assigned),
    _phrase(_SHORT + _IS, looks_chosen, looks_assigned),
    # `PASS: TestLogin2` is the result of a test.
    _phrase(r"(?-i:(?!PASS:))" + _SHORT + _COLON, looks_chosen, looks_assigned, after_colon=True),
    _phrase(_SHARED + _IS_AT_ONCE, looks_assigned, looks_assigned),
    _phrase(_SHARED + _IS, looks_chosen, looks_assigned),
    _phrase(_SHARED + _COLON, looks_chosen, looks_assigned, after_colon=True),
    _phrase(_ONCE + _CLOSE + r"(?:=>|:=|[:=])[ \t]{0,4}", looks_like_code, looks_like_code),
    _phrase(_AUTH + _IS, looks_encoded, looks_encoded),
    _phrase(_AUTH + _COLON, looks_encoded, looks_encoded, after_colon=True),
    _phrase(_LONG_KEY + _CLOSE + r"(?:=>|:=|[:=])[ \t]{0,4}", looks_like_key, looks_like_key),
    _phrase(r"(?<![\w-])--?(?:[\w-]{1,40}-)?(?:pass|pw|psk|jwt|otp|auth)[ \t]{1,4}", looks_chosen, looks_chosen),
    _phrase(r"(?<![\w-])--?key(?:[ \t]{1,4}|=)", looks_like_option_key, looks_like_option_key),
)

# A value is judged by its beginning, so that time stays linear, and goes whole.
_JUDGED = 256
_OPENING = re.compile(r"""\\{0,4}["'`]""")
_QUOTED = re.compile(r"""[^"'`\\\n]+""")
_BARE = re.compile(r"""[^\s"'`,;&<>|)\]}]+""")
_BARE_START = re.compile(rf"""[^\s"'`,;&<>|)\]}}]{{1,{_JUDGED}}}""")
_QUOTED_START = re.compile(rf"""[^"'`\\\n]{{1,{_JUDGED}}}""")
_LAST_WORD = re.compile(r"""[\s"'.,;)\]}]*$""")

_SURE_OPTION = re.compile(r"(?i)--?(?:[\w-]{1,40}[_-])?(?:pass|pw|psk|jwt|otp)")
_AUTH_OPTION = re.compile(r"(?i)--?(?:[\w-]{1,40}[_-])?auth")
_ASKS = re.compile(rf"{_WORD_IN_FULL}(?: for [^:\n]{{1,80}})?(?: is)?:\s*$", re.IGNORECASE)
_ANSWER = re.compile(r"""(\s*["']?)([^\s"']{6,512})(["']?\s*)""")


def phrases(line: str) -> str:
    """The line without the credentials that its words announce and whose form bears them out."""
    for phrase in PHRASES:
        line = _without(line, phrase)
    return line


def _without(line: str, phrase: Phrase) -> str:
    parts: list[str] = []
    position = 0
    for found in phrase.before.finditer(line):
        if found.start() < position:  # Part of a value that is gone already.
            continue
        span = _credential(line, found.end(), phrase)
        if span is not None:
            parts += line[position : span[0]], REDACTED
            position = span[1]
    parts.append(line[position:])
    return "".join(parts)


def _credential(line: str, start: int, phrase: Phrase) -> tuple[int, int] | None:
    """Where the credential stands that begins at a position, without its quotes; None if there is none."""
    opening = _OPENING.match(line, start)
    pattern, whole = (_QUOTED_START, _QUOTED) if opening else (_BARE_START, _BARE)
    value = pattern.match(line, opening.end() if opening else start)
    if value is None or line.startswith(REDACTED, value.start()):
        return None
    if opening:
        is_credential = phrase.quoted(value[0])
    else:
        is_credential = phrase.bare(value[0]) and not (phrase.after_colon and _names_a_cause(line, value))
    extended = whole.match(line, value.start()) if is_credential else None
    return extended.span() if extended else None


def _names_a_cause(line: str, value: re.Match[str]) -> bool:
    """Whether more of a sentence follows a word that may be the name of what failed."""
    if _LAST_WORD.match(line, value.end(), value.end() + 64):
        return False
    return value[0].endswith(":") or OBJECT_NAME.fullmatch(value[0]) is not None


def is_secret_argument(option: str, argument: str) -> bool:
    """Whether an argument is the secret that the option before it takes: `--db-pass x`, `--auth x`, `--key x`."""
    if _SURE_OPTION.fullmatch(option):
        return not argument.startswith("--")
    if _AUTH_OPTION.fullmatch(option):
        return looks_encoded(argument)
    return option in ("--key", "-key") and looks_like_option_key(argument)


def answers(lines: list[str]) -> list[str]:
    """The lines, without a password that stands alone on the line after `password:`."""
    redacted = lines[:1]
    for question, line in pairwise(lines):
        answer = _ANSWER.fullmatch(line) if _ASKS.search(question[-200:]) else None
        if answer and not answer[2].endswith(":") and looks_chosen(answer[2]):
            redacted.append(f"{answer[1]}{REDACTED}{answer[3]}")
        else:
            redacted.append(line)
    return redacted
