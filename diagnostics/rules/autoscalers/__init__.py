"""HorizontalPodAutoscalers that do not scale, or cannot scale far enough (catalogue B11).

An autoscaler at the lower end of its range is well, and so is one whose target is scaled to zero. One whose target's
pods do not run has no metrics: that is a consequence, and is told under its cause.
"""

from collections.abc import Iterator

from diagnostics.rules.autoscalers.metrics import no_metrics
from diagnostics.rules.autoscalers.targets import maxed, target_unusable
from diagnostics.rules.autoscalers.words import RESOURCE
from diagnostics.rules.nearby import everywhere
from diagnostics.snapshot.cluster import Snapshot

__all__ = ["maxed", "no_metrics", "target_unusable", "wants_around"]


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """The autoscalers of all that is read."""
    yield from everywhere(snapshot, RESOURCE)
