"""Every read that the web face needs, each with a constant number of queries whatever is stored."""

from diagnostics.queries.codes import WORST_SHOWN, OpenHere, open_by_code, open_with
from diagnostics.queries.groups import GROUPS_SHOWN, Group, GroupBy, Groups, causes, grouped, groups
from diagnostics.queries.lists import (
    PAGE_SIZE,
    Counts,
    Listing,
    Sort,
    Tab,
    assigned_to,
    counts,
    lately_failing,
    listing,
)
from diagnostics.queries.matching import Preview, Trial, Tried, hidden_by, preview, trial
from diagnostics.queries.narrowing import COUNT_LIMIT, NOBODY, TEXT_LIMIT, Choices, Filter, choices
from diagnostics.queries.saved_views import open_in_each, saved_views
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
    "GROUPS_SHOWN",
    "HISTORY_LIMIT",
    "NOBODY",
    "PAGE_SIZE",
    "PODS_LIMIT",
    "TEXT_LIMIT",
    "WORST_SHOWN",
    "Choices",
    "Counts",
    "Filter",
    "Group",
    "GroupBy",
    "Groups",
    "Listing",
    "Missed",
    "OpenHere",
    "Preview",
    "Sort",
    "Story",
    "Tab",
    "Trial",
    "Tried",
    "assigned_to",
    "causes",
    "choices",
    "clusters",
    "clusters_with_last_resolved",
    "counts",
    "grouped",
    "groups",
    "hidden_by",
    "kept_since",
    "last_resolved",
    "lately_failing",
    "latest_seq",
    "listing",
    "missed",
    "open_by_code",
    "open_in_each",
    "open_with",
    "opened_since_when_all_is_resolved",
    "preview",
    "saved_views",
    "story",
    "trial",
]
