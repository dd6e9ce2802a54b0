"""The views that people saved: which somebody may open, and how many diagnoses each has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Case, Count, Q, Value, When

from diagnostics.models import Diagnosis, SavedView
from diagnostics.queries.lists import Tab, listed
from diagnostics.queries.narrowing import IS_OPEN, Filter

VIEWS_SHOWN = 20


def saved_views(user: User) -> list[SavedView]:
    """Somebody's own views, then those that others share, at most VIEWS_SHOWN, with their owners."""
    others = Case(When(owner=user, then=Value(0)), default=Value(1))
    seen = SavedView.objects.select_related("owner").filter(Q(owner=user) | Q(shared=True))
    return list(seen.order_by(others, "name", "pk")[:VIEWS_SHOWN])


def saved_view(pk: int) -> SavedView | None:
    """One view, whoever may see it; None if there is none (any more)."""
    return SavedView.objects.filter(pk=pk).first()


def open_in_each(views: Sequence[tuple[Tab, Filter]], now: datetime, user: User) -> list[int]:
    """How many open diagnoses each of some lists has as `user` sees it, narrowed by its filter. One query."""
    counts = {
        f"n{n}": Count("pk", filter=listed(tab, now, user) & chosen.condition())
        for n, (tab, chosen) in enumerate(views)
    }
    found = Diagnosis.objects.filter(IS_OPEN).aggregate(**counts)
    return [found[name] for name in counts]
