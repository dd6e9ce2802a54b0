"""Every read that the web face needs, each with a constant number of queries whatever is stored."""

from diagnostics.queries.codes import WORST_SHOWN, OpenHere, open_by_code, open_with
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
    "WORST_SHOWN",
    "Choices",
    "Counts",
    "Filter",
    "Listing",
    "Missed",
    "OpenHere",
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
    "open_by_code",
    "open_with",
    "opened_since_when_all_is_resolved",
    "story",
]
