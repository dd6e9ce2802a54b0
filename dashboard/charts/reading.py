"""Charts as they are asked for: which queries, and what is made of their rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.charts import series
from dashboard.charts.series import Chart
from dashboard.views.moments import By, Moments, Show, View, readers_offset
from diagnostics.models import Diagnosis
from diagnostics.queries import flows, happenings
from diagnostics.queries.flows import Slots


def timeline(moments: Moments, now: datetime) -> Chart:
    """What opened, healed and was deployed. Raises BadRequest for a time that is none."""
    slots = moments.slots(now, series.HEAT_SLOTS if moments.view is View.HEAT else series.BARS)
    since = flows.watched_since(moments.filter.clusters)
    read = _heat if moments.view is View.HEAT else _bars
    return read(moments, slots, min(since, slots.end) if since and since > slots.first else None)


def _heat(moments: Moments, slots: Slots, watched_since: datetime | None) -> Chart:
    one_in = flows.one_in(moments.filter, slots)
    rows = flows.opened_by_namespace(moments.filter, slots, one_in)
    pods = sum(row.pods for row in rows)
    return Chart(slots, series.by_namespace(rows, slots), pods, watched_since=watched_since, one_in=one_in)


def _bars(moments: Moments, slots: Slots, watched_since: datetime | None) -> Chart:
    deploys = [] if moments.show is Show.DIAGNOSES else happenings.deploys(moments.filter, slots.first, slots.end)
    by_slot = series.deploys_by_slot(deploys, slots) if deploys else ()
    if moments.show is Show.DEPLOYS:
        return Chart(slots, (), deploys=by_slot, watched_since=watched_since)
    one_in = flows.one_in(moments.filter, slots)
    rows = flows.opened(moments.filter, slots, one_in)
    kinds = series.by_severity if moments.by is By.SEVERITY else series.by_cause
    healed = series.filled(flows.healed(moments.filter, slots, one_in), slots)
    return Chart(slots, kinds(rows, slots), sum(row.pods for row in rows), healed, by_slot, watched_since, one_in)


def restarts(diagnosis: Diagnosis, now: datetime) -> Chart | None:
    """How the runs of a workload's containers ended, since the first that is kept, an hour at least; None if none is."""
    first = flows.first_run_ended(diagnosis)
    if first is None:
        return None
    slots = Slots.over(min(first, now - timedelta(hours=1)), now, series.BARS, readers_offset(first))
    return Chart(slots, series.by_ending(flows.ended_runs(diagnosis, slots), slots))
