"""How the runs of a workload's containers ended: a card of the diagnosis's page, where any did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.charts import reading
from dashboard.charts.twin import each, lines
from diagnostics.models import Diagnosis


def restarts_card(row: Diagnosis, now: datetime) -> dict[str, Any]:
    """What the card shows; nothing, and then there is none, where no run of the workload's is kept."""
    chart = reading.restarts(row, now)
    if chart is None:
        return {}
    return {
        "restarts": chart,
        "restarts_url": reverse("restarts-chart", args=[row.number]),
        "restarts_caption": _("Runs of containers that ended, %(each)s") % {"each": each(chart.slots.length)},
        "restarts_lines": lines(chart),
        "killed": sum(series.total for series in chart.series if series.hatched),
    }
