"""What the buttons of triage do to a diagnosis, in what words that is confirmed, and what undoes it.

A button posts `do`: a verb, and behind a blank what it is about: `acknowledge`, `snooze 8h`, `assign ana`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.signin import GUEST
from diagnostics.models import Diagnosis
from diagnostics.operations.triaging import NotPossible, Triage

PEOPLE_SHOWN = 50
UNTIL_WORSE = "worse"
LONGEST_SNOOZE = timedelta(days=30)  # Of one that is to last until it gets worse.
_SPANS = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "7d": timedelta(days=7), UNTIL_WORSE: LONGEST_SNOOZE}


class Unknown(Exception):
    """No button of ours posts that."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in a sentence, and the `do` that undoes it; blank where nothing does."""

    said: str
    undo: str = ""


# What needs no more than to be said: how it is done, the sentence, what undoes it.
_PLAIN: dict[str, tuple[Callable[[Triage], Diagnosis], Promise, str]] = {
    "acknowledge": (Triage.acknowledge, gettext_lazy("Acknowledged."), "unacknowledge"),
    "unacknowledge": (Triage.unacknowledge, gettext_lazy("No longer acknowledged."), "acknowledge"),
    "resolve": (Triage.resolve, gettext_lazy("Resolved."), "reopen"),
    "reopen": (Triage.reopen, gettext_lazy("Reopened."), "resolve"),
}


def carry_out(do: str, triage: Triage, row: Diagnosis, now: datetime) -> Done:
    """Does what a button asked for; `row` is the diagnosis as it was before. Raises Unknown, NotPossible, Changed."""
    verb, _blank, about = do.partition(" ")
    if verb in _PLAIN:
        act, said, undo = _PLAIN[verb]
        act(triage)
        return Done(str(said), undo)
    if verb in _ABOUT:
        return _ABOUT[verb](triage, row, about, now)
    raise Unknown(do)


def _snooze(triage: Triage, row: Diagnosis, about: str, now: datetime) -> Done:
    choice, _blank, condition = about.partition(" ")
    triage.snooze(_until(choice, now), or_worse=UNTIL_WORSE in (choice, condition))
    return Done(
        _("Snoozed until it gets worse.") if choice == UNTIL_WORSE else _("Snoozed."),
        _snooze_of(row, now) or "unsnooze",
    )


def _until(choice: str, now: datetime) -> datetime:
    """When a snooze ends: `8h`, `tomorrow`, or a moment in ISO 8601."""
    if choice in _SPANS:
        return now + _SPANS[choice]
    if choice == "tomorrow":
        return tomorrow_morning(now)
    try:
        moment = parse_datetime(choice)
    except ValueError:
        moment = None
    if moment is None or not is_aware(moment):
        raise Unknown(choice)
    return moment


def tomorrow_morning(now: datetime) -> datetime:
    """Tomorrow at nine, where the reader is."""
    return (localtime(now) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


def _unsnooze(triage: Triage, row: Diagnosis, about: str, now: datetime) -> Done:  # noqa: ARG001 - All are called alike.
    triage.unsnooze()
    return Done(_("No longer snoozed."), _snooze_of(row, now))


def _snooze_of(row: Diagnosis, now: datetime) -> str:
    """The `do` that brings back the snooze that is on; blank if none is."""
    if row.snoozed_until is None or row.snoozed_until <= now:
        return ""
    condition = f" {UNTIL_WORSE}" if row.snoozed_severity is not None else ""
    return f"snooze {row.snoozed_until.isoformat()}{condition}"


def _assign(triage: Triage, row: Diagnosis, about: str, now: datetime) -> Done:  # noqa: ARG001
    person = people().filter(username=about.replace("\0", "")).first()
    if person is None:
        raise NotPossible(_("there is nobody of that name any more"))
    triage.assign(person)
    return Done(_("Assigned to %(who)s.") % {"who": about}, _back_to(row))


def _unassign(triage: Triage, row: Diagnosis, about: str, now: datetime) -> Done:  # noqa: ARG001
    triage.unassign()
    return Done(_("Assigned to nobody."), _back_to(row))


def _back_to(row: Diagnosis) -> str:
    return f"assign {row.assignee.get_username()}" if row.assignee else "unassign"


_ABOUT: dict[str, Callable[[Triage, Diagnosis, str, datetime], Done]] = {
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "assign": _assign,
    "unassign": _unassign,
}


def people() -> QuerySet[User]:
    """Whom a diagnosis can be assigned to."""
    return User.objects.filter(is_active=True).exclude(username=GUEST).order_by("username")


def others(name: str) -> QuerySet[User]:
    """The same but for one, at most as many as a menu shows."""
    return people().exclude(username=name)[:PEOPLE_SHOWN]
