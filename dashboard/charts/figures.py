"""Figures for Plotly, as JSON: shapes and numbers alone.

Moments are milliseconds since 1970, for the reader's zone and language are the browser's to know. Colours are names of
custom properties in `meta`, for they change with the theme. `static/charts.js` fills in both, and says
what lies under the pointer: what Plotly would write itself is styled inline, which our policy forbids.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.charts.series import Chart, Series
from diagnostics.queries.flows import Slots
from diagnostics.queries.happenings import Deploy

pio.templates.default = None  # 6 kB a figure of another look than ours.
BAR = 0.82  # Of its slot.
HEALED = 0.5  # How much of their colour: what fails is to be seen first.
TICKS = 4
LABELS_APART = 6  # A mark whose neighbour is closer than this part of the range is not written beside.
_MILLISECOND = timedelta(milliseconds=1)


def bars(chart: Chart) -> str:
    """What opened as bars upon each other, what healed below the line, deploys as marks above."""
    traces = [_bar(series, chart.slots) for series in chart.series]
    if any(chart.healed):
        traces.append(_healed(chart))
    layout: dict[str, Any] = {"barmode": "relative", "yaxis": _count_axis(chart)}
    if any(chart.deploys):
        traces.append(_deploys(chart))
        layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    return _written(traces, {**layout, **_over(chart), "shapes": [*_before(chart), *_lines(chart)]})


def heat(chart: Chart) -> str:
    """A strip of cells for each series, those with most at the top."""
    rows = tuple(reversed(chart.series))
    cells = go.Heatmap(
        x=_centres(chart.slots),
        y=[series.label for series in rows],
        z=[_seen(series.counts) for series in rows],
        zmin=0,
        xgap=1,
        ygap=2,
        showscale=False,
        name=_("opened"),
        hoverinfo="none",
    )
    names = {"automargin": True, "fixedrange": True, "ticks": ""}
    return _written([cells], {**_over(chart), "yaxis": names, "shapes": _before(chart)})


def _written(traces: list[Any], layout: dict[str, Any]) -> str:
    text: str = go.Figure(traces, layout).to_json()
    return text


def _bar(series: Series, slots: Slots) -> Any:
    return go.Bar(
        name=series.label,
        x=_centres(slots),
        y=_seen(series.counts),
        width=BAR * _milliseconds(slots.length),
        meta=series.colour,
        marker={"pattern": {"shape": "/", "fillmode": "overlay"}} if series.hatched else None,
        hoverinfo="none",
    )


def _healed(chart: Chart) -> Any:
    return go.Bar(
        name=_("resolved"),
        x=_centres(chart.slots),
        y=_seen([-n for n in chart.healed]),
        width=BAR * _milliseconds(chart.slots.length),
        meta="ok",
        opacity=HEALED,
        hoverinfo="none",
    )


def _deploys(chart: Chart) -> Any:
    """One mark a slot, at the first deploy of it."""
    marked = [(number, found) for number, found in enumerate(chart.deploys) if found]
    numbers = [number for number, _found in marked]
    return go.Scatter(
        name=_("deploy"),
        x=[_stamp(found[0].at) for _number, found in marked],
        y=[1] * len(marked),
        yaxis="y2",
        mode="markers+text",
        cliponaxis=False,
        meta="ink",
        marker={"symbol": "triangle-down", "size": 9},
        text=[_beside(found) if _has_room(number, numbers, chart.slots) else "" for number, found in marked],
        textposition=["middle left" if _is_late(number, chart.slots) else "middle right" for number in numbers],
        hovertext=[_named(found) for _number, found in marked],
        hoverinfo="none",
    )


def _has_room(number: int, numbers: list[int], slots: Slots) -> bool:
    """Whether the next mark on the side of its text, which is towards the middle, is far enough away."""
    towards = (number - other if _is_late(number, slots) else other - number for other in numbers)
    return all(distance <= 0 or distance * LABELS_APART > slots.count for distance in towards)


def _is_late(number: int, slots: Slots) -> bool:
    return 2 * number > slots.count


def _beside(found: tuple[Deploy, ...]) -> str:
    return _name(found[0]) if len(found) == 1 else _("%(n)d deploys") % {"n": len(found)}


def _named(found: tuple[Deploy, ...]) -> str:
    """The first ones by name: `deployed: cart r118, web r7 and 3 more`."""
    names = ", ".join(_name(deploy) for deploy in found[:3])
    more = len(found) - 3
    if more > 0:
        names += ngettext(" and %(n)d more", " and %(n)d more", more) % {"n": more}
    return _("deployed: %(names)s") % {"names": names}


def _name(deploy: Deploy) -> str:
    return f"{deploy.workload} r{deploy.revision}" if deploy.revision.isdecimal() else deploy.workload


def _lines(chart: Chart) -> list[dict[str, Any]]:
    """A line down from each mark."""
    firsts = [_stamp(found[0].at) for found in chart.deploys if found]
    return [{"type": "line", "name": "deploy", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1} for x in firsts]


def _before(chart: Chart) -> list[dict[str, Any]]:
    """The time from before anything was watched, shaded."""
    if not chart.watched_since:
        return []
    edges = {"x0": _stamp(chart.slots.first), "x1": _stamp(chart.watched_since)}
    return [{"type": "rect", "name": "unwatched", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", **edges}]


def _over(chart: Chart) -> dict[str, Any]:
    """The axis of time; `meta` is how long a slot is."""
    slots = chart.slots
    return {"meta": _milliseconds(slots.length), "xaxis": {"range": [_stamp(slots.first), _stamp(slots.end)]}}


def _count_axis(chart: Chart) -> dict[str, Any]:
    """Counts upwards and downwards from nought, at round numbers."""
    stacks = zip(*(series.counts for series in chart.series), strict=True)
    highest, lowest = max([1, *map(sum, stacks)]), max(chart.healed, default=0)
    step = _round(max(highest, lowest) / TICKS)
    values = range(-step * -(-lowest // step), step * -(-highest // step) + 1, step)
    room = values[-1] - values[0]
    shown = [values[0] - 0.04 * room, values[-1] + 0.14 * room]
    return {"tickvals": list(values), "ticktext": [str(abs(n)) for n in values], "range": shown}


def _round(step: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50..."""
    power = 1
    while step > 5 * power:
        power *= 10
    return next(n * power for n in (1, 2, 5) if step <= n * power)


def _seen(counts: Sequence[int]) -> list[int | None]:
    """Nothing is drawn, and said, of nought."""
    return [n or None for n in counts]


def _centres(slots: Slots) -> list[int]:
    return [_stamp(slots.begin(number) + slots.length / 2) for number in range(slots.count)]


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * 1_000)


def _milliseconds(span: timedelta) -> int:
    return span // _MILLISECOND
