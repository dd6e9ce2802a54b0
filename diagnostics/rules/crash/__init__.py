"""Why a container ended, and ends again and again: the crash family (catalogue B8).

One end has one cause. The steps are asked in order and the first that knows it says so: memory before probes, probes
before what the log says, and the bare exit code last. `CrashLoopBackOff` is what the kubelet does about it, no cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnostics.rules.crash import codes, killed, memory, ports, probed, sidecars, told
from diagnostics.rules.crash.case import Case, cases
from diagnostics.rules.crash.history import restarts_before
from diagnostics.rules.model import Finding, Rule, check
from diagnostics.rules.suspect import Suspect

__all__ = ["crash", "restarts_before"]

LADDER: tuple[Callable[[Case], Finding | None], ...] = (
    memory.at_limit,
    memory.in_child,
    memory.by_node,
    killed.by_reboot,
    killed.lost,
    probed.by_probe,
    killed.over_grace,
    killed.by_sigkill,
    killed.by_sigterm,
    sidecars.of_sidecar,
    told.by_heap,
    codes.by_deadly_signal,
    codes.by_exit_code,
    codes.clean,
    told.by_signature,
    codes.by_last_code,
    codes.unknown,
)


def _rules() -> Iterator[Rule]:
    for module in (memory, killed, probed, sidecars, told, ports, codes):
        yield from (value for value in vars(module).values() if isinstance(value, Rule))
    yield from codes.BY_SIGNAL.values()


@check(*dict.fromkeys(_rules()))
def crash(suspect: Suspect) -> Iterator[Finding]:
    """One finding for each container whose latest end is news."""
    for case in cases(suspect):
        finding = next((found for step in LADDER if (found := step(case))), None)
        if finding is not None:  # A container that finished once or twice is no fault yet.
            yield finding
