"""Triage: what is wrong, worst first; or, as surely as it is known, that nothing is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.timezone import localdate, localtime
from django.views.decorators.http import require_http_methods

from dashboard.signin import signed_in
from dashboard.views import bulk
from dashboard.views.deeds import tomorrow_morning
from dashboard.views.evidence import Exhibit, exhibits
from dashboard.views.filters import NOTHING_CHOSEN, Selection
from dashboard.views.freshness import Beat
from dashboard.views.overview import Overview, current_overview, render_page
from dashboard.views.sentences import headline
from dashboard.views.spark import WINDOW, Spark, spark
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.queries import Counts, Tab

FEW = 14  # As long as no more are listed the first one shows its next step at once.
REASONS = 3
TIDE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Row:
    """A diagnosis as a line of the list."""

    diagnosis: Diagnosis
    spark: Spark
    frozen: Beat | None  # The cluster that was lost: the row tells what was, not what is.
    snoozed: bool
    reasons: tuple[Exhibit, ...] = ()  # Why we say so; only of the one that is shown opened.

    @property
    def seen_at(self) -> datetime:
        """When it was last known to be so: an open watch that tells of no change says that nothing has changed."""
        row, read_at = self.diagnosis, self.diagnosis.cluster.fresh_at
        return max(row.last_seen, read_at) if read_at and row.clean_since is None else row.last_seen

    @property
    def command(self) -> str:
        """The command to copy: the first that mends it, else the first that shows more."""
        remedy = self.diagnosis.verdict["remedy"]
        return next(iter([*remedy["commands"], *remedy["verify"]]), "")


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the small chart that says how busy the last days were."""

    day: date
    opened: int
    height: int

    @property
    def top(self) -> int:
        """Where it begins in a box of 40."""
        return 40 - self.height


@require_http_methods(["GET", "HEAD", "POST"])
def triage(request: HttpRequest) -> HttpResponseBase:
    """The first page; what is done to several diagnoses at once is posted to it."""
    return bulk.act(request) if request.method == "POST" else _page(request)


@signed_in
def _page(request: HttpRequest) -> HttpResponse:
    overview = current_overview()
    selection = Selection.of(request.GET)
    context = {"selection": selection, "headline": headline(overview)}
    context |= {"tomorrow": tomorrow_morning(overview.now), **_list(overview, selection, request.user)}
    if not overview.counts.unresolved:
        context |= _calm(overview)
    return render_page(request, "triage.html", overview, context)


def _list(overview: Overview, selection: Selection, user: Any) -> dict[str, Any]:
    chosen, now = selection.filter, overview.now
    matching = overview.counts
    mine = all_mine = queries.assigned_to(user, NOTHING_CHOSEN)
    if chosen:
        matching = queries.counts(chosen, now, with_resolved=not chosen.text or selection.tab is Tab.RESOLVED)
        mine = queries.assigned_to(user, chosen)
    listed = _by_tab(matching, mine)
    listing = queries.listing(selection.tab, chosen, now, user, selection.page)
    return {
        "rows": _rows(listing.rows, overview, opened=_shows_first_opened(selection, listed[selection.tab])),
        "tabs": [(tab, listed[tab], selection.on(tab).url) for tab in Tab],
        "listed": listed[selection.tab],
        "total": _by_tab(overview.counts, all_mine)[selection.tab],
        "menus": selection.menus(queries.choices()),
        "first_url": selection.turned(1).url,
        "previous_url": selection.turned(selection.page - 1).url if selection.page > 1 else "",
        "next_url": selection.turned(selection.page + 1).url if listing.more else "",
    }


def _by_tab(counts: Counts, mine: int) -> dict[Tab, int | None]:
    """How many each list has; None where it was not looked for."""
    return {
        Tab.REVIEW: counts.review,
        Tab.OPEN: counts.open,
        Tab.MINE: mine,
        Tab.SNOOZED: counts.snoozed,
        Tab.RESOLVED: counts.resolved,
    }


def _shows_first_opened(selection: Selection, listed: int | None) -> bool:
    return selection.tab is not Tab.RESOLVED and selection.page == 1 and (listed or 0) <= FEW


def _rows(found: Sequence[Diagnosis], overview: Overview, *, opened: bool) -> list[Row]:
    failing = queries.lately_failing(found, overview.now - WINDOW)
    return [
        Row(
            diagnosis=diagnosis,
            spark=spark(failing[diagnosis.number], overview.now),
            frozen=overview.frozen.get(diagnosis.cluster_id) if diagnosis.resolved_at is None else None,
            snoozed=diagnosis.resolved_at is None and diagnosis.is_snoozed(overview.now),
            reasons=tuple(exhibits(diagnosis.verdict)[:REASONS]) if opened and position == 0 else (),
        )
        for position, diagnosis in enumerate(found)
    ]


def _calm(overview: Overview) -> dict[str, Any]:
    """What an empty list says instead: when it was last otherwise."""
    today = localdate(overview.now)
    last = dict(queries.clusters_with_last_resolved())
    since = localtime(overview.now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=TIDE_DAYS - 1)
    return {
        "last_resolved": queries.last_resolved(),
        "tide": tide(queries.opened_since_when_all_is_resolved(since), today),
        "freshness": [(beat, last.get(beat.name)) for beat in overview.beats],
    }


def tide(opened: Iterable[datetime], today: date) -> list[Bar]:
    """Diagnoses opened on each of the last seven days, today last."""
    per_day = Counter(localdate(at) for at in opened)
    days = [today - timedelta(days=back) for back in reversed(range(TIDE_DAYS))]
    highest = max((per_day[day] for day in days), default=0) or 1
    return [Bar(day, per_day[day], max(37 * per_day[day] // highest, 1)) for day in days]
