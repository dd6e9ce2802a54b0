"""Documents with fields missing: what an older server, a newer one or a lenient proxy may send."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from random import Random
from typing import Any

from hypothesis import strategies as st

# One number decides a whole batch of edits: drawing the choices of each would cost more than judging what they make.
RANDOM = st.builds(Random, st.integers(0, 2**32))
BATCH = 4
# How much of a document is left out.
SHARES = (0.01, 0.05, 0.2)


def some(random: Random, share: float, value: Any) -> Any:
    """A JSON value with that share of its parts, fields and items alike, left out at any depth."""
    if isinstance(value, dict):
        return {key: some(random, share, part) for key, part in value.items() if random.random() >= share}
    if isinstance(value, list):
        return [some(random, share, part) for part in value if random.random() >= share]
    return value


def pruned(document: Any, dropped: AbstractSet[int]) -> Any:
    """A JSON document without the fields whose turn, in the order of a walk that starts at 1, is in `dropped`."""
    return _walk(document, dropped, [0])


def _walk(value: Any, dropped: AbstractSet[int], turn: list[int]) -> Any:
    if isinstance(value, list):
        return [_walk(child, dropped, turn) for child in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, child in value.items():
        turn[0] += 1
        if turn[0] not in dropped:
            kept[key] = _walk(child, dropped, turn)
    return kept
