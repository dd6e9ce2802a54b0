"""Searches a log for the signatures: what did the program say before it ended?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from diagnostics.rules.signatures import network, runtimes, services, system
from diagnostics.rules.signatures.runtimes import TRACES
from diagnostics.rules.signatures.signature import Names, Signature
from diagnostics.rules.signatures.text import Entry, Level, readable

SIGNATURES: tuple[Signature, ...] = (
    *network.SIGNATURES,
    *services.SIGNATURES,
    *system.SIGNATURES,
    *runtimes.SIGNATURES,
)

# Each needle with its longest word: most logs repeat their words, so that is looked for first.
_NEEDLES = {needle: max(needle.split(), key=len) for signature in SIGNATURES for needle in signature.needles}
# So far from a needle the rest of its phrase may stand; what is farther away in a long line is not compared with it.
_REACH = 512

# What a log says last weighs more.
RECENT = 30
KEPT = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A signature found in a log. `line` counts from 1; `names` are the host, path, variable ... that it names."""

    signature: Signature
    line: int
    text: str
    names: Names
    frame: str = ""

    @property
    def words(self) -> str:
        """What it says: "nothing accepts connections at db:5432"."""
        return self.signature.words(self.names)


def search(lines: Sequence[str]) -> tuple[Match, ...]:
    """The signatures in a log, best first, at most three, each with its last occurrence."""
    return _search(tuple(lines)) if lines else ()


@lru_cache(maxsize=64)  # Several rules ask about one log, and the replicas of a workload say the same.
def _search(lines: tuple[str, ...]) -> tuple[Match, ...]:
    said = readable(lines)
    recent = {entry.at for entry in islice((entry for entry in reversed(said) if not entry.debug), RECENT)}
    scored = [(_score(signature, entry, recent), entry.at, match) for signature, entry, match in _found(said)]
    best = sorted(scored, key=lambda found: found[:2], reverse=True)
    return tuple(match for _, _, match in best[:KEPT])


def _found(said: Sequence[Entry]) -> Iterator[tuple[Signature, Entry, Match]]:
    latest = [(entry, entry.text.lower()) for entry in reversed(said)]
    present = _present("\n".join(low for _, low in latest))
    for signature in SIGNATURES:
        needles = [needle for needle in signature.needles if needle in present]
        for entry, low in latest if needles else ():
            found = [needle for needle in needles if needle in low]
            if found and (match := _match(signature, entry, *_place(entry.text, low, found))) and not entry.debug:
                yield signature, entry, match
                break
    for entry in reversed(said):
        if entry.trace and (match := _match(TRACES[entry.trace.language], entry)):
            yield match.signature, entry, match
            break


def _present(text: str) -> set[str]:
    """The needles that a lower-case text holds."""
    words = "\n".join(set(text.split()))
    return {needle for needle, word in _NEEDLES.items() if word in words and needle in text}


def _place(text: str, low: str, needles: Sequence[str]) -> tuple[int, int]:
    """From where to where in a text a phrase that holds one of those needles can stand."""
    if len(text) != len(low) or len(text) <= _REACH:  # Some letters are two in lower case.
        return 0, len(text)
    first = min(low.find(needle) for needle in needles)
    last = max(low.rfind(needle) + len(needle) for needle in needles)
    return max(first - _REACH, 0), last + _REACH


def _match(signature: Signature, entry: Entry, first: int = 0, end: int = sys.maxsize) -> Match | None:
    found = signature.pattern.search(entry.text, first, end)
    if found is None:
        return None
    frame = entry.trace.frame if entry.trace else ""
    return Match(signature, entry.at + 1, entry.text, signature.names(entry.text, found), frame)


def _score(signature: Signature, entry: Entry, recent: set[int]) -> int:
    """Specific before generic, the end of the log before its beginning, the last words of a fatal line before all."""
    if entry.at not in recent:
        return signature.weight
    level = entry.level
    if level is Level.FATAL:
        return signature.weight + 2
    return signature.weight + (0 if level in (Level.INFO, Level.WARN) else 1)
