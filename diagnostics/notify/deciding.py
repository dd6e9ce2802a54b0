"""Whether there is news for a channel: what it was told against how things stand. Nothing new, no message.

One opening and one closing a diagnosis; in between only what makes somebody get up: it got worse. Never a resolution
without an opening. (Alertmanager's `needsUpdate`, for one diagnosis.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.notify.notice import Type


@dataclass(frozen=True, slots=True)
class Standing:
    """How a diagnosis stands. `attended`: acknowledged or snoozed, so somebody knows; `again`: it had been resolved."""

    open: bool
    severity: int
    attended: bool = False
    acknowledged: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was last told of it."""

    open: bool
    severity: int
    at: datetime
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Manners:
    """What a route wants besides openings."""

    send_resolved: bool = True
    repeat_after: timedelta | None = None


def news(standing: Standing, told: Told | None, manners: Manners, now: datetime) -> Type | None:
    """What to tell the channel now, if anything."""
    known = told is not None and told.open
    if not standing.open:
        return Type.RESOLVED if known and manners.send_resolved else None
    if told is None or not known:
        return None if standing.attended else (Type.REGRESSED if standing.again else Type.OPENED)
    if standing.attended:
        return Type.ACKNOWLEDGED if standing.acknowledged and not told.acknowledged else None
    if standing.severity > told.severity:
        return Type.ESCALATED
    repeated = manners.repeat_after is not None and now >= told.at + manners.repeat_after
    return Type.UPDATED if repeated else None


def look_again(standing: Standing, told: Told | None, manners: Manners) -> datetime | None:
    """When a reminder will be due, if one ever is."""
    waits = standing.open and not standing.attended and told is not None and told.open
    return told.at + manners.repeat_after if waits and told and manners.repeat_after else None
