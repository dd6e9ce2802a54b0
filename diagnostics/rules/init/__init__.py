"""Init containers that fail, wait for ever, or hold the others up (catalogue B7, init-* and native sidecars)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.rules.dependencies import lists
from diagnostics.rules.dependencies.facts import Fact, known_of, told_by, with_fact
from diagnostics.rules.dependencies.names import service_of
from diagnostics.rules.exits import OOM_KILLED, Ending, explain_end, failing_since, recent, restarts
from diagnostics.rules.init import rules
from diagnostics.rules.init.waiting import awaited, looped
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, check
from diagnostics.rules.signatures.last_words import LastWords, cut
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
            yield from _waiting(container)


@check(rules.SIDECAR)
def sidecar_not_started(suspect: Suspect) -> Iterator[Finding]:
    """Native sidecars that run without having started."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        running = container.status.state.running
        if container.init and container.spec.restartable and running is not None and not container.status.started:
            yield _not_started(container)


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """What could stand behind the host that a running init container waits for."""
    hosts = [wait.host for container in suspect.containers if wants_log(container) for wait in _waited_for(container)]
    if hosts:
        yield from lists(suspect, " ".join(hosts))


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
    best = LastWords(container).best
    fact = told_by(container.suspect, best) if best else None
    finding = container.finding(
        rules.FAILED,
        Confidence.CERTAIN,
        *ending.evidence,
        *(fact.evidence if fact else ()),
        field=_field(container),
        since=failing_since(container),
        signature=ending.signature,
        ruled_out=("not the main containers: they have not started yet",),
        ended=ending.words + (fact.aside if fact else ""),
        again=restarts(container),
        why=fact.why if fact else ending.cause,
        mend=fact.advice if fact else ending.remedy,
    )
    return with_fact(finding, fact)


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


def _waits(container: ContainerView, wait: Wait, fact: Fact | None) -> Finding:
    suspect, running = container.suspect, container.status.state.running
    service = service_of(wait.host, suspect.namespace, suspect.snapshot.services)
    target = f"Service {service[1]}" if service else wait.host
    finding = container.finding(
        rules.WAIT_DEPENDENCY,
        _confidence(wait, fact),
        wait.evidence,
        *(fact.evidence if fact else ()),
        container.quote("state.running", "running" if running else ""),
        field=_field(container),
        offender=fact.offender if fact else Offender("Service", service[1], service[0]) if service else None,
        since=running.started_at if running else None,
        signature=wait.host,
        ruled_out=("not a crash: it runs and has not failed",),
        hedge="" if wait.sure or (fact and fact.proves) else "Possibly: ",
        host=wait.host,
        fact=fact.aside if fact else "",
        tells=wait.tells,
        why=fact.why if fact else f"{target} does not exist, or nothing behind it is ready.",
        advice=fact.advice
        if fact
        else f"See whether {target} exists and has ready endpoints. Repair what stands behind it, or correct the name in "
        "the init container.",
        service_namespace=service[0] if service else None,
        service=service[1] if service else None,
    )
    return with_fact(finding, fact)


def _confidence(wait: Wait, fact: Fact | None) -> Confidence:
    """Certain only where what it waits for is known to be missing or not ready."""
    if fact and fact.proves:
        return Confidence.CERTAIN
    return Confidence.LIKELY if wait.sure else Confidence.POSSIBLE


@dataclass(frozen=True, slots=True)
class Wait:
    """Whom an init container waits for, how that is known, and whether the name surely is one."""

    host: str
    port: str
    tells: str
    evidence: Evidence
    sure: bool


def _waiting(container: ContainerView) -> Iterator[Finding]:
    """What it waits for: by its log, else by its command, but then only if that is known to be missing or not ready."""
    for wait in _waited_for(container):
        fact = known_of(container.suspect, wait.host, wait.port, unresolved=True)
        if wait.evidence.source == "log" or (fact and fact.proves):
            yield _waits(container, wait, fact)
            return


def _waited_for(container: ContainerView) -> Iterator[Wait]:
    command = " ".join((*container.spec.command, *container.spec.args))
    asked = looped(command)
    if told := awaited(container.log.lines):
        yield Wait(
            host=told.host,
            port=asked[1] if asked and asked[0] == told.host else "",
            tells=f'Its log repeats "{told.line[:QUOTED]}" ({told.times} of its last {told.total} lines)',
            evidence=_line(container, told.line, told.number),
            sure=not told.host.isalpha() or told.host in command,
        )
    elif asked:
        evidence = container.quote_spec(_field(container), cut(command))
        yield Wait(*asked, "Its command tries again until somebody answers", evidence, sure=True)


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
