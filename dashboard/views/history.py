"""The timeline of one diagnosis: what happened to it and around it, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.views.words import CONFIDENCES, minute, severity_word
from diagnostics.models import Activity, Diagnosis, Occurrence
from diagnostics.queries import Story


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline; `kind` is its class in the stylesheet: hot (first failure), dep (a change), or blank."""

    at: datetime
    text: str
    kind: str = ""


def timeline(story: Story) -> list[Happening]:
    """Everything that is known to have happened, newest first."""
    happenings = [*_changes(story.diagnosis), *_occurrences(story.occurrences), *_activities(story.activities)]
    first = Happening(story.diagnosis.first_seen, format_html("<b>{}</b>", _("First failure")), "hot")
    return sorted((*happenings, first), key=lambda happening: happening.at, reverse=True)


def resolved_by(story: Story) -> str:
    """By whose word it is resolved; blank if it healed by itself, or is open."""
    last = next((activity for activity in story.activities if activity.kind == Activity.Kind.RESOLVED), None)
    return last.actor.get_username() if last and last.actor and story.diagnosis.resolved_at else ""


def _changes(diagnosis: Diagnosis) -> Iterator[Happening]:
    """The rollouts that came before: the changes of one moment are one line."""
    moments: dict[datetime, tuple[list[str], str]] = {}
    for change in diagnosis.verdict["changed"]:
        at = parse_datetime(change["at"]) if change.get("at") else None
        if at:
            moments.setdefault(at, ([], change.get("by") or ""))[0].append(change["path"])
    for at, (paths, by) in moments.items():
        who = _(" by %(by)s") % {"by": by} if by else ""
        yield Happening(at, format_html("<b>{}</b>{}: <code>{}</code>", _("Changed"), who, ", ".join(paths)), "dep")


def _occurrences(occurrences: tuple[Occurrence, ...]) -> Iterator[Happening]:
    """Earlier times of failing; opening and resolution of the current one are told by its activities."""
    for occurrence in occurrences[1:]:
        if occurrence.ended_at:
            pods = ngettext("%(n)d pod", "%(n)d pods", occurrence.pods_peak) % {"n": occurrence.pods_peak}
            yield Happening(occurrence.started_at, _("An earlier time it failed, at most %(pods)s") % {"pods": pods})


def _activities(activities: tuple[Activity, ...]) -> Iterator[Happening]:
    for activity in activities:
        yield Happening(activity.at, _told(activity))


def _told(activity: Activity) -> str:
    who = activity.actor.get_username() if activity.actor else ""
    words = {
        Activity.Kind.OPENED: _("Diagnosed"),
        Activity.Kind.REGRESSED: _("Failing again: reopened"),
        Activity.Kind.RESOLVED: _("Resolved by %s") % who if who else _("Clean for long enough: resolved"),
        Activity.Kind.ACKNOWLEDGED: _("Acknowledged by %s") % who,
        Activity.Kind.UNACKNOWLEDGED: _("No longer acknowledged, says %s") % who,
        Activity.Kind.SNOOZED: _snoozed(who, activity),
        Activity.Kind.UNSNOOZED: _("Snooze ended by %s") % who,
        Activity.Kind.ASSIGNED: _("Assigned to %(to)s by %(who)s") % {"to": activity.detail.get("to", ""), "who": who},
        Activity.Kind.UNASSIGNED: _("Assigned to nobody by %s") % who,
        Activity.Kind.COMMENTED: _comment(who, activity.detail.get("text", "")),
        Activity.Kind.REOPENED: _("Reopened by %s") % who,
    }
    return words.get(Activity.Kind(activity.kind)) or "; ".join(_changed(activity)) or _("Changed")


def _comment(who: str, text: str) -> str:
    return format_html('<b>{}</b><p class="say">{}</p>', who, text)


def _snoozed(who: str, activity: Activity) -> str:
    until = parse_datetime(activity.detail.get("until", ""))
    if until is None:
        return _("Snoozed by %s") % who
    said = _("Snoozed by %s until it gets worse, at most until") if activity.detail.get("or_worse") else None
    return format_html("{} {}", (said or _("Snoozed by %s until")) % who, minute(until, activity.at))


def _changed(activity: Activity) -> Iterator[str]:
    for name, change in activity.detail.items():
        label = {"severity": _("Severity"), "confidence": _("Confidence"), "pods_affected": _("Pods failing")}.get(name)
        if label and isinstance(change, dict):
            yield _("%(what)s from %(old)s to %(new)s") % {
                "what": label,
                "old": _value(name, change.get("from")),
                "new": _value(name, change.get("to")),
            }


def _value(name: str, value: object) -> str:
    if name == "severity" and isinstance(value, int):
        return severity_word(value).lower()
    return str(CONFIDENCES.get(str(value), value)).lower()
