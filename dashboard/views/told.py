"""The part of a diagnosis' page that says who was told, and why somebody was not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dashboard.views.notifications import phrases
from diagnostics.models import Delivery, Diagnosis
from diagnostics.queries.telling import Telling, WhyNobody, telling


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said, or not said; `delivery` is None where nothing was sent."""

    at: datetime
    text: str
    delivery: Delivery | None = None


def told(row: Diagnosis, now: datetime) -> dict[str, Any]:
    """What the template needs: lines, newest first, and why there are none."""
    found = telling(row, now)
    return {"told": _lines(found), "nobody_told": nobody(found.nobody) if found.nobody else ""}


def _lines(found: Telling) -> list[Line]:
    sent = [Line(each.created_at, f"{each.channel.name}: {phrases.news(each)}", each) for each in found.deliveries]
    unsent = [Line(note.at, _note(note.detail)) for note in found.notes]
    return sorted([*sent, *unsent], key=lambda line: line.at, reverse=True)


def _note(detail: dict[str, Any]) -> str:
    """`#ops: kept until 07:00`."""
    what = detail.get("what", "")
    return f"{detail['channel']}: {what}" if "channel" in detail else f"{what[:1].upper()}{what[1:]}"


def nobody(why: WhyNobody) -> str:
    """Why nobody has been told, and what would change that."""
    return {
        WhyNobody.TOO_EARLY: _("Nobody yet: it is announced if it lasts."),
        WhyNobody.BEFORE: _("Nobody: it was failing before its cluster was added."),
        WhyNobody.NO_CHANNEL: _("Nobody: there is no channel."),
        WhyNobody.NO_ROUTE: _("Nobody: no route matches it."),
        WhyNobody.NO_RECEIVER: _("Nobody: the route that matches it has no channel."),
        WhyNobody.SILENCED: _("Nobody: a silence holds it back."),
        WhyNobody.ATTENDED: _("Nobody: somebody is seeing to it."),
        WhyNobody.SOON: _("Nobody yet: it is being decided."),
        WhyNobody.HEALED: _("Nobody: it healed before it was announced."),
    }[why]
