"""Killed by the kubelet for a liveness or startup probe (catalogue B8).

The `Killing` event says so. The recorder drops most of a pod's events once its burst is used up, so the newest such
event may belong to an earlier run of the same loop; without one, time and exit code make it likely at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from diagnostics.rules.crash.case import LOGS, PROBES, VERIFY, Case
from diagnostics.rules.exits import duration, signal_of
from diagnostics.rules.model import Confidence, Finding, Rule, Severity, Stage
from diagnostics.rules.probes.failures import (
    Kind,
    ProbeFailure,
    listens_elsewhere,
    port_of,
    probe_failure,
    resolve,
)
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Probe

# How old the newest Killing event may be for the latest end to be one more of its kind: the longest back-off, twice
# the recorder's five minutes.
SAME_LOOP = timedelta(minutes=15)
# A kill of the run before this one: the longest back-off lies between them.
RUN_BEFORE = timedelta(minutes=5, seconds=30)
_SLACK = timedelta(seconds=2)

LIVENESS = Rule(
    code="crash-liveness",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} is killed by its liveness probe: {met}{restarts}.",
    cause="The probe failed {failures} times in a row, {period} s apart, so the kubelet ended the container and "
    "started it anew.{hint}",
    remedy="If the program is well, correct the probe or give it more time (timeoutSeconds, failureThreshold, a "
    "startupProbe for slow starts); if it hangs, take a thread dump before the next kill.",
    commands=("kubectl -n {namespace} describe pod {pod}", LOGS),
    verify=VERIFY,
    references=PROBES,
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=3),
)
STARTUP = Rule(
    code="crash-startup-probe",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} is killed while it starts: its startup probe allows {budget} s, and {met}{restarts}.",
    cause="A container has initialDelaySeconds + periodSeconds x failureThreshold = {budget} s to pass its startup "
    "probe; then it is killed, however far it has come.{hint}",
    remedy="If it only starts slowly, raise failureThreshold until the budget covers the slowest start; else read its "
    "log for what it waits for.",
    commands=("kubectl -n {namespace} patch {workload} -p {patch}", LOGS),
    verify=VERIFY,
    references=PROBES,
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=3),
)
_HINTS = {
    Kind.REFUSED: "Nothing listens on the probe's port: it is the wrong port, or the process is not up.",
    Kind.TIMEOUT: "No answer came within timeoutSeconds: it hangs, is short of CPU, or answers slowly.",
    Kind.EXEC: "The probe's command failed in the container.",
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two probes that kill."""

    name: str
    rule: Rule
    probe: Probe | None
    field: str


def by_probe(case: Case) -> Finding | None:
    """The kubelet ended the latest run, or the run before it, because a probe failed."""
    spec = case.container.spec
    kinds = (
        _Kind("Startup", STARTUP, spec.startup_probe, "startupProbe"),
        _Kind("Liveness", LIVENESS, spec.liveness_probe, "livenessProbe"),
    )
    for kind in kinds:
        killing = _killing(case, kind)
        confidence = _confidence(case, killing) if killing else _without_event(case, kind)
        if confidence is not None:
            return _finding(case, kind, killing, confidence)
    return None


def _killing(case: Case, kind: _Kind) -> Event | None:
    phrase = f"failed {kind.name.lower()} probe"
    return next((event for event in case.container.events("Killing") if phrase in event.text), None)


def _confidence(case: Case, killing: Event) -> Confidence | None:
    """How sure the event makes it that the latest end was, or followed, a kill by the probe."""
    began, ended, at = case.end.started_at, case.end.finished_at, killing.at
    if at is None or began is None or ended is None:
        return Confidence.LIKELY
    if began <= at <= ended + _SLACK or (_asked_to_end(case) and ended - at <= SAME_LOOP):
        return Confidence.CERTAIN
    repeated = killing.times > 1 and at < began <= at + RUN_BEFORE
    return Confidence.LIKELY if repeated else None


def _asked_to_end(case: Case) -> bool:
    """Whether it ended as a process does that is told to: by SIGTERM or SIGKILL, or cleanly."""
    return case.end.exit_code == 0 or signal_of(case.end) in (9, 15)


def _without_event(case: Case, kind: _Kind) -> Confidence | None:
    """No Killing event: the probe is likely if it failed lately, or if the run lasted just as long as it allows."""
    ran = duration(case.end)
    if kind.probe is None or ran is None or signal_of(case.end) not in (9, 15):
        return None
    failure = probe_failure(case.container, kind.name, kind.probe)
    if failure is not None and case.suspect.age(failure.event.at) <= SAME_LOOP:
        return Confidence.LIKELY
    grace = case.suspect.pod.spec.termination_grace_period_seconds
    least = timedelta(seconds=kind.probe.budget_seconds - kind.probe.period_seconds)
    most = least + timedelta(seconds=2 * kind.probe.period_seconds + kind.probe.timeout_seconds + (grace or 30))
    return Confidence.LIKELY if least <= ran <= most else None


def _finding(case: Case, kind: _Kind, killing: Event | None, confidence: Confidence) -> Finding:
    probe = kind.probe or Probe()
    failure = probe_failure(case.container, kind.name, kind.probe)
    events = [event for event in (killing, failure.event if failure else None) if event]
    elsewhere = listens_elsewhere(case.container, probe) if failure and failure.kind is Kind.REFUSED else None
    return case.finding(
        kind.rule,
        confidence,
        *(case.suspect.quote_event(event) for event in events),
        *((elsewhere[1],) if elsewhere else ()),
        *(case.said.evidence[:1] if not _asked_to_end(case) else ()),
        field=kind.field,
        signature=f"{failure.kind} {_place(case, failure)}" if failure else "",
        ruled_out=_ruled_out(case, killing),
        met=_met(case, failure, killing),
        failures=probe.failure_threshold,
        period=probe.period_seconds,
        budget=probe.budget_seconds,
        hint=f" The container listens on port {elsewhere[0]}." if elsewhere else _hint(failure),
        patch=case.patch(startupProbe={"failureThreshold": _generous(probe)}),
    )


def _met(case: Case, failure: ProbeFailure | None, killing: Event | None) -> str:
    if failure is not None:
        return failure.words(case.container)
    return "it failed" if killing else "it ran just as long as the probe allows"


def _place(case: Case, failure: ProbeFailure) -> str:
    return failure.said[-3:] if failure.kind is Kind.STATUS else resolve(case.container, port_of(failure.probe))


def _hint(failure: ProbeFailure | None) -> str:
    """What the failure usually stands for, as one more sentence; nothing where that is not known."""
    hint = (_HINTS.get(failure.kind) or failure.status_means) if failure else ""
    return f" {hint}" if hint else ""


def _generous(probe: Probe) -> int:
    """A failureThreshold that allows five minutes, or twice as long as now."""
    return max(2 * probe.failure_threshold, -(-300 // max(probe.period_seconds, 1)))


def _ruled_out(case: Case, killing: Event | None) -> tuple[str, ...]:
    if killing is None:
        return ("certainty: no Killing event is left, this is judged by the exit code and the probe's failures",)
    if _asked_to_end(case):
        return ()
    return (f"code {case.end.exit_code} as the cause: only the latest run ended so, those before it were killed",)
