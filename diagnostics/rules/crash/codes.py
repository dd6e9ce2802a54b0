"""Ended with an exit code that says something by itself, or with one that says nothing (catalogue B8)."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.rules.crash.case import DEBUGGING, LOGS, VERIFY, Case
from diagnostics.rules.exits import NOT_STARTED, SIGNALS, signal_of
from diagnostics.rules.model import Confidence, Evidence, Finding, Rule, Severity, Stage
from diagnostics.rules.signatures.last_words import short

# How often a container has to finish before that is a fault and no accident.
FINISHED_TOO_OFTEN = 3


def _rule(code: str, message: str, cause: str, remedy: str, clocks: tuple[float, int] = (0, 3)) -> Rule:
    """A rule about an exit code; the clocks are minutes until it is visible and until it is sent."""
    return Rule(
        code=code,
        severity=Severity.HIGH,
        stage=Stage.CRASH,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=(LOGS,),
        verify=VERIFY,
        references=DEBUGGING,
        visible_after=timedelta(minutes=clocks[0]),
        notify_after=timedelta(minutes=clocks[1]),
    )


def _signal(code: str, what: str, cause: str, remedy: str) -> Rule:
    return _rule(code, f"Container {{container}} crashes with {what}{{what}}{{restarts}}.", cause, remedy)


BY_SIGNAL = {
    11: _signal(
        "crash-segv",
        "a segmentation fault (SIGSEGV, exit code {code})",
        "Native code touched memory that is not its own: a bug, a library built for another libc or CPU, or a stack "
        "that overflowed.",
        "Try the previous image; look for a mix of musl and glibc builds; enable core dumps.",
    ),
    6: _signal(
        "crash-abrt",
        "an abort (SIGABRT, exit code {code})",
        "The program or its runtime found a state that it does not allow (an assertion, an unhandled exception, a "
        "corrupted heap) and aborted itself.",
        "The last lines of the log name the assertion or exception.",
    ),
    4: _signal(
        "crash-ill",
        "an illegal instruction (SIGILL, exit code {code})",
        "The image holds instructions that this node's CPU does not have.",
        "Schedule it to nodes with that CPU, or use a build for the baseline architecture.",
    ),
    7: _signal(
        "crash-bus",
        "a bus error (SIGBUS, exit code {code})",
        "A memory-mapped file shrank or could not be read (a full /dev/shm, a broken disk), or memory was misaligned.",
        "See whether /dev/shm (64 MiB by default) or the mapped volume is full; mount a larger emptyDir of medium "
        "Memory.",
    ),
    8: _signal(
        "crash-fpe",
        "an arithmetic error (SIGFPE, exit code {code})",
        "The program divided by zero, or overflowed, in native code.",
        "The last lines of the log or a core dump tell where.",
    ),
    31: _signal(
        "crash-sys",
        "a forbidden system call (SIGSYS, exit code {code})",
        "The seccomp profile of the container forbids a system call that the program makes.",
        "Find the call (audit log of the node), and use a profile that allows it.",
    ),
}
NOT_EXECUTABLE = _rule(
    "crash-exit-126",
    "Container {container} ends with code 126{what}{restarts}.",
    "The file exists and is not executable for this user, or it is a directory.",
    "Set the execute bit when building the image (chmod +x), and see which user the container runs as.",
)
NOT_FOUND = _rule(
    "crash-exit-127",
    "Container {container} ends with code 127{what}{restarts}.",
    "A shell in the container found no such program: a typo, another image than expected, or a script with Windows "
    "line ends.",
    "Compare the command with what the image holds and with its $PATH.",
)
NOT_RUN = _rule(
    "crash-exit-128",
    "Container {container} ends with code 128{what}{restarts}.",
    "The runtime failed while starting the command, or the program ended with that code itself.",
    "Read the message of the runtime, and compare command, mounts and working directory with the image.",
)
OUT_OF_RANGE = _rule(
    "crash-exit-255",
    "Container {container} ends with code 255{what}{restarts}.",
    "255 is what exit(-1) becomes, and what ssh and some runtimes give when the connection or the container is lost.",
    "Read the last lines of the log; if there are none, look at the node's container runtime.",
)
CLEAN = _rule(
    "crash-exit-clean",
    "Container {container} finishes with code 0 and is started again and again{restarts}.",
    "The command does its work and ends, or starts a daemon in the background and ends; the pod is to run for ever, "
    "so the kubelet starts it again.",
    "Run one-time work as a Job; let a daemon stay in the foreground (nginx -g 'daemon off;').",
    (0.5, 5),
)
UNKNOWN = Rule(
    code="crash-app-unknown",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="Container {container} {exits}{words}{restarts}.",
    cause="{why}",
    remedy="{advice}",
    commands=(LOGS,),
    verify=VERIFY,
    references=DEBUGGING,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
_BY_CODE = {126: NOT_EXECUTABLE, 127: NOT_FOUND, 128: NOT_RUN, 255: OUT_OF_RANGE}
# What a code usually stands for, where neither the runtime nor the log says more.
_USUALLY = {
    126: ": a command was found and cannot be executed",
    127: ": a command was not found",
}
# A code that the program's own words explain better.
_WORDS_FIRST = (255,)


def by_deadly_signal(case: Case) -> Finding | None:
    """A signal that a process brings upon itself; heaps that are full end so as well, and are told of before."""
    rule = BY_SIGNAL.get(signal_of(case.end))
    return _coded(case, rule) if rule else None


def by_exit_code(case: Case) -> Finding | None:
    """126, 127 and 128, which shells and runtimes give."""
    rule = _BY_CODE.get(case.end.exit_code)
    return _coded(case, rule) if rule and case.end.exit_code not in _WORDS_FIRST else None


def by_last_code(case: Case) -> Finding | None:
    """255, if nothing that it said explains it."""
    return _coded(case, OUT_OF_RANGE) if case.end.exit_code in _WORDS_FIRST and not case.said.best else None


def clean(case: Case) -> Finding | None:
    """Code 0 of a container that is to run for ever, time and again."""
    often = case.container.status.restart_count >= FINISHED_TOO_OFTEN
    return _coded(case, CLEAN) if case.finished and often else None


def unknown(case: Case) -> Finding | None:
    """It ended by itself, with whatever it said."""
    if case.finished:
        return None
    best = case.said.best
    return case.finding(
        UNKNOWN,
        Confidence.LIKELY if best else Confidence.CERTAIN,
        *case.said.evidence,
        field="image",
        signature=f"exit {case.end.exit_code} {case.said.signature}".strip(),
        ruled_out=case.ruled_out,
        words=case.said.words,
        why=best.signature.cause if best else _why(case),
        advice=best.signature.remedy if best else "Read the log around its end, and ask who knows the program.",
    )


def _why(case: Case) -> str:
    signal = signal_of(case.end)
    if signal:
        return f"The process was ended by {SIGNALS.get(signal, f'signal {signal}')}; nothing says who sent it."
    if case.said.missing:
        return f"The program ended itself, and there is no log to tell why: {case.said.missing}."
    return "The program ended itself because of an error of its own; its last words are the best hint there is."


def _coded(case: Case, rule: Rule) -> Finding:
    best = case.said.best
    return case.finding(
        rule,
        Confidence.CERTAIN,
        *_runtime_message(case),
        *case.said.evidence,
        field="image" if rule in BY_SIGNAL.values() else "command",
        signature=case.said.signature if best else "",
        ruled_out=case.ruled_out,
        what=_runtime_words(case) or (case.said.words if best else _USUALLY.get(case.end.exit_code, "")),
    )


def _runtime_words(case: Case) -> str:
    return f": {short(case.end.message)}" if case.end.reason in NOT_STARTED and case.end.message else ""


def _runtime_message(case: Case) -> tuple[Evidence, ...]:
    if not _runtime_words(case):
        return ()
    return (case.suspect.quote(f"{case.container.last_end_path}.message", case.end.message, case.end.finished_at),)
