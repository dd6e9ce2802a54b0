"""A chart's numbers as the rows of a table, for whoever cannot look at it or wants them exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from dashboard.charts.series import Chart
from dashboard.views.words import length
from diagnostics.queries.happenings import Deploy


@dataclass(frozen=True, slots=True)
class Line:
    """A slot as a row of the table; `url` leads into it."""

    begin: datetime
    counts: tuple[tuple[str, int], ...]  # With what they are of.
    healed: int
    deploys: tuple[Deploy, ...]
    url: str = ""

    @property
    def named(self) -> tuple[tuple[str, int], ...]:
        """The counts that are something."""
        return tuple((label, n) for label, n in self.counts if n)


def lines(chart: Chart) -> list[Line]:
    """A chart's slots as rows, the newest first."""
    return [
        Line(
            begin=chart.slots.begin(number),
            counts=tuple((series.label, series.counts[number]) for series in chart.series),
            healed=chart.healed[number] if chart.healed else 0,
            deploys=chart.deploys[number] if chart.deploys else (),
        )
        for number in reversed(range(chart.slots.count))
    ]


def each(span: timedelta) -> str:
    """How often, in words: `each hour`, `every 15 min`."""
    words = {
        timedelta(minutes=1): _("each minute"),
        timedelta(hours=1): _("each hour"),
        timedelta(days=1): _("each day"),
    }
    return words.get(span) or _("every %(length)s") % {"length": length(span)}
