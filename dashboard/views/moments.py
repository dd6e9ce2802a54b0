"""The timeline's query string: which time, narrowed to what, shown how; and the links to others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from dashboard.views.filters import NOTHING_CHOSEN, Menu, Option, Selection
from diagnostics.queries import Choices
from diagnostics.queries.flows import Slots
from diagnostics.queries.happenings import DEPLOYS, DIAGNOSES, Kind

SPANS = {"6h": timedelta(hours=6), "24h": timedelta(hours=24), "7d": timedelta(days=7), "14d": timedelta(days=14)}
USUAL_SPAN = "24h"
EARLIEST = datetime(2014, 6, 6, tzinfo=UTC)  # Kubernetes' first commit: nothing failed before.
SHORTEST = timedelta(minutes=10)  # A chart of less than that says nothing.
WIDER = 3  # How much more is shown around a time than it has itself.


class By(StrEnum):
    """What bars are told apart by."""

    CAUSE = "cause"
    SEVERITY = "severity"


class View(StrEnum):
    """How the time is drawn."""

    BARS = "bars"
    HEAT = "heat"


class Show(StrEnum):
    """What is shown of what happened."""

    ALL = "all"
    DIAGNOSES = "diagnoses"
    DEPLOYS = "deploys"

    @property
    def kinds(self) -> Collection[Kind]:
        """The same as kinds of happenings."""
        return {Show.ALL: DIAGNOSES | DEPLOYS, Show.DIAGNOSES: DIAGNOSES, Show.DEPLOYS: DEPLOYS}[self]


@dataclass(frozen=True)
class Moments(Selection):
    """A time, narrowed to some diagnoses and deploys. Without `since` and `until` it is the last `span`."""

    span: str = USUAL_SPAN
    since: datetime | None = None
    until: datetime | None = None
    by: By = By.CAUSE
    view: View = View.BARS
    show: Show = Show.ALL

    @classmethod
    def of(cls, query: QueryDict, reader: str = "") -> Moments:
        """Reads a query string; what it does not understand it leaves out. Raises BadRequest for times that are none."""
        chosen = replace(super().of(query, reader).filter, assignees=())  # Whose it is now says nothing of then.
        span = query.get("span", "")
        show = next((show for show in Show if show == query.get("show")), Show.ALL)
        heat = query.get("view") == View.HEAT and show is not Show.DEPLOYS  # Of those there is no map.
        return cls(
            filter=chosen,
            span=span if span in SPANS else USUAL_SPAN,
            since=_moment(query, "since"),
            until=_moment(query, "until"),
            by=By.SEVERITY if query.get("by") == By.SEVERITY else By.CAUSE,
            view=View.HEAT if heat else View.BARS,
            show=show,
        )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its parameters, defaults left out."""
        moments = [(name, _written(at)) for name, at in (("since", self.since), ("until", self.until)) if at]
        shown: list[tuple[str, str, str]] = [
            ("span", "" if self.since else self.span, USUAL_SPAN),
            ("by", self.by.value, By.CAUSE.value),
            ("view", self.view.value, View.BARS.value),
            ("show", self.show.value, Show.ALL.value),
        ]
        return [*super().pairs, *moments, *((name, value) for name, value, usual in shown if value not in ("", usual))]

    @property
    def url(self) -> str:
        """The link to it."""
        return self._at("timeline")

    @property
    def chart_url(self) -> str:
        """Where its figure comes from."""
        return self._at("timeline-chart")

    def before(self, cursor: str) -> str:
        """The link to what happened before a cursor."""
        return f"{reverse('timeline')}?{urlencode([*self.pairs, ('before', cursor)])}"

    def _at(self, name: str) -> str:
        return f"{reverse(name)}?{urlencode(self.pairs)}" if self.pairs else reverse(name)

    @property
    def cleared(self) -> Moments:
        """The same time, narrowed to nothing."""
        return replace(self, filter=NOTHING_CHOSEN)

    def range(self, now: datetime) -> tuple[datetime, datetime]:
        """From when until when. Raises BadRequest if it ends before it begins."""
        until = min(self.until or now, now)
        since = max(self.since or until - SPANS[self.span], EARLIEST)
        if since >= until:
            raise BadRequest(_("The time has to begin before it ends, and before now: correct since and until."))
        return min(since, until - SHORTEST), until

    def slots(self, now: datetime, most: int) -> Slots:
        """Its time in at most so many slots, on full hours and days of the reader's clock."""
        since, until = self.range(now)
        return Slots.over(since, until, most, readers_offset(since))

    def over(self, since: datetime, until: datetime) -> Moments:
        """The same of another time."""
        return replace(self, since=since, until=until)

    def lasting(self, span: str) -> Moments:
        """The same of the last hours or days."""
        return replace(self, span=span, since=None, until=None)

    def steps(self, now: datetime) -> dict[str, str]:
        """Links to the time before, the time after, and more around it; none to the future."""
        since, until = self.range(now)
        length = until - since
        around = length * (WIDER - 1) / 2
        links = {"earlier": self.over(max(since - length, EARLIEST), since).url} if since - length > EARLIEST else {}
        if self.until and until < now:
            links["later"] = self.over(until, min(until + length, now)).url
        if self.since or self.until:
            links["wider"] = self.over(max(since - around, EARLIEST), min(until + around, now)).url
        return links

    def shown(self) -> Menu:
        """The menu of what is shown."""
        words = {Show.DIAGNOSES: _("diagnoses"), Show.DEPLOYS: _("deploys")}
        options = tuple(
            Option(text, None, replace(self, show=show).url, chosen=show is self.show) for show, text in words.items()
        )
        chosen = tuple(option.text for option in options if option.chosen)
        return Menu(_("Show"), chosen, options, more=False, any_url=replace(self, show=Show.ALL).url)

    def menus(self, choices: Choices) -> tuple[Menu, ...]:
        """The menus that narrow it, but for those with nothing to choose from."""
        return tuple(menu for menu in super().menus(choices) if menu.options)


def readers_offset(at: datetime) -> timedelta:
    """How far the reader's clock was ahead of UTC."""
    return localtime(at).utcoffset() or timedelta()


def _moment(query: QueryDict, name: str) -> datetime | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        at = parse_datetime(text)
        at = at.astimezone(UTC) if at is not None and is_aware(at) else None
    except (ValueError, OverflowError):  # No date, or one that UTC's calendar does not hold.
        at = None
    if at is None:
        raise BadRequest(_("%(name)s has to be a time such as 2026-11-23T12:00:00Z.") % {"name": name})
    return at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
