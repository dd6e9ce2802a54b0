"""Saved views: filters of the triage page under a name, one's own or shared, listed in the rail of every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.roles import Role, may
from dashboard.signin import View, for_role
from dashboard.views.filters import Selection, triage_url
from dashboard.views.overview import Overview, ViewLine
from diagnostics import queries
from diagnostics.models import SavedView
from diagnostics.operations import views
from diagnostics.operations.refusing import Invalid
from diagnostics.queries import COUNT_LIMIT, Tab

Rest = ParamSpec("Rest")


def views_of(overview: Overview, selection: Selection, user: Any) -> dict[str, Any]:
    """The same on the triage page: counted, as long as that is cheap, and with the one that is open."""
    listed = queries.saved_views(user)
    counts = _counts(listed, overview, user) if overview.counts.open <= COUNT_LIMIT else [None] * len(listed)
    opened = next((view for view in listed if view.query == selection.query), None)
    return {
        "views": [ViewLine(view, triage_url(view.query), n) for view, n in zip(listed, counts, strict=True)],
        "opened_view": opened,
        "may_change_view": opened is not None and _may_change(user, opened),
    }


def _counts(listed: Sequence[SavedView], overview: Overview, user: Any) -> list[int | None]:
    """One of resolved diagnoses is not counted: there may be a million."""
    selections = [Selection.of(QueryDict(view.query), reader=user.get_username()) for view in listed]
    counted = [selection for selection in selections if selection.tab is not Tab.RESOLVED]
    wanted = [(selection.tab, selection.filter) for selection in counted]
    found = iter(queries.open_in_each(wanted, overview.now, user) if wanted else [])
    return [None if selection.tab is Tab.RESOLVED else next(found) for selection in selections]


def _changes_views(view: View[Rest]) -> View[Rest]:
    """For everybody with an account: a POST, and nothing to look at."""
    return require_POST(for_role(Role.VIEWER, view, posted_from="triage"))


def _may_change(user: Any, view: SavedView) -> bool:
    """Its owner may; what is shared, an admin too."""
    return view.owner_id == user.pk or (view.shared and may(user, Role.ADMIN))


@_changes_views
def save(request: HttpRequest) -> HttpResponse:
    """Keeps what the query string says under a name."""
    user: Any = request.user  # A User passed the gate.
    query = Selection.of(request.GET, reader=user.get_username()).query

    def stored() -> str:
        view = views.save(user, request.POST.get("name", ""), query, shared=_shared(request))
        return _("The view %(name)s is saved.") % {"name": view.name}

    return _answered(request, stored, query)


@_changes_views
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Renames a view, says who sees it, or deletes it."""
    view = queries.saved_view(pk)
    if view is None or not _may_change(request.user, view):
        raise Http404

    def stored() -> str:
        if request.POST.get("do") == "delete":
            views.delete(view)
            return _("The view %(name)s is deleted.") % {"name": view.name}
        views.rename(view, request.POST.get("name", ""), shared=_shared(request))
        return _("The view is named %(name)s.") % {"name": view.name}

    return _answered(request, stored, view.query)


def _answered(request: HttpRequest, stored: Callable[[], str], query: str) -> HttpResponse:
    try:
        messages.success(request, stored())
    except Invalid as error:
        messages.error(request, " ".join(text for texts in error.errors.values() for text in texts))
    return redirect(triage_url(query))


def _shared(request: HttpRequest) -> bool:
    """Whether others are to see it; that takes a responder."""
    return "shared" in request.POST and may(request.user, Role.RESPONDER)
