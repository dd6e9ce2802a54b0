"""The page of notifications: which channels work, where what goes, what is silenced, what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.notifications import phrases
from dashboard.views.notifications.log import lines
from dashboard.views.overview import current_overview, render_page
from dashboard.views.spark import Bars, bars
from diagnostics import queries
from diagnostics.models import Route, Silence
from diagnostics.notify.matching import matchers
from diagnostics.queries import Trial, Tried, notifying
from diagnostics.queries.notifying import ChannelHealth

LATEST = 8


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel as a line of the list."""

    health: ChannelHealth
    kind: str
    bars: Bars


@dataclass(frozen=True, slots=True)
class RouteLine:
    """A route as a line of the list; `tried` if a diagnosis is being tried on the routes."""

    route: Route
    conditions: list[str]
    manners: list[str]
    sent: int
    tried: Tried | None

    @property
    def failed(self) -> str:
        """The condition that does not hold for the diagnosis that is tried."""
        return phrases.condition(self.tried.failed) if self.tried and self.tried.failed else ""


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """A silence as a line of the list; `hides` is how many open diagnoses it is about now, None once it has ended."""

    silence: Silence
    conditions: list[str]
    hides: int | None = None


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Channels, routes, silences, and the latest deliveries."""
    overview = current_overview()
    now = overview.now
    channels = notifying.channels_by_health(now)
    latest = notifying.deliveries(most=LATEST)
    context = {
        "headline": headline(channels),
        "channels": [_channel_line(health) for health in channels],
        "disabled": [health.channel for health in channels if health.channel.disabled_reason],
        "silences": _silences(now),
        "ended": [SilenceLine(each, phrases.conditions(each.matchers)) for each in notifying.silences_ended(now)],
        "deliveries": lines(latest.rows),
        "older": latest.older,
        "undelivered": notifying.undelivered(),
        **_routes(request.GET.get("try", ""), now),
    }
    return render_page(request, "notifications/page.html", overview, context)


def headline(channels: Sequence[ChannelHealth]) -> str:
    """The sentence that says whether messages arrive."""
    if not channels:
        return _("No channel yet: diagnoses are only shown here")
    failing, lost = sum(health.fails for health in channels), sum(health.dead for health in channels)
    if failing:
        fails = ngettext("%(n)d of %(all)d channels fails", "%(n)d of %(all)d channels fail", failing)
        said = fails % {"n": failing, "all": len(channels)}
    elif all(health.channel.last_ok_at for health in channels):
        said = _("All channels work") if len(channels) > 1 else _("The one channel works")
    else:
        said = ngettext("%(n)d channel, nothing sent yet", "%(n)d channels, not all used yet", len(channels))
        said %= {"n": len(channels)}
    if not lost:
        return said
    return ngettext("%(said)s; %(n)d message did not arrive", "%(said)s; %(n)d messages did not arrive", lost) % {
        "said": said,
        "n": lost,
    }


def _channel_line(health: ChannelHealth) -> ChannelLine:
    totals = [sent + dead for sent, dead in health.hours]
    return ChannelLine(health, phrases.kind_label(health.channel.kind), bars(totals))


def _silences(now: datetime) -> list[SilenceLine]:
    rows = notifying.silences_to_come_or_now(now)
    hidden = queries.hidden_by([matchers(row.matchers) for row in rows])
    return [SilenceLine(row, phrases.conditions(row.matchers), n) for row, n in zip(rows, hidden, strict=True)]


def _routes(number: str, now: datetime) -> dict[str, Any]:
    """The routes in order; with the number of a diagnosis what became of it on each."""
    sent = notifying.sent_by_route(now)
    trial = _trial(number.removeprefix("#"), now)
    tried = {each.route.pk: each for each in trial.routes} if trial else {}
    routes = [
        RouteLine(
            route=route,
            conditions=phrases.conditions(route.matchers),
            manners=phrases.manners(route),
            sent=sent.get(route.name, 0),
            tried=tried.get(route.pk),
        )
        for route in notifying.routes_in_order()
    ]
    return {"routes": routes, "trial": trial, "to_try": notifying.worst_open() if routes else [], "try": number}


def _trial(number: str, now: datetime) -> Trial | None:
    row = notifying.by_number(int(number)) if number.isdecimal() and len(number) < 19 else None
    return queries.trial(row.uuid, now) if row else None
