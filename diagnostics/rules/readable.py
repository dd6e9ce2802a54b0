"""A rule's templates as a reader of the reference sees them: what is filled in later is named, additions are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

# Names of values that say less to a reader than to the rule that fills them in.
_NAMES = {
    "workload_name": "workload",
    "said": "what was reported",
    "met": "what the probe met",
    "exits": "how it ended",
    "ended": "how it ended",
    "exited": "how it ended",
    "why": "reason",
    "how": "reason",
    "what": "pods",
    "sufferers": "pods of several workloads",
    "thing": "name",
    "short_nodes": "so many nodes do not have",
    "closed_nodes": "so many nodes have",
    "full_nodes": "so many nodes are",
    "emptiest": "what the emptiest has",
}
_IN_COMMANDS = {"workload": "KIND/NAME", "kind_slug": "KIND", "previous": "true", "suggested": "AMOUNT"}
_PLURAL = "s"  # The one value that is no word: the ending of the word before it.


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence; `open` names what a finding fills in."""

    text: str
    open: bool = False

    @property
    def marked(self) -> str:
        """What is filled in set in single angle quotation marks, which no shell and no markup takes for its own."""
        return f"\u2039{self.text}\u203a" if self.open else self.text


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place to be filled, with the fixed text before and after it."""

    before: str | None  # None: another slot stands right before it.
    after: str

    @property
    def is_addition(self) -> bool:
        """Whether the sentence is whole without it: glued to a word, or a sentence of its own."""
        if self.before is None or re.search(r"[\w).]$", self.before):
            return True
        if re.match("[A-Z]", self.after):
            return True
        return bool(re.search(r"(?:^|[.?] )$", self.before) and re.match(r"(?:$| [A-Z])", self.after))


def pieces(template: str) -> tuple[Piece, ...]:
    """A sentence in pieces; empty where nothing of it is the same for every finding."""
    found = tuple(_pieces(template.strip()))
    return found if any(re.search(r"\w", piece.text) for piece in found if not piece.open) else ()


def readable(template: str) -> str:
    """A sentence with what is filled in set in angle marks; blank where nothing is the same for every finding."""
    return "".join(piece.marked for piece in pieces(template))


def typed(command: str) -> str:
    """`kubectl -n NAMESPACE get pod POD`."""
    return "".join(
        literal + (_IN_COMMANDS.get(name, name.upper().replace("_", "-")) if name else "")
        for literal, name, _spec, _conversion in Formatter().parse(command)
    )


def _pieces(template: str) -> Iterator[Piece]:
    begun, fixed = False, ""
    for piece in _slots_named(template):
        if piece.open:
            yield from (Piece(fixed),) if fixed else ()
            yield piece
            begun, fixed = True, ""
        else:  # What was left out leaves its space behind.
            joined = re.sub(" {2,}", " ", fixed + piece.text)
            fixed = joined if begun else joined.lstrip()
    if fixed.rstrip():
        yield Piece(fixed.rstrip())


def _slots_named(template: str) -> Iterator[Piece]:
    parsed = [(literal, name) for literal, name, _spec, _conversion in Formatter().parse(template)]
    after = [literal for literal, _name in parsed[1:]] + [""]
    for n, (literal, name) in enumerate(parsed):
        yield Piece(literal)
        if name == _PLURAL:
            yield Piece(_PLURAL)
        elif name and not _Slot(literal if literal or not n else None, after[n]).is_addition:
            yield Piece(_NAMES.get(name, name.replace("_", " ")), open=True)
