"""PodDisruptionBudgets that are not met, that are void, or that hold up a drain (catalogue B10 and B11).

A budget that allows no disruption is well as long as nobody drains a node: one for a single replica never allows any.
One that selects no pod guards nothing, and is no failure either.
"""

from collections.abc import Iterator

from diagnostics.rules.budgets.drains import drain_blocked, drain_does_not_end
from diagnostics.rules.budgets.guarded import RESOURCE
from diagnostics.rules.budgets.unmet import violated
from diagnostics.rules.budgets.void import void
from diagnostics.rules.nearby import everywhere
from diagnostics.snapshot.cluster import Snapshot

__all__ = ["drain_blocked", "drain_does_not_end", "violated", "void", "wants_around"]


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """The budgets of all that is read."""
    yield from everywhere(snapshot, RESOURCE)
