"""Who was told of a diagnosis, and why somebody, or everybody, was not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from diagnostics.models import Activity, Channel, Delivery, Diagnosis
from diagnostics.notify.notice import Type
from diagnostics.operations.announcing import ripe_at, was_failing_before
from diagnostics.operations.choosing import Chooser

SHOWN = 20  # Deliveries, and reasons.
_NOTES_READ = 200  # The same reason is noted again and again.


class WhyNobody(StrEnum):
    """Why nobody has been told so far."""

    TOO_EARLY = "too early"  # What heals by itself at once is not announced: the code's grace.
    BEFORE = "before"  # It failed before its cluster was added.
    NO_CHANNEL = "no channel"
    NO_ROUTE = "no route"
    NO_RECEIVER = "no receiver"  # A route matches, and it has no channel.
    SILENCED = "silenced"
    ATTENDED = "attended"  # Somebody has acknowledged or snoozed it.
    SOON = "soon"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class Telling:
    """The deliveries of a diagnosis and the reasons noted for not telling, newest first; `nobody` if there are neither."""

    deliveries: tuple[Delivery, ...]
    notes: tuple[Activity, ...]
    nobody: WhyNobody | None


def telling(row: Diagnosis, now: datetime) -> Telling:
    """Who was told of a diagnosis, and why not."""
    sent = row.deliveries.select_related("channel").defer("channel__settings", "data", "request").order_by("-pk")
    deliveries, notes = tuple(sent[:SHOWN]), _notes(row)
    return Telling(deliveries, notes, None if deliveries or notes else why_nobody(row, now))


def _notes(row: Diagnosis) -> tuple[Activity, ...]:
    """Reasons for not telling, each once: when it was last given."""
    announced = row.activity.filter(kind=Activity.Kind.ANNOUNCED).exclude(detail__what__in=[*Type])
    latest: dict[tuple[str, str], Activity] = {}
    for note in announced.order_by("-at", "-pk")[:_NOTES_READ]:
        latest.setdefault((note.detail.get("what", ""), note.detail.get("channel", "")), note)
    return tuple(latest.values())[:SHOWN]


def why_nobody(row: Diagnosis, now: datetime) -> WhyNobody:
    """Why nobody has been told of a diagnosis, as things stand now."""
    if row.state == Diagnosis.State.RESOLVED:
        return WhyNobody.HEALED
    if not Channel.objects.exists():
        return WhyNobody.NO_CHANNEL
    if was_failing_before(row):
        return WhyNobody.BEFORE
    return WhyNobody.TOO_EARLY if ripe_at(row) > now else _unchosen(row, now)


def _unchosen(row: Diagnosis, now: datetime) -> WhyNobody:
    chooser = Chooser(now)
    traits = chooser.traits(row)
    if not chooser.choices(traits, row.opened_at):
        matched = any(tried.failed is None for tried in chooser.tried(traits))
        return WhyNobody.NO_RECEIVER if matched else WhyNobody.NO_ROUTE
    if chooser.silence(traits):
        return WhyNobody.SILENCED
    attended = row.acknowledged_at or (row.snoozed_until and row.snoozed_until > now)
    return WhyNobody.ATTENDED if attended else WhyNobody.SOON
