"""Texts of a cluster in the markup of a receiver: a log line calls nobody, makes no link and ends no block of code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_BREAK = "\u200b"  # Shows as nothing, and what stands on either side of it no longer belongs together.
_TAMED = {"@": f"@{_BREAK}", "<": f"<{_BREAK}", "]": f"]{_BREAK}", "`": "'"}
_CALLS = re.compile(r"(?<=<)(?=[!@])|(?<=@)(?=(?:all|here|channel|everyone)\b)")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def spelled(text: str, most: int, spellings: Mapping[str, str]) -> str:
    """At most so many characters of a markup in which some characters have to be spelt otherwise.

    No spelling is cut in two. Control characters, and those that turn the direction of writing, are left out.
    """
    kept: list[str] = []
    room = most - 1  # For the ellipsis, if it comes to that.
    for character in filter(_shows, text):
        piece = spellings.get(character, character)
        room -= len(piece)
        if room < 0:
            return "".join([*kept, "…"])
        kept.append(piece)
    return "".join(kept)


def tamed(text: str, most: int) -> str:
    """For Markdown that knows mentions and links, but no reliable way to write their signs as such."""
    return spelled(text, most, _TAMED)


def fenced(text: str) -> str:
    """A Markdown block of code that can be copied; only what would call everybody is broken up."""
    code = "".join(filter(_shows, text.replace("```", "'''")))
    return f"```\n{_CALLS.sub(_BREAK, code)}\n```"


def _shows(character: str) -> bool:
    return character in "\n\t" or (unicodedata.category(character) != "Cc" and character not in _TURNING)
