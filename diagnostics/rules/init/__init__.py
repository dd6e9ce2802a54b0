"""Init containers that fail, wait for ever, or hold the others up (catalogue B7, init-* and native sidecars)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.exits import OOM_KILLED, Ending, explain_end, failing_since, recent, restarts
from diagnostics.rules.init import rules
from diagnostics.rules.init.waiting import Awaited, awaited
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, check
from diagnostics.rules.stages import alive, up_to_containers
from diagnostics.rules.suspect import ContainerView, Suspect

QUOTED = 200


@check(rules.FAILED)
def init_failed(suspect: Suspect) -> Iterator[Finding]:
    """Init containers whose latest run failed. Killed for memory is told by a code of its own."""
    if not up_to_containers(suspect):
        return
    for container in suspect.containers:
        if _ended_badly(container) and (ending := explain_end(container)):
            yield _failed(container, ending)


@check(rules.RUNNING_LONG, rules.WAIT_DEPENDENCY)
def init_running(suspect: Suspect) -> Iterator[Finding]:
    """Init containers that run; how long that may take is a matter of their grace."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        if wants_log(container):
            yield _running(container)
            if found := awaited(container.log.lines):
                yield _waits(container, found)


@check(rules.SIDECAR)
def sidecar_not_started(suspect: Suspect) -> Iterator[Finding]:
    """Native sidecars that run without having started."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        running = container.status.state.running
        if container.init and container.spec.restartable and running is not None and not container.status.started:
            yield _not_started(container)


def wants_log(container: ContainerView) -> bool:
    """Whether it is an init container that runs: what does it wait for?"""
    return _plain(container) and container.status.state.running is not None


def _plain(container: ContainerView) -> bool:
    return container.init and not container.spec.restartable


def _ended_badly(container: ContainerView) -> bool:
    end = container.last_end
    if not _plain(container) or not container.blocks_main or end is None:
        return False
    return end.exit_code != 0 and end.reason != OOM_KILLED and recent(container)


def _failed(container: ContainerView, ending: Ending) -> Finding:
    return container.finding(
        rules.FAILED,
        Confidence.CERTAIN,
        *ending.evidence,
        field=_field(container),
        since=failing_since(container),
        signature=ending.signature,
        ruled_out=("not the main containers: they have not started yet",),
        ended=ending.words,
        again=restarts(container),
        why=ending.cause,
        mend=ending.remedy,
    )


def _running(container: ContainerView) -> Finding:
    began = container.status.state.running.started_at if container.status.state.running else None
    log = container.log
    last = log.lines[-1].strip()[:QUOTED] if log.lines else ""
    return container.finding(
        rules.RUNNING_LONG,
        Confidence.CERTAIN,
        container.quote("state.running.startedAt", began.isoformat() if began else "not known", began),
        *((_line(container, last, len(log.lines)),) if last else ()),
        field=_field(container),
        since=began,
        began=f"{began:%H:%M} UTC" if began else "an unknown time",
        said=f'It said last: "{last}".' if last else f"It has written nothing ({log.missing or 'empty lines'}).",
    )


def _waits(container: ContainerView, found: Awaited) -> Finding:
    service = found.service(container.suspect.namespace)
    certain_enough = not found.host.isalpha() or found.host in " ".join((*container.spec.command, *container.spec.args))
    running = container.status.state.running
    return container.finding(
        rules.WAIT_DEPENDENCY,
        Confidence.LIKELY if certain_enough else Confidence.POSSIBLE,
        _line(container, found.line, found.number),
        container.quote("state.running", "running" if running else ""),
        field=_field(container),
        offender=Offender("Service", service[1], service[0]) if service else None,
        since=running.started_at if running else None,
        signature=found.host,
        ruled_out=("not a crash: it runs and has not failed",),
        hedge="" if certain_enough else "Possibly: ",
        host=found.host,
        line=found.line[:QUOTED],
        times=found.times,
        total=found.total,
        target=f"Service {service[1]}" if service else found.host,
        service_namespace=service[0] if service else None,
        service=service[1] if service else None,
    )


def _not_started(container: ContainerView) -> Finding:
    running, probe = container.status.state.running, container.spec.startup_probe
    failed = next((event for event in container.events("Unhealthy") if "Startup probe failed" in event.text), None)
    return container.finding(
        rules.SIDECAR,
        Confidence.CERTAIN,
        container.quote("started", "false"),
        *((container.suspect.quote_event(failed),) if failed else ()),
        field="startupProbe" if probe else "lifecycle.postStart",
        since=running.started_at if running else None,
        probe=_probe(container, failed.text if failed else ""),
    )


def _probe(container: ContainerView, failure: str) -> str:
    if failure:
        return f"{failure[:QUOTED].rstrip('. ')}."
    if container.spec.startup_probe is None:
        return "It has no startup probe, so its postStart hook has not ended."
    return "Its startup probe has not succeeded yet."


def _field(container: ContainerView) -> str:
    return "command" if container.spec.command else "args" if container.spec.args else "image"


def _line(container: ContainerView, line: str, number: int) -> Evidence:
    place = "previous log" if container.log.previous else "log"
    return Evidence("log", container.suspect.object, f"{place}, line {number} of {len(container.log.lines)}", line)
