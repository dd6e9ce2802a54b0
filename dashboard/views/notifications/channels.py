"""Channels: choosing a kind, adding, changing, testing, switching, removing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.notifications.channel_form import ChannelForm, known_formats
from dashboard.views.notifications.gate import deed, form_page
from dashboard.views.notifications.log import lines, pretty
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID
from diagnostics.models import Channel, Delivery, Route
from diagnostics.models.encrypted import KeyMissing
from diagnostics.notify.formats import Format, formats
from diagnostics.operations import channels, delivering, routes
from diagnostics.operations.refusing import Invalid
from diagnostics.queries import notifying

LATEST = 8
REPLAYED_AT_ONCE = 500
EVERYTHING = "Everything"


@require_safe
@signed_in
def choose_kind(request: HttpRequest) -> HttpResponse:
    """What a new channel can be."""
    return render_page(request, "notifications/kinds.html", current_overview(), {"formats": known_formats()})


@form_page()
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """A new channel of one kind."""
    known = formats().get(kind)
    if known is None:
        raise Http404
    first = not Route.objects.exists()
    form = ChannelForm(known, data=request.POST if request.method == "POST" else None)
    everything = first and (request.method != "POST" or "everything" in request.POST)
    if _saves(request, form) and (row := _created(known, form, everything=everything)):
        messages.success(request, _("%(name)s is added. Send it a test to see whether it works.") % {"name": row.name})
        return redirect("channel", row.uuid)
    return _form(request, form, {"offers_everything": first, "everything": everything})


def _saves(request: HttpRequest, form: ChannelForm) -> bool:
    """Whether what was sent makes sense and is to be stored, not just tried."""
    return request.method == "POST" and "preview" not in request.POST and form.is_valid()


def _created(known: Format[Any], form: ChannelForm, *, everything: bool) -> Channel | None:
    """The new channel, with a route of everything to it if that is wanted; None if it was refused."""
    try:
        with transaction.atomic():
            row = channels.create(form.cleaned_data["name"], known.kind, form.settings_given)
            if everything:
                routes.create({"name": EVERYTHING, "channels": [row.uuid]})
    except Invalid as error:
        form.refuse(error)
        return None
    return row


@form_page()
def edit(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One channel: how it fares, its latest deliveries, and the form to change it."""
    row = _row(uuid)
    known = formats().get(row.kind)
    try:
        form = ChannelForm(known, row, request.POST if request.method == "POST" else None) if known else None
    except KeyMissing as error:
        return _page(request, row, {"unreadable": str(error)})
    if form is None:
        return _page(request, row, {"unreadable": _("this version does not know channels of kind %s") % row.kind})
    if _saves(request, form) and _changed(row, form):
        messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("channel", uuid)
    return _form(request, form, {}, row)


def _changed(row: Channel, form: ChannelForm) -> bool:
    return form.takes(lambda: channels.change(row.uuid, form.changes, form.cleaned_data["version"]))


def _form(request: HttpRequest, form: ChannelForm, context: dict[str, Any], row: Channel | None = None) -> HttpResponse:
    asked = "preview" in request.POST and form.is_valid()
    context = {
        "form": form,
        "kind": form.format,
        "preview": pretty(form.preview(timezone.now())) if asked else "",
        **context,
    }
    status = INVALID if form.is_bound and form.errors else 200
    if row is not None:
        response = _page(request, row, context, status)
    else:
        response = render_page(request, "notifications/channel.html", current_overview(), context, status)
    patch_cache_control(response, no_store=True)  # A secret is proposed, or was just written.
    return response


def _page(request: HttpRequest, row: Channel, context: dict[str, Any], status: int = 200) -> HttpResponse:
    overview = current_overview()
    health = next(each for each in notifying.channels_by_health(overview.now) if each.channel.pk == row.pk)
    latest = notifying.deliveries(channel=row.uuid, most=LATEST)
    return render_page(
        request,
        "notifications/channel.html",
        overview,
        {"row": row, "health": health, "deliveries": lines(latest.rows), "older": latest.older, **context},
        status,
    )


def _row(uuid: UUID) -> Channel:
    row = notifying.channel_without_settings(uuid)
    if row is None:
        raise Http404
    return row


@deed()
def test(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Sends a test."""
    row = _row(uuid)
    try:
        channels.test(uuid, request.user, timezone.now())  # type: ignore[arg-type]  # Whoever passed the gate is a User.
    except Invalid as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A test to %(name)s is on its way; its answer appears here.") % {"name": row.name})
    return redirect(f"{_url(uuid)}#deliveries")


@deed()
def switch(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Turns it on or off."""
    row = _row(uuid)
    on = request.POST.get("on") == "1"
    try:
        channels.change(uuid, {"enabled": on})
    except (Invalid, KeyMissing) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, (_("%s is on again.") if on else _("%s is off: its messages wait.")) % row.name)
    return redirect(_url(uuid))


@deed()
def delete(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Removes it."""
    row = _row(uuid)
    channels.delete(uuid)
    messages.success(request, _("%(name)s is removed.") % {"name": row.name})
    return redirect("notifications")


@deed()
def replay(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Sends what was given up once more, the oldest first."""
    row = _row(uuid)
    dead = row.deliveries.filter(state=Delivery.State.DEAD).order_by("pk")[:REPLAYED_AT_ONCE]
    replayed = [delivering.replay(delivery, timezone.now()) for delivery in dead]
    messages.success(request, _("%(n)d are on their way again.") % {"n": len(replayed)})
    return redirect(f"{_url(uuid)}#deliveries")


def _url(uuid: UUID) -> str:
    return reverse("channel", args=[uuid])
