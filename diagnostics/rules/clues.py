"""Tells causes of one kind of message apart: a table of patterns, each speaking for a rule, and one pass over it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.rules.model import Confidence, Rule

# How much of a message is looked at; what tells the cause of an error stands within its first few hundred characters.
LOOKED_AT = 4096
# How much of an error is worth a place in a sentence; the evidence quotes all of it.
WORTH_SAYING = 240

# What a runtime wraps around the error that matters, outermost first.
_WRAPPINGS = re.compile(
    r"(?:Error: |rpc error: code = \w{1,30} desc = |failed to pull and unpack image \"[^\"]{1,512}\": "
    r"|failed to resolve reference \"[^\"]{1,512}\": |failed to do request: (?:Head|Get) \"[^\"]{1,512}\": "
    r"|failed to provision volume with StorageClass \"[^\"]{1,253}\": "
    r"|Failed to inspect image \"[^\"]{0,512}\": |connection error: desc = |NetworkPlugin cni failed to set up pod \S{1,320} network: "
    r"|failed to setup network for sandbox \"[^\"]{1,100}\": |plugin type=\"[^\"]{1,100}\"(?: name=\"[^\"]{1,100}\")? failed \(add\): "
    r"|Failed to create pod sandbox: |failed to create containerd task: |failed to create shim task: "
    r"|failed to create containerd container: |OCI runtime create failed: |runc create failed: "
    r"|container create failed: |unable to start container process: |error during container init: )"
)


@dataclass(frozen=True, slots=True)
class Clue:
    """One row of a table: a message that matches the pattern speaks for the rule.

    `confidence` is `POSSIBLE` where the words are known from reports only, not from the program that writes them.
    """

    rule: Rule
    pattern: re.Pattern[str]
    confidence: Confidence = Confidence.CERTAIN


@dataclass(frozen=True, slots=True)
class Match:
    """A clue that was found, with what its pattern's named groups hold."""

    rule: Rule
    confidence: Confidence
    named: dict[str, str]

    @property
    def hedge(self) -> str:
        """How a sentence about a merely possible cause begins; nothing for a surer one."""
        return "Possibly: " if self.confidence is Confidence.POSSIBLE else ""


def clue(rule: Rule, pattern: str, confidence: Confidence = Confidence.CERTAIN) -> Clue:
    """A row of a table; upper and lower case are the same to its pattern."""
    return Clue(rule, re.compile(pattern, re.IGNORECASE), confidence)


def first(clues: Iterable[Clue], text: str) -> Match | None:
    """The first row that the text matches: order a table from the most telling phrase to the most general."""
    looked_at = text[:LOOKED_AT]
    for row in clues:
        if found := row.pattern.search(looked_at):
            named = {name: value for name, value in found.groupdict().items() if value}
            return Match(row.rule, row.confidence, named)
    return None


def core(text: str) -> str:
    """What an error says once its wrappings are off, cut to what fits in a sentence, without a full stop."""
    bare = text[:LOOKED_AT].strip()
    while wrapping := _WRAPPINGS.match(bare):
        bare = bare[wrapping.end() :]
    bare = bare.removesuffix(": unknown").rstrip(". ")
    return bare if len(bare) <= WORTH_SAYING else f"{bare[:WORTH_SAYING].rstrip()}…"
