"""Saved views of the triage page: they are saved, renamed, shared and deleted."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from diagnostics.models import SavedView
from diagnostics.operations.refusing import Invalid

LONGEST_NAME = 60
LONGEST_QUERY = 2_000
MOST = 20  # Of one owner: as many as the rail lists.


def save(owner: User, name: str, query: str, *, shared: bool) -> SavedView:
    """A new view of `owner`; `query` is a query string as the page writes it itself. Raises Invalid."""
    if len(query) > LONGEST_QUERY:
        raise Invalid({"query": ["The filter is too long to be kept: choose fewer values."]})
    if SavedView.objects.filter(owner=owner).count() >= MOST:
        raise Invalid({"name": [f"You have {MOST} views, the most that are kept: delete one first."]})
    return _stored(SavedView(owner=owner, query=query, shared=shared), name)


def rename(view: SavedView, name: str, *, shared: bool) -> SavedView:
    """Another name for it, and whether others see it. Raises Invalid."""
    view.shared = shared
    return _stored(view, name)


def delete(view: SavedView) -> None:
    """From now on nobody sees it."""
    view.delete()


def _stored(view: SavedView, name: str) -> SavedView:
    view.name = name.replace("\0", "").strip()
    if not 0 < len(view.name) <= LONGEST_NAME:
        raise Invalid({"name": [f"A view needs a name of 1 to {LONGEST_NAME} characters."]})
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Invalid({"name": [f"There is a view named {view.name} already: choose another name."]}) from None
    return view
