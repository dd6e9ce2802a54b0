"""Liveness probes that kill what is well, by the way they are written (catalogue B9).

Both are told only of containers that a liveness probe has killed: they stand beneath `crash-liveness`, and by
themselves once the container is well again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.model import Confidence, Finding, check
from diagnostics.rules.probes.codes import BUDGET, SAME_PROBE
from diagnostics.rules.probes.failures import Kind, ProbeFailure, asks, listens_elsewhere, probe_failure
from diagnostics.rules.stages import serving
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Probe

LATELY = timedelta(hours=1)
# What a process that is up answers.
_UP = (Kind.STATUS, Kind.TIMEOUT, Kind.GRPC)


@check(SAME_PROBE, BUDGET, needs=("events",))
def liveness_as_written(suspect: Suspect) -> Iterator[Finding]:
    """Liveness probes that ask what readiness asks, or that give no time to start."""
    if not serving(suspect):
        return
    for container in suspect.containers:
        failure = probe_failure(container, "Liveness", container.spec.liveness_probe)
        killing = _killing(container)
        if failure is None or killing is None:
            continue
        if failure.kind in _UP and _same(failure.probe, container.spec.readiness_probe):
            yield _same_probe(container, failure, killing)
        elif failure.kind is Kind.REFUSED and (ran := _killed_at_once(container, killing, failure.probe)):
            yield _too_soon(container, failure, killing, ran)


def _killing(container: ContainerView) -> Event | None:
    """The newest kill by the liveness probe within the hour."""
    kills = (event for event in container.events("Killing") if "failed liveness probe" in event.text)
    return next((event for event in kills if container.suspect.age(event.at) <= LATELY), None)


def _same(one: Probe, other: Probe | None) -> bool:
    """Whether two probes ask the same, however often."""
    return other is not None and _handler(one) == _handler(other)


def _handler(probe: Probe) -> tuple[object, ...]:
    return (probe.http_get, probe.tcp_socket, probe.grpc, probe.exec)


def _same_probe(container: ContainerView, failure: ProbeFailure, killing: Event) -> Finding:
    probe, quote = failure.probe, container.quote_spec
    asked = asks(container, probe)
    return container.finding(
        SAME_PROBE,
        Confidence.CERTAIN,
        quote("livenessProbe", asked),
        quote("readinessProbe", asked),
        container.suspect.quote_event(killing),
        field="livenessProbe",
        since=killing.since,
        asks=asked,
        budget=probe.period_seconds * probe.failure_threshold,
    )


def _killed_at_once(container: ContainerView, killing: Event, probe: Probe) -> timedelta | None:
    """How long the killed run had lasted, if it was killed in the first round of its liveness probe.

    None where a startup probe holds liveness back, where the kill is of another run than the one that is known, and
    where the container listens on another port than the one that is asked.
    """
    end = container.last_end
    started, killed = (end.started_at if end else None), killing.at
    if container.spec.startup_probe is not None or started is None or killed is None:
        return None
    soonest = timedelta(seconds=probe.budget_seconds - probe.period_seconds)
    latest = timedelta(seconds=probe.budget_seconds + probe.period_seconds + probe.timeout_seconds)
    known = soonest <= killed - started <= latest and listens_elsewhere(container, probe) is None
    return killed - started if known else None


def _too_soon(container: ContainerView, failure: ProbeFailure, killing: Event, ran: timedelta) -> Finding:
    probe, quote = failure.probe, container.suspect.quote_event
    return container.finding(
        BUDGET,
        Confidence.POSSIBLE,
        quote(killing),
        quote(failure.event),
        field="livenessProbe",
        since=killing.since,
        ran=f"{ran.total_seconds():.0f} s",
        delay=probe.initial_delay_seconds,
        failures=probe.failure_threshold,
        period=probe.period_seconds,
        budget=probe.budget_seconds,
    )
