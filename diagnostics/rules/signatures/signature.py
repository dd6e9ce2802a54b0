"""What a log signature is: a phrase that programs write when they fail, and what it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

Names = Mapping[str, str]
Extract = Callable[[str, "re.Match[str]"], Names]


class Weight(IntEnum):
    """How much a phrase tells; where several match, the heavier one is the cause."""

    TRACE = 1  # An exception as such.
    LOOSE = 2  # A phrase that many faults share: "permission denied".
    EXACT = 3  # A phrase that means one thing.


def groups(_line: str, match: re.Match[str]) -> Names:
    """The named groups that matched; `path_2` is another place where `path` may stand."""
    found = match.groupdict()
    return {name.partition("_")[0]: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Signature:
    """One row of the signature table (catalogue C).

    `needles` are lower-case literals of which every matching line holds at least one, so that most lines never meet
    the pattern. `says` are ways to put it into words, the one that names most first; the first whose names were all
    found is taken. `leads_to` is the code that the signature is the proof of.
    """

    id: str
    pattern: re.Pattern[str]
    needles: tuple[str, ...]
    says: tuple[str, ...]
    cause: str
    remedy: str
    leads_to: str
    weight: Weight = Weight.EXACT
    names: Extract = groups

    def words(self, names: Names) -> str:
        """What the line says, with the names that were found in it."""
        for template in self.says[:-1]:
            try:
                return template.format_map(dict(names))
            except KeyError:
                continue
        return self.says[-1].format_map(dict(names))
