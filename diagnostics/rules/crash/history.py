"""Containers that run now and crashed before: flapping, or history (catalogue B8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.exits import end_evidence, exits, recent, times
from diagnostics.rules.model import NEVER, Confidence, Finding, Rule, Severity, Stage, check
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.pods import Terminated

# Three restarts in an hour, the latest of them within it.
_OFTEN = 3
_HOUR = timedelta(hours=1)

FLAPPING = Rule(
    code="crash-flapping",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Container {container} crashes every {interval} or so ({times}, last {ago} ago): it {exited}.",
    cause="It runs well for a while and then ends, so it never backs off for long.",
    remedy="Compare the moments of the crashes with memory, load and scheduled work, and read the log of the run "
    "before.",
    commands=("kubectl -n {namespace} logs {pod} -c {container} --tail=100 --previous",),
    notify_after=timedelta(minutes=10),
)
HISTORIC = Rule(
    code="restart-historic",
    severity=Severity.INFO,
    stage=Stage.TRAFFIC,
    message="Container {container} was restarted {times}, last {ago} ago when it {exited}, and is ready since.",
    cause="It crashed before and has been well since.",
    remedy="Nothing now.",
    notify_after=NEVER,
)


@check(FLAPPING, HISTORIC)
def restarts_before(suspect: Suspect) -> Iterator[Finding]:
    """Containers that run, with ends that are no news any more."""
    if suspect.pod.metadata.deletion_timestamp is not None:
        return
    for container in suspect.containers:
        end = container.last_end
        helper = container.init and not container.spec.restartable
        if helper or end is None or end.finished_at is None or container.status.state.running is None:
            continue
        if not recent(container):
            yield from _judge(container, end)


def _judge(container: ContainerView, end: Terminated) -> Iterator[Finding]:
    if _flaps(container, end):
        yield _finding(FLAPPING, container, end)
    elif container.status.ready:
        yield _finding(HISTORIC, container, end)


def _flaps(container: ContainerView, end: Terminated) -> bool:
    if container.status.restart_count < _OFTEN or container.suspect.age(end.finished_at) > _HOUR:
        return False
    return _interval(container, end) <= _HOUR / _OFTEN


def _interval(container: ContainerView, end: Terminated) -> timedelta:
    """The mean time between restarts; long for a pod of which the start is not known."""
    start, finished = container.suspect.pod.status.start_time, end.finished_at
    if start is None or finished is None:
        return timedelta.max
    return (finished - start) / max(container.status.restart_count, 1)


def _finding(rule: Rule, container: ContainerView, end: Terminated) -> Finding:
    count = container.status.restart_count
    return container.finding(
        rule,
        Confidence.LIKELY if rule is FLAPPING else Confidence.CERTAIN,
        container.quote("restartCount", count),
        *end_evidence(container, end),
        since=end.finished_at,
        signature=f"exit {end.exit_code}",
        times=times(count),
        ago=short_duration(container.suspect.age(end.finished_at)),
        interval=short_duration(min(_interval(container, end), _HOUR)),
        exited=exits(end, past=True),
    )
