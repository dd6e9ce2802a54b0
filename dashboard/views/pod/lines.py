"""Numbered lines in the viewer: which of them matter, which are found, which are hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from dashboard.views.pod.levels import Level, levels
from dashboard.views.pod.plain import cut, plain

SHOWN_LINES = 500  # The last ones, unless all are asked for.
LONGEST_SEARCH = 200
_PLACE = re.compile(r"lines? (?P<first>\d+)(?:-(?P<last>\d+))? of (?P<of>\d+)$")
_BY_WORD = {level.name.lower(): level for level in Level}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `number` counts from the start of what was kept."""

    number: int
    text: str
    level: Level | None = None
    proves: bool = False
    found: bool = False
    hidden: bool = False
    cut: int = 0  # Characters that are not shown.


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query string asks of a viewer: a text to find, the least level, and whether all lines are shown."""

    find: str = ""
    level: Level | None = None
    all: bool = False

    @classmethod
    def of(cls, query: QueryDict, prefix: str = "") -> Asked:
        """Reads it; what it does not understand it leaves out."""
        return cls(
            find=query.get(f"{prefix}find", "").replace("\0", "")[:LONGEST_SEARCH],
            level=_BY_WORD.get(query.get(f"{prefix}level", "")),
            all=query.get(f"{prefix}lines") == "all",
        )


@dataclass(frozen=True, slots=True)
class View:
    """The lines that the viewer holds."""

    lines: tuple[Line, ...]
    earlier: int  # Kept lines that are not among them.
    asked: Asked

    @property
    def found(self) -> int:
        """How many lines hold what is looked for."""
        return sum(line.found and not line.hidden for line in self.lines)

    @property
    def hidden(self) -> int:
        """How many lines the level hides."""
        return sum(line.hidden for line in self.lines)

    @property
    def proving(self) -> Line | None:
        """The last of the lines that prove something."""
        return next((line for line in reversed(self.lines) if line.proves), None)

    @property
    def has_levels(self) -> bool:
        """Whether there is anything to filter by."""
        return any(line.level for line in self.lines)


def view(texts: Sequence[str], proving: Collection[int], asked: Asked, *, leveled: bool = True) -> View:
    """The lines with those of these indices marked; a line that proves something is never hidden or left out."""
    first = 0 if asked.all else max(min([len(texts) - SHOWN_LINES, *proving]), 0)
    known = list(levels(texts)) if leveled else [None] * len(texts)
    wanted = asked.find.lower()
    return View(
        tuple(
            Line(
                number=n + 1,
                text=plain(texts[n]),
                level=known[n],
                proves=n in proving,
                found=bool(wanted) and wanted in texts[n].lower(),
                hidden=asked.level is not None and n not in proving and (known[n] or 0) < asked.level,
                cut=cut(texts[n]),
            )
            for n in range(first, len(texts))
        ),
        first,
        asked,
    )


def proof_in(piece: Mapping[str, Any], texts: Sequence[str]) -> range:
    """Where the lines stand that a piece of evidence quotes; an empty range where they do not.

    What is quoted of a structured line is its message alone: that one is found by its place in a log of the same length.
    """
    return quoted_in(piece["value"], texts) or _placed_in(piece["path"], len(texts))


def quoted_in(quote: str, texts: Sequence[str]) -> range:
    """Where the lines of a quotation stand, the last time that they do; an empty range where they do not.

    A quotation may end in what the log says in other words, such as the frame of a trace that matters: that is left out.
    """
    wanted = [line.strip() for line in quote.splitlines() if line.strip()]
    for length in range(len(wanted), 0, -1):
        found = [n for n, text in enumerate(texts) if text.strip().endswith(wanted[length - 1])]
        if found:
            return range(max(found[-1] - length + 1, 0), found[-1] + 1)
    return range(0)


def _placed_in(path: str, count: int) -> range:
    found = _PLACE.search(path)
    if not found or int(found["of"]) != count:
        return range(0)
    first = int(found["first"])
    return range(first - 1, int(found["last"] or first))
