"""CronJobs that start no runs: suspended, with an invalid schedule, or held up (catalogue B11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeAlias

from diagnostics.rules.clues import core
from diagnostics.rules.jobs import rules
from diagnostics.rules.jobs.schedule import parse
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, check
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.objects import CronJob, Event

CronJobView: TypeAlias = ObjectView[CronJob]

# A run that has not started so long after it was due is missed.
LATE = timedelta(minutes=5)
# No more missed runs are counted than these; the controller itself stops there.
_COUNTED = 100

# Sources: pkg/controller/cronjob/cronjob_controllerv2.go and utils.go.
_INVALID = {
    "UnparseableSchedule": "spec.schedule",
    "UnParseableCronJobSchedule": "spec.schedule",
    "InvalidSchedule": "spec.schedule",
    "UnknownTimeZone": "spec.timeZone",
}
_HELD_UP = (
    "The run before has not ended, and concurrencyPolicy Forbid lets no second one start beside it.",
    "See why Job {job} does not end (and give it an activeDeadlineSeconds), or allow runs beside each other.",
)
_TOO_LATE = (
    "The controller did not start the runs in time: it was down, or startingDeadlineSeconds is too short for it.",
    "Raise startingDeadlineSeconds, and look at kube-controller-manager.",
)


@check(rules.CRON_SUSPENDED, rules.INVALID, rules.MISSED, about=("CronJob",))
def cron_job(view: CronJobView) -> Iterator[Finding]:
    """Why a CronJob starts no runs now."""
    if view.metadata.deletion_timestamp is not None:
        return
    if view.item.spec.suspend:
        yield _finding(view, rules.CRON_SUSPENDED, view.quote("spec.suspend", "true"), path="spec.suspend")
    elif event := next(iter(view.events(*_INVALID)), None):
        yield _invalid(view, event)
    elif missed := _missed(view):
        yield missed


def _invalid(view: CronJobView, event: Event) -> Finding:
    path, spec = _INVALID[event.reason], view.item.spec
    return _finding(
        view,
        rules.INVALID,
        view.quote_event(event),
        view.quote("spec.schedule", spec.schedule),
        path=path,
        since=event.since,
        field=path,
        said=core(event.text),
        schedule=spec.schedule,
        zone=f" in time zone {spec.time_zone}" if spec.time_zone else "",
    )


@dataclass(frozen=True, slots=True)
class _Missed:
    """How many runs were missed since when, and the event that tells it, if one does."""

    since: datetime
    count: int
    event: Event | None = None


def _missed(view: CronJobView) -> Finding | None:
    missed = _told(view) or _reckoned(view)
    if missed is None:
        return None
    running = view.item.status.active if view.item.spec.concurrency_policy == "Forbid" else ()
    job = running[0].name if running else ""
    why, advice = _HELD_UP if job else _TOO_LATE
    spec, last = view.item.spec, view.item.status.last_schedule_time
    return _finding(
        view,
        rules.MISSED,
        *((view.quote_event(missed.event),) if missed.event else ()),
        view.quote("spec.schedule", spec.schedule),
        view.quote("status.lastScheduleTime", f"{last:%Y-%m-%dT%H:%M:%SZ}" if last else "never", last),
        *([view.quote("status.active", job), view.quote("spec.concurrencyPolicy", "Forbid")] if job else ()),
        confidence=Confidence.CERTAIN if job or missed.event else Confidence.LIKELY,
        path="spec.concurrencyPolicy" if job else "spec.startingDeadlineSeconds",
        since=missed.since,
        missed=f"{missed.count}{' or more' * (missed.count >= _COUNTED)} run{'s' * (missed.count != 1)}",
        first=f"{missed.since:%Y-%m-%d %H:%M} UTC",
        held_up=f", because Job {job} still runs" if job else "",
        why=why,
        advice=advice.format(job=job),
    )


def _told(view: CronJobView) -> _Missed | None:
    """By the controller's own events, unless it has started a run since."""
    last = view.item.status.last_schedule_time
    for event in view.events("MissSchedule", "TooManyMissedTimes"):
        if event.at is not None and (last is None or event.at > last):
            return _Missed(event.since or event.at, event.times, event)
    return None


def _reckoned(view: CronJobView) -> _Missed | None:
    """By its schedule and the time of its last run.

    Without a time zone the controller's own applies, which is not known: then only a schedule that the last run
    confirms, or that is the same in every zone, is gone by.
    """
    spec, last = view.item.spec, view.item.status.last_schedule_time
    schedule, since = parse(spec.schedule, spec.time_zone), last or view.metadata.creation_timestamp
    if schedule is None or since is None:
        return None
    if not (spec.time_zone or schedule.every_hour or (last is not None and schedule.due(last))):
        return None
    changed = view.item.metadata.written_at  # Runs that were due before it was resumed or changed are not missed.
    due = schedule.after(max(since, changed) if changed else since)
    late = [at for at in islice(due, _COUNTED) if at <= view.now - LATE]
    if not late:
        return None
    return _Missed(late[0], len(late))


def _finding(
    view: CronJobView,
    rule: Rule,
    *evidence: Evidence,
    path: str,
    confidence: Confidence = Confidence.CERTAIN,
    since: datetime | None = None,
    **params: object,
) -> Finding:
    offender = Offender("CronJob", view.metadata.name, view.namespace, path)
    return Finding(
        rule, confidence, evidence, offender=offender, since=since, params={"kind_slug": "cronjob", **params}
    )
