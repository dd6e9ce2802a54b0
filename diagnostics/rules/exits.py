"""How a container's run ended: the facts of the exit code, and what may be concluded from them (catalogue 0.2).

`OOMKilled` with 137 is the main process, with another code a child of it; 137 with `Error` is a SIGKILL of unknown
origin and proves nothing about memory. A crash-looping container is `terminated`, `running` or `waiting` by turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.rules.model import Evidence
from diagnostics.rules.signatures import LastWords
from diagnostics.rules.suspect import ContainerView
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.pods import Terminated

# A crash is news for this long after the container came back.
WINDOW = timedelta(minutes=15)
# A run shorter than this never got further than its start.
AT_START = timedelta(seconds=10)

OOM_KILLED = "OOMKilled"
STATUS_UNKNOWN = "ContainerStatusUnknown"
# The runtime could not start the command at all: containerd's reason, and Docker's.
NOT_STARTED = ("StartError", "ContainerCannotRun")

SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    31: "SIGSYS",
}


def wants_log(container: ContainerView) -> bool:
    """Whether its log would tell something: it failed, or it runs and is not ready, in a pod that is not going away."""
    pod = container.suspect.pod
    if pod.metadata.deletion_timestamp is not None or pod.status.reason:
        return False
    if container.status.state.running is not None and not container.status.ready:
        return True
    end = container.last_end
    return end is not None and end.reason not in NOT_STARTED and recent(container)


def recent(container: ContainerView) -> bool:
    """Whether its latest end is news: it has not come back, or it came back within the last 15 minutes.

    One restart of a container that is ready again is history, not news, unless it was killed for memory.
    """
    end, status = container.last_end, container.status
    if end is None:
        return False
    if status.state.running is None:
        return container.waiting_reason in ("", "CrashLoopBackOff")
    if status.ready and status.restart_count < 2 and end.reason != OOM_KILLED:
        return False
    return end.finished_at is not None and container.suspect.age(end.finished_at) <= WINDOW


def failing_since(container: ContainerView) -> datetime | None:
    """When the first end that is still known was: by its states, or by the first back-off event."""
    states = (container.status.state.terminated, container.status.last_state.terminated)
    known = [end.finished_at for end in states if end is not None]
    known += [event.since for event in container.events("BackOff") if "restarting failed container" in event.message]
    return min((moment for moment in known if moment is not None), default=None)


def signal_of(end: Terminated) -> int:
    """The signal that ended it: as the runtime says, or as the exit code does (128 + n); 0 for none."""
    if end.signal:
        return end.signal
    return end.exit_code - 128 if end.exit_code - 128 in SIGNALS else 0


def duration(end: Terminated) -> timedelta | None:
    """How long the run was, if both times are known; a run that never started has the epoch as its start."""
    if end.started_at is None or end.finished_at is None or end.started_at.year < 2000:
        return None
    return max(end.finished_at - end.started_at, timedelta())


def exits(end: Terminated, *, past: bool = False) -> str:
    """How it ended, as the verb of a sentence: "exits with code 1 at start", "is ended by SIGSEGV after 5m"."""
    signal, ran = signal_of(end), duration(end)
    by_signal = f"{'was' if past else 'is'} ended by {SIGNALS.get(signal, f'signal {signal}')}"
    ended = by_signal if signal else f"{'exited' if past else 'exits'} with code {end.exit_code}"
    if ran is None:
        return ended
    return f"{ended} at start" if ran <= AT_START else f"{ended} after {short_duration(ran)}"


def times(count: int) -> str:
    """A number of times: "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def restarts(container: ContainerView) -> str:
    """How often it was restarted, to end a sentence with: " (15 restarts in 28m)"; nothing for none."""
    count = container.status.restart_count
    if not count:
        return ""
    within = container.suspect.age(container.suspect.pod.status.start_time)
    return f" ({count} restart{'s' * (count > 1)}" + (f" in {short_duration(within)})" if within else ")")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """The memory limit that binds a container; `field` is where it stands in the pod's spec."""

    quantity: str
    field: str
    of_pod: bool = False


def memory_limit(container: ContainerView) -> MemoryLimit | None:
    """The container's own memory limit, else the one of its pod (`spec.resources`), else none."""
    own = container.spec.resources.limits.get("memory")
    if own is not None:
        return MemoryLimit(str(own), "resources.limits.memory")
    shared = container.suspect.pod.spec.resources.limits.get("memory")
    return MemoryLimit(str(shared), "resources.limits.memory", of_pod=True) if shared is not None else None


def end_evidence(container: ContainerView, end: Terminated) -> tuple[Evidence, ...]:
    """The exit code and the reason that the kubelet gives."""
    quote, path = container.suspect.quote, container.last_end_path
    code = quote(f"{path}.exitCode", end.exit_code, end.finished_at)
    return (code, quote(f"{path}.reason", end.reason, end.finished_at)) if end.reason else (code,)


@dataclass(frozen=True, slots=True)
class Ending:
    """How and why a container's latest run ended.

    `words` go on a sentence that begins with the container ("exits with code 3 at start: the database has no relation
    orders"); `signature` is the cause's, for `Finding.signature`.
    """

    words: str
    cause: str
    remedy: str
    signature: str
    evidence: tuple[Evidence, ...]


def explain_end(container: ContainerView) -> Ending | None:
    """Describes the end of a container's latest run, by memory, then by its last words; None if none ended.

    For rules that have a code of their own for a failed run (an init container's, say) and want its cause in words.
    """
    end = container.last_end
    if end is None:
        return None
    if end.reason == OOM_KILLED:
        return _out_of_memory(container, end)
    said = LastWords(container)
    best = said.best
    return Ending(
        words=exits(end) + said.words,
        cause=best.signature.cause if best else "The program ended itself; what it wrote last is the best hint.",
        remedy=best.signature.remedy if best else "Read the log of the failed run.",
        signature=f"exit {end.exit_code} {said.signature}".strip(),
        evidence=(*said.evidence, *end_evidence(container, end)),
    )


def _out_of_memory(container: ContainerView, end: Terminated) -> Ending:
    limit = memory_limit(container)
    owner = "the pod's" if limit and limit.of_pod else "its"
    return Ending(
        words="is killed for memory" + (f" at {owner} limit of {limit.quantity}" if limit else ""),
        cause="It needed more memory than it may have.",
        remedy="Raise the memory limit above what it needs, or let it need less.",
        signature="oom",
        evidence=end_evidence(container, end),
    )
