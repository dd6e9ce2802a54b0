"""Credentials that can be told by their own form: PEM blocks, JWTs, cloud keys, tokens with a prefix, URL passwords."""

from __future__ import annotations

import re
from typing import NamedTuple

REDACTED = "[redacted]"


class Shape(NamedTuple):
    """A form, and the lower-case letters without one of which no line has it: looked for first, for they are cheap."""

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str = REDACTED


def _shape(signs: str, pattern: str, replacement: str = REDACTED) -> Shape:
    return Shape(tuple(signs.split()), re.compile(pattern), replacement)


_PEM_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{1,40}-----")
# A line of a PEM block's body; where a log prints the block on one line, the line breaks are written out.
_PEM_BODY_LINE = re.compile(r"\s*(?:\\[rn]|[A-Za-z0-9+/=]){16,}[\"',\\}\]\s]*|\s*(?:Proc-Type|DEK-Info): .*")
_PEM_LAST_LINE = re.compile(r"\s*[A-Za-z0-9+/=]{1,76}\s*")

_LOGIN = r"\b(?:docker|podman|nerdctl|buildah|skopeo|crane|helm registry|oc|az)\s+login\b"
_MONGO = r"\bmongo(?:sh|dump|restore|export|import|stat|top)?\b"

SHAPES = (
    # JSON web tokens: base64 of '{"', whole or cut off.
    _shape("eyj", r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),
    # Cloud keys, and tokens that say whose they are.
    _shape("akia asia abia acca", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _shape("aiza", r"\bAIza[\w-]{35,}"),
    _shape("ya29.", r"\bya29\.[\w-]{20,}"),
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]_|github_pat_)\w{10,}"),
    _shape("glpat- npm_ hf_ dop_v1_", r"\b(?:glpat-|npm_|hf_|dop_v1_)[\w-]{10,}"),
    _shape("xox xapp-", r"\b(?:xox[abeoprs]-|xapp-)[\w-]{10,}"),
    _shape("k_live_ k_test_ sk- sg.", r"\b(?:[rs]k_(?:live|test)_|sk-|SG\.)[\w.-]{16,}"),
    _shape("age-secret-key- hvs. hvb. hvr.", r"\b(?:AGE-SECRET-KEY-|hv[sbr]\.)[\w.-]{16,}"),
    # Vault's tokens before 1.10; not `s.handleConnectionTimeouts` of a stack trace.
    _shape("s.", r"(?<![\w.-])s\.(?=\w{0,23}\d|(?:[a-z]*[A-Z]){5})[A-Za-z0-9]{24}(?![\w.(])"),
    # Webhook addresses are credentials themselves.
    _shape("hooks.slack", r"(https://hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]+", rf"\1{REDACTED}"),
    _shape("/webhook", r"(https://[\w.-]{1,99}/(?:api/)?webhooks?/)[\w/@-]{16,}", rf"\1{REDACTED}"),
    # user:password@ in URLs, but not `host:8080/path@x`; and a long token before the @.
    _shape(
        "://",
        r"(://(?::|[^\s/@:\"'<>\[\]]{1,256}:(?!\d{1,5}[/?\s])))[^\s\"'<>]{1,512}@",
        rf"\1{REDACTED}@",
    ),
    _shape("://", r"(://)[\w.~%+=-]{20,512}@", rf"\1{REDACTED}@"),
    # Data sources of Go's MySQL driver, `user:password@tcp(db:3306)/x`; Oracle's, `sys/password@//db`.
    _shape("@tcp @unix(", r"((?<![\w.-])[\w.-]{1,64}:)[^\s\"'`<>]{1,256}@(?=(?:tcp[46]?|unix)\()", rf"\1{REDACTED}@"),
    _shape("@//", r"((?<![\w/.-])[A-Za-z][\w$#]{0,29}/)[^\s/@\"']{1,128}(?=@//?\w)", rf"\1{REDACTED}"),
    _shape("oracle:", r"(\boracle:(?:thin|oci8?):[^\s/@]{1,64}/)[^\s@]{1,256}(?=@)", rf"\1{REDACTED}"),
    _shape("sqlplus", r"(\bsqlplus\b[^\n]{0,200}?\s[\w$#]{1,30}/)[^\s/@]{1,128}(?=@)", rf"\1{REDACTED}"),
    # Schemes of the Authorization header, wherever they stand; `bearer token` and `Basic Authentication` stay.
    _shape(
        "bearer",
        r"(?i)(\bbearer[ \t]+)(?=\S{0,200}[\d._~-]|\S{20})[\w.~+/-]{8,}+=*(?![^\s\"',;)\]}])",
        rf"\1{REDACTED}",
    ),
    _shape(
        "basic",
        r"((?i:\bbasic)[ \t]+)(?=[A-Za-z+/]{0,400}(?:\d|[a-z][A-Z]|=))[A-Za-z0-9+/]{8,}=*",
        rf"\1{REDACTED}",
    ),
    # Passwords among the arguments of well-known clients.
    _shape("curl", r"(\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?)\S{1,512}", rf"\1{REDACTED}"),
    _shape("redis-cli", r"(\bredis-cli\b[^\n]{0,200}?\s-a )\S{1,512}", rf"\1{REDACTED}"),
    _shape("login", rf"({_LOGIN}[^\n;|]{{0,200}}?\s-p[ =]?[\"']?)(?![-\"' =])[^\s\"']{{1,512}}", rf"\1{REDACTED}"),
    _shape(
        "mongo",
        rf"({_MONGO}[^\n;|]{{0,200}}?\s-p[ =]?[\"']?)(?![-\"' =]|\d{{1,5}}:\d)[^\s\"']{{1,512}}",
        rf"\1{REDACTED}",
    ),
    _shape("mysql mariadb", r"(\b(?:mysql|mariadb)\w*\b[^\n]{0,200}?\s-p)\S{1,512}", rf"\1{REDACTED}"),
    _shape("sshpass", r"(\bsshpass\s+-p ?)\S{1,512}", rf"\1{REDACTED}"),
)
SIGNS = ("-----", *(sign for shape in SHAPES for sign in shape.signs))


def shapes(line: str) -> str:
    """The line without what is a credential by its form."""
    lowered = line.lower()
    for shape in SHAPES:
        if any(sign in lowered for sign in shape.signs):
            line = shape.pattern.sub(shape.replacement, line)
    return line


def pem_blocks(text: str) -> str:
    """The text without the bodies of its PEM blocks, also of those that were cut off at either end."""
    if "-----" not in text:
        return text
    parts, position, inside = [], 0, False
    for mark in _PEM_MARK.finditer(text):
        before = text[position : mark.start()]
        parts.append(_between(before, inside=inside, ends=mark[1] == "END"))
        parts.append(mark[0])
        position, inside = mark.end(), mark[1] == "BEGIN"
    parts.append(_between(text[position:], inside=inside, ends=False))
    return "".join(parts)


def _between(text: str, *, inside: bool, ends: bool) -> str:
    """What stands before a mark: a whole body, the rest of one whose BEGIN is lost, the start of one without END."""
    if inside and ends:
        return _blank(text)
    lines = text.split("\n")
    if ends:
        return "\n".join(reversed(_blank_body(lines[::-1], last_first=True)))
    return "\n".join(_blank_body(lines)) if inside else text


def _blank_body(lines: list[str], *, last_first: bool = False) -> list[str]:
    """Blanks lines from the mark's on, as long as they look like base64; nothing need stand beside the mark itself."""
    for index, line in enumerate(lines):
        short = last_first and index == 1 and _PEM_LAST_LINE.fullmatch(line)
        if short or _PEM_BODY_LINE.fullmatch(line):
            lines[index] = REDACTED
        elif index or line.strip(" \t\r\"'"):
            break
    return lines


def _blank(text: str) -> str:
    return "\n".join(REDACTED if line.strip(" \t\r\"'") else line for line in text.split("\n"))
