"""Every read that the web face needs, each with a constant number of queries whatever is stored."""

from diagnostics.queries.lists import (
    COUNT_LIMIT,
    PAGE_SIZE,
    TEXT_LIMIT,
    Choices,
    Counts,
    Filter,
    Listing,
    Tab,
    choices,
    counts,
    lately_failing,
    listing,
)
from diagnostics.queries.stories import HISTORY_LIMIT, PODS_LIMIT, Story, story
from diagnostics.queries.watching import (
    Missed,
    clusters,
    clusters_with_last_resolved,
    kept_since,
    last_resolved,
    latest_seq,
    missed,
    opened_since_when_all_is_resolved,
)

__all__ = [
    "COUNT_LIMIT",
    "HISTORY_LIMIT",
    "PAGE_SIZE",
    "PODS_LIMIT",
    "TEXT_LIMIT",
    "Choices",
    "Counts",
    "Filter",
    "Listing",
    "Missed",
    "Story",
    "Tab",
    "choices",
    "clusters",
    "clusters_with_last_resolved",
    "counts",
    "kept_since",
    "last_resolved",
    "lately_failing",
    "latest_seq",
    "listing",
    "missed",
    "opened_since_when_all_is_resolved",
    "story",
]
