"""Routes: adding, changing, putting in order, removing."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.views.notifications.gate import deed, form_page
from dashboard.views.notifications.matcher_rows import MatcherRows, rows_of, rows_posted
from dashboard.views.notifications.route_form import RouteForm
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID
from diagnostics.models import Route
from diagnostics.operations import routes
from diagnostics.queries import notifying


@form_page()
def add(request: HttpRequest) -> HttpResponse:
    """A new route, last of all."""
    return _edited(request, None)


@form_page()
def edit(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One route."""
    return _edited(request, _row(uuid))


def _edited(request: HttpRequest, row: Route | None) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    more = posted is not None and "more" in posted
    form = RouteForm(notifying.channel_choices(), row, posted)
    rows = rows_of(row.matchers if row else []) if posted is None else rows_posted(posted, more=more)
    if posted is not None and not more and _stored(row, form, rows):
        messages.success(request, _("Route %(name)s is saved.") % {"name": form.cleaned_data["name"]})
        return redirect(f"{reverse('notifications')}#routes")
    status = INVALID if posted is not None and not more else 200
    context = {"row": row, "form": form, "rows": rows}
    return render_page(request, "notifications/route.html", current_overview(), context, status)


def _stored(row: Route | None, form: RouteForm, rows: MatcherRows) -> bool:
    if not (form.is_valid() & rows.is_valid()):  # Both, so that both say what is wrong.
        return False
    values = {**form.values, "matchers": rows.matchers}
    if row is None:
        return form.takes(lambda: routes.create(values))
    return form.takes(lambda: routes.change(row.uuid, values, form.cleaned_data["version"]))


@deed()
def move(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Puts it one place up or down."""
    row = _row(uuid)
    routes.change(uuid, {"position": row.position + (1 if request.POST.get("to") == "down" else -1)})
    row.refresh_from_db()
    messages.success(request, _("Route %(name)s is number %(n)d now.") % {"name": row.name, "n": row.position})
    return redirect(f"{reverse('notifications')}#route-{uuid}")


@deed()
def delete(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Removes it."""
    row = _row(uuid)
    routes.delete(uuid)
    messages.success(request, _("Route %(name)s is removed.") % {"name": row.name})
    return redirect(f"{reverse('notifications')}#routes")


def _row(uuid: UUID) -> Route:
    found = next((route for route in notifying.routes_in_order() if route.uuid == uuid), None)
    if found is None:
        raise Http404
    return found
