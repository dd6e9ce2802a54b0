"""Containers that are ready by turns (catalogue B9).

Of a pod's changes of readiness the API keeps the latest alone. What tells that there are many is the count of failed
probes: enough for three times, some before and some after the latest change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from diagnostics.rules.model import Confidence, Finding, check
from diagnostics.rules.probes.codes import FLAPPING
from diagnostics.rules.probes.failures import FRESH, ProbeFailure, failed, probe_failure
from diagnostics.rules.stages import serving
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Probe

# Six changes within this time: three times unready, three times ready again.
WINDOW = timedelta(minutes=30)
_TIMES_UNREADY = 3
# Whoever has been ready, or unready, for longer than this does not flap.
STEADY = timedelta(minutes=10)
# How many events about one pod client-go's recorder lets through (EventSourceObjectSpamFilter), and how near to that
# is as good as that.
_BURST, _THEN_EVERY, _ALMOST = 25, timedelta(minutes=5), 0.8


@check(FLAPPING, needs=("events",))
def ready_by_turns(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose readiness probe fails again and again, and succeeds in between."""
    ready = suspect.pod.status.condition("Ready")
    if not serving(suspect) or ready is None:
        return
    for container in suspect.containers:
        failure = probe_failure(container, "Readiness", container.spec.readiness_probe)
        events = _failures(container, failure.probe) if failure else []
        if failure is not None and events and _flaps(suspect, ready, failure.probe, events):
            yield _finding(container, ready, failure, events)


def _failures(container: ContainerView, probe: Probe) -> list[Event]:
    """What failed of late, newest first; not what belongs to the container's start."""
    running = container.status.state.running
    if running is None or running.started_at is None:
        return []
    started = running.started_at + timedelta(seconds=probe.budget_seconds)
    return [
        event
        for event in container.events("Unhealthy")
        if failed(event) == "Readiness" and event.since is not None and event.since >= started
    ]


def _flaps(suspect: Suspect, ready: Condition, probe: Probe, events: list[Event]) -> bool:
    turned, last, began = ready.last_transition_time, events[0].at, _began(events)
    if turned is None or last is None or suspect.age(turned) > STEADY or suspect.age(last) > FRESH:
        return False
    before = began < (turned if ready.true else turned - _to_lose(probe))
    after = last > turned or not ready.true
    enough = _TIMES_UNREADY * probe.failure_threshold * max(suspect.age(began) / WINDOW, 1)
    return before and after and _times(events) >= enough and _interrupted(_times(events), last - began, probe)


def _interrupted(failures: int, span: timedelta, probe: Probe) -> bool:
    """Whether one long outage would have brought another number of failures.

    It brings one a period; or, where the recorder drops most of a pod's events, its burst and one in five minutes.
    """
    every, kept = span / timedelta(seconds=max(probe.period_seconds, 1)), _BURST + span / _THEN_EVERY
    return failures < _ALMOST * every and not _ALMOST * kept <= failures <= kept / _ALMOST


def _to_lose(probe: Probe) -> timedelta:
    """How long before the loss of readiness the failures that led to it may have begun."""
    return timedelta(seconds=probe.failure_threshold * (probe.period_seconds + probe.timeout_seconds))


def _began(events: list[Event]) -> datetime:
    return min(event.since for event in events if event.since is not None)


def _times(events: list[Event]) -> int:
    return sum(event.times for event in events)


def _finding(container: ContainerView, ready: Condition, failure: ProbeFailure, events: list[Event]) -> Finding:
    suspect, turned = container.suspect, ready.last_transition_time
    return container.finding(
        FLAPPING,
        Confidence.LIKELY,
        *(suspect.quote_event(event) for event in events),
        suspect.quote("status.conditions[Ready].lastTransitionTime", f"{turned:%Y-%m-%dT%H:%M:%SZ}", turned),
        field="readinessProbe",
        since=_began(events),
        signature=failure.kind,
        met=failure.words(container),
        failures=_times(events),
        span=short_duration(suspect.age(_began(events))),
        turned=f"{turned:%H:%M} UTC",
        threshold=failure.probe.failure_threshold,
    )
