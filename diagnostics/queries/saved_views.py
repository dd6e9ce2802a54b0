"""The views that people saved: which somebody may open, and how many diagnoses each has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Q

from diagnostics.models import Diagnosis, SavedView
from diagnostics.queries.lists import Tab, listed
from diagnostics.queries.narrowing import IS_OPEN, Filter

VIEWS_SHOWN = 20


def saved_views(user: User) -> list[SavedView]:
    """Somebody's own views and those that are shared, at most VIEWS_SHOWN, with their owners."""
    return list(SavedView.objects.select_related("owner").filter(Q(owner=user) | Q(shared=True))[:VIEWS_SHOWN])


def open_in_each(views: Sequence[tuple[Tab, Filter]], now: datetime, user: User) -> list[int]:
    """How many open diagnoses each of some lists has as `user` sees it, narrowed by its filter. One query."""
    counts = {
        f"n{n}": Count("pk", filter=listed(tab, now, user) & chosen.condition())
        for n, (tab, chosen) in enumerate(views)
    }
    found = Diagnosis.objects.filter(IS_OPEN).aggregate(**counts)
    return [found[name] for name in counts]
