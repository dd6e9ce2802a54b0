"""A verdict's evidence as exhibits: what it says, where it stands, and the log around the line that proves it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _

from dashboard.views.pod.lines import Line, proof_in
from dashboard.views.pod.plain import plain
from diagnostics.rules.model import Confidence
from diagnostics.snapshot.cluster import ContainerLog

LINES_BEFORE = 6
LINES_AFTER = 1
WORTH_A_HEADING = 60  # Characters of a value that still fit in a heading.
# The start of a path that the exhibit's place says anyway: the object's half, and the container.
_OBVIOUS = re.compile(
    r"^(?:status|spec)\.(?:(?:template\.spec\.)?(?:init)?containers?(?:Statuses)?\[[^]]*\]\.)?", re.IGNORECASE
)
NOTHING = frozenset({"", "[]", "{}"})  # Values that say that there is none.
ICONS = {"log": "log", "node": "node", "event": "bell", "pod": "pod"}


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence, ready to be shown."""

    icon: str
    heading: str
    brief: str  # The same in one line, for lists.
    place: str
    at: datetime | None
    proves: bool
    quote: str = ""  # Blank where the heading says it all.
    lines: tuple[Line, ...] = ()


def exhibits(verdict: Mapping[str, Any], log: ContainerLog | None = None) -> list[Exhibit]:
    """All evidence of a verdict, strongest first.

    The first piece proves it only where the engine is certain; how sure to sound is never a template's choice.
    """
    certain = verdict["confidence"] == Confidence.CERTAIN
    return [
        _exhibit(piece, log, proves=certain and position == 0) for position, piece in enumerate(verdict["evidence"])
    ]


def _exhibit(piece: Mapping[str, Any], log: ContainerLog | None, *, proves: bool) -> Exhibit:
    make = {"log": _of_log, "event": _of_event}.get(piece["source"], _of_field)
    return make(piece, log, proves)


def _of_field(piece: Mapping[str, Any], _log: ContainerLog | None, proves: bool) -> Exhibit:
    field, value = _field(piece["path"]), piece["value"]
    short = len(value) <= WORTH_A_HEADING and "\n" not in value
    told = _("empty") if value in NOTHING else format_html("<code>{}</code>", _first_line(value))
    heading = format_html("<code>{}</code> " + _("is") + " {}", field, told) if short else None
    return Exhibit(
        icon=ICONS.get(piece["source"], "workload"),
        heading=heading or format_html("<code>{}</code>", field),
        brief=format_html("{}: {}", field, told),
        place=_place(piece["object"], piece["path"]),
        at=_moment(piece),
        proves=proves,
        quote="" if short else value,
    )


def _of_event(piece: Mapping[str, Any], _log: ContainerLog | None, proves: bool) -> Exhibit:
    reason, _colon, message = piece["value"].partition(": ")
    return Exhibit(
        icon="bell",
        heading=format_html(_("Event") + " <code>{}</code>", reason),
        brief=format_html("<code>{}</code> {}", reason, _first_line(message)),
        place=_place(piece["object"]),
        at=_moment(piece),
        proves=proves,
        quote=message,
    )


def _of_log(piece: Mapping[str, Any], log: ContainerLog | None, proves: bool) -> Exhibit:
    lines = tuple(_excerpt(piece, log)) if log else ()
    return Exhibit(
        icon="log",
        heading=_("The log says why") if proves else _("The log"),
        brief=format_html(_("Log:") + " <code>{}</code>", _last_line(piece["value"])),
        place=_place(piece["object"], piece["path"]),
        at=_moment(piece),
        proves=proves,
        lines=lines
        or tuple(Line(n, plain(text), proves=True) for n, text in enumerate(piece["value"].splitlines(), 1)),
    )


def _excerpt(piece: Mapping[str, Any], log: ContainerLog) -> Iterator[Line]:
    """The quoted lines within those around them; nothing if the kept log does not hold them (any more)."""
    found = proof_in(piece, log.lines)
    if found:
        for n in range(max(found.start - LINES_BEFORE, 0), min(found.stop + LINES_AFTER, len(log.lines))):
            yield Line(n + 1, plain(log.lines[n]), proves=n in found)


def _place(name: str, path: str = "") -> str:
    """`Pod cart-6d9f-abcde, status.containerStatuses[app]`: the object, and where in it."""
    kind, _slash, rest = name.partition("/")
    shown = f"{kind} {rest}" if rest else kind
    return f"{shown}, {path}" if path else shown


def _field(path: str) -> str:
    """The end of a JSON path that still means something alone: `lastState.terminated.reason`, `conditions[Ready].reason`."""
    return _OBVIOUS.sub("", path)


def _moment(piece: Mapping[str, Any]) -> datetime | None:
    return parse_datetime(piece["at"]) if piece.get("at") else None


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
