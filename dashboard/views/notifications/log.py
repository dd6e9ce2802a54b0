"""The log of deliveries: what was sent to whom, what was answered, and sending once more what was given up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.notifications import phrases
from dashboard.views.notifications.gate import deed
from dashboard.views.overview import current_overview, render_page
from diagnostics.models import Delivery
from diagnostics.operations import delivering
from diagnostics.queries import notifying

EXCERPT = 3_000  # Characters of a message in a list; its own page has all that is kept.


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery as a line of the log."""

    delivery: Delivery
    news: str
    request: str  # What was sent at the last attempt, redacted.
    cut: bool  # Whether there is more of it.

    @property
    def anchor(self) -> str:
        """Its id on the page."""
        return f"delivery-{self.delivery.uuid}"


@require_safe
@signed_in
def log(request: HttpRequest) -> HttpResponse:
    """All deliveries, by state and channel, newest first."""
    state, channel, before = (
        request.GET.get("state", ""),
        _uuid(request.GET.get("channel", "")),
        request.GET.get("before", ""),
    )
    state = state if state in Delivery.State else ""
    key = int(before) if before.isdecimal() and len(before) < 19 else None
    found = notifying.deliveries(state, channel, key)
    row = notifying.channel_without_settings(channel) if channel else None
    chosen = {"channel": str(channel)} if row else {}
    context = {
        "deliveries": lines(found.rows),
        "channel": row,
        "state": state,
        "tabs": [(value, word, _address(chosen, state=value)) for value, word in _states()],
        "older_url": _address(chosen, state=state, before=found.older) if found.older else "",
        "newest_url": _address(chosen, state=state) if key else "",
        "undelivered": notifying.undelivered(),
    }
    return render_page(request, "notifications/log.html", current_overview(), context)


def _states() -> list[tuple[str, str]]:
    return [("", _("All")), ("pending", _("Waiting")), ("sent", _("Sent")), ("dead", _("Not delivered"))]


def _address(chosen: dict[str, str], **parameters: str | int) -> str:
    query = urlencode({**chosen, **{name: value for name, value in parameters.items() if value}})
    return reverse("deliveries") + (f"?{query}" if query else "")


@require_safe
@signed_in
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One delivery with all that is kept of it."""
    found = notifying.delivery(uuid)
    if found is None:
        raise Http404
    return render_page(request, "notifications/delivery.html", current_overview(), {"line": line(found, most=None)})


@deed()
def replay(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Sends one that was given up once more."""
    with transaction.atomic():
        dead = Delivery.objects.select_for_update(of=("self",)).filter(uuid=uuid, state=Delivery.State.DEAD).first()
        if dead is not None:
            delivering.replay(dead, timezone.now())
    messages.success(
        request, _("It is on its way again.") if dead else _("It was not given up: nothing to send again.")
    )
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if safe else reverse("deliveries"))


def lines(deliveries: Iterable[Delivery]) -> list[Line]:
    """Deliveries as lines."""
    return [line(delivery) for delivery in deliveries]


def line(delivery: Delivery, most: int | None = EXCERPT) -> Line:
    """One of them; `most` is how many characters of the message it shows, None all."""
    text = pretty(delivery.request)
    return Line(delivery, phrases.news(delivery), text[:most], cut=most is not None and len(text) > most)


def pretty(text: str) -> str:
    """JSON with its parts in lines; anything else, or JSON cut short, as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
