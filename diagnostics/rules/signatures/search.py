"""Searches a log for the signatures: what did the program say before it ended?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.rules.signatures import network, runtimes, services, system
from diagnostics.rules.signatures.runtimes import TRACES
from diagnostics.rules.signatures.signature import Names, Signature
from diagnostics.rules.signatures.text import Entry, Level, entries

SIGNATURES: tuple[Signature, ...] = (
    *network.SIGNATURES,
    *services.SIGNATURES,
    *system.SIGNATURES,
    *runtimes.SIGNATURES,
)

_NEEDLES = frozenset(needle for signature in SIGNATURES for needle in signature.needles)

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
    said = entries(lines)
    recent = {entry.index for entry in said[-RECENT:]}
    scored = [(_score(signature, entry, recent), entry.index, match) for signature, entry, match in _found(said)]
    best = sorted(scored, key=lambda found: found[:2], reverse=True)
    return tuple(match for _, _, match in best[:KEPT])


def _found(said: Sequence[Entry]) -> Iterator[tuple[Signature, Entry, Match]]:
    lowered = [entry.text.lower() for entry in said]
    everything = "\n".join(lowered)
    present = {needle for needle in _NEEDLES if needle in everything}
    for signature in SIGNATURES:
        needles = [needle for needle in signature.needles if needle in present]
        for entry, low in zip(reversed(said), reversed(lowered), strict=True) if needles else ():
            if any(needle in low for needle in needles) and (match := _match(signature, entry)):
                yield signature, entry, match
                break
    for entry in reversed(said):
        if entry.trace and (match := _match(TRACES[entry.trace.language], entry)):
            yield match.signature, entry, match
            break


def _match(signature: Signature, entry: Entry) -> Match | None:
    found = signature.pattern.search(entry.text)
    if found is None:
        return None
    frame = entry.trace.frame if entry.trace else ""
    return Match(signature, entry.index + 1, entry.text, signature.names(entry.text, found), frame)


def _score(signature: Signature, entry: Entry, recent: set[int]) -> int:
    """Specific before generic, the end of the log before its beginning, the last words of a fatal line before all."""
    if entry.index not in recent:
        return signature.weight
    if entry.level is Level.FATAL:
        return signature.weight + 2
    return signature.weight + (0 if entry.level in (Level.INFO, Level.WARN) else 1)
