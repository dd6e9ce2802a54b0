"""The timeline: what opened, healed and was deployed, as a chart and as a list, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.charts import reading
from dashboard.charts.series import Chart, Series
from dashboard.charts.twin import each, lines
from dashboard.signin import signed_in
from dashboard.views.moments import SPANS, By, Moments, Show, View
from dashboard.views.overview import current_overview, render_page
from dashboard.views.words import length
from diagnostics.queries import flows, happenings
from diagnostics.queries.cursors import NoCursor
from diagnostics.rules.model import Severity


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour stands for; `url` narrows the page to it."""

    series: Series
    url: str


@require_safe
@signed_in
def timeline(request: HttpRequest) -> HttpResponse:
    """The page. Raises BadRequest for a time that is none, and for a cursor that is none."""
    overview = current_overview()
    moments = Moments.of(request.GET)
    chart = reading.timeline(moments, overview.now)
    slots, cursor = chart.slots, request.GET.get("before", "")
    try:
        page = happenings.page(moments.filter, slots.first, slots.end, moments.show.kinds, cursor)
    except NoCursor as error:
        raise BadRequest(str(error)) from None
    context = {
        "selection": moments,
        "chart": chart,
        "happenings": page.rows,
        "older_url": moments.before(page.older) if page.older else "",
        "newest_url": moments.url if cursor else "",
        "spans": [(length(SPANS[span]), moments.lasting(span).url, _is(moments, span)) for span in SPANS],
        "menus": (*moments.menus(flows.choices(slots.first, slots.end)), moments.shown()),
        "stretch": _stretch(moments, overview.now),
        "until": slots.end if slots.end < overview.now else None,
        **moments.steps(overview.now),
        **_ways(moments),
        **_twin(moments, chart),
    }
    return render_page(request, "timeline.html", overview, context)


def _stretch(moments: Moments, now: datetime) -> str:
    since, until = moments.range(now)
    return length(until - since)


def _is(moments: Moments, span: str) -> bool:
    return moments.since is None and moments.until is None and moments.span == span


def _ways(moments: Moments) -> dict[str, Any]:
    """Links to the other ways to draw it."""
    return {
        "heat": moments.view is View.HEAT,
        "heat_url": replace(moments, view=View.HEAT, show=Show.ALL).url,
        "by": moments.by.value,
        "by_cause_url": replace(moments, view=View.BARS, by=By.CAUSE).url,
        "by_severity_url": replace(moments, view=View.BARS, by=By.SEVERITY).url,
    }


def _twin(moments: Moments, chart: Chart) -> dict[str, Any]:
    """The chart's colours and numbers, as they are written."""
    peak_at, peak = chart.peak
    return {
        "caption": _caption(moments, chart),
        "legend": [Legend(series, _narrowed(moments, series.value)) for series in chart.series],
        "lines": [
            replace(line, url=moments.over(line.begin, line.begin + chart.slots.length).url) for line in lines(chart)
        ],
        "peak": peak,
        "peak_at": peak_at,
        "peak_until": peak_at + chart.slots.length,
    }


def _caption(moments: Moments, chart: Chart) -> str:
    """What the chart shows, in words."""
    if moments.view is View.HEAT:
        return _("Diagnoses opened, %(each)s, by namespace") % {"each": each(chart.slots.length)}
    if moments.show is Show.DEPLOYS:
        return _("Deploys, %(each)s") % {"each": each(chart.slots.length)}
    caption = {
        By.CAUSE: _("Diagnoses opened and resolved, %(each)s, by cause"),
        By.SEVERITY: _("Diagnoses opened and resolved, %(each)s, by severity"),
    }[moments.by] % {"each": each(chart.slots.length)}
    return _("%(caption)s, with deploys") % {"caption": caption} if chart.deployed else caption


def _narrowed(moments: Moments, value: object) -> str:
    """The link to one kind of what is drawn alone; blank for several kinds together."""
    match value:
        case Severity():
            return moments.narrowed(severities=(value,)).url
        case str():
            return moments.narrowed(codes=(value,)).url
        case (cluster, namespace) if namespace:
            return moments.narrowed(clusters=(cluster,), namespaces=(namespace,)).url
        case _:
            return ""
