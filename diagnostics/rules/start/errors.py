"""What the container runtime says when it cannot create or start a container.

The same error stands in `state.waiting.message` (RunContainerError, CreateContainerError) and, while the kubelet backs
off, in the message of the run that never was (`terminated`, StartError). Sources: opencontainers/runc libcontainer
(standard_init_linux.go, rootfs_linux.go, process_linux.go), containers/crun, containerd internal/cri/server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.rules.clues import Match, clue, first
from diagnostics.rules.config import OTHER
from diagnostics.rules.exits import NOT_STARTED
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, check
from diagnostics.rules.stages import first_failed, up_to_containers, waiting_word
from diagnostics.rules.start import rules
from diagnostics.rules.start.words import ON_NODE, field, words
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.objects import Event

CRASH_LOOP = "CrashLoopBackOff"
_ERROR = "Error: "
_ABOUT_IMAGE = re.compile(r"pull image|ImagePull|ErrImage|ImageInspect|InvalidImage")
_WAITING = frozenset({"RunContainerError", "CreateContainerError"})
_BY_REASON = {
    "PostStartHookError": rules.POSTSTART,
    "PreStartHookError": rules.PRESTART_INTERNAL,
    "PreCreateHookError": rules.PRESTART_INTERNAL,
}
_POSSIBLE = Confidence.POSSIBLE
_COMMAND = r"(?P<command>[^\"`]{1,512})"

_CLUES = (
    clue(rules.OOM_INIT, r"container init was OOM-killed"),
    clue(rules.EXEC_FORMAT, r'(?:exec "?(?P<command>[^\s":]{1,512})"?: )?exec format error'),
    clue(rules.ARGS_TOO_LONG, r"argument list too long"),
    clue(
        rules.SECCOMP_APPARMOR,
        r"cannot load seccomp profile|loading seccomp filter|apparmor[^\n]{0,200}not (?:found|loaded)",
    ),
    clue(rules.SECCOMP_APPARMOR, r"unable to apply apparmor profile|apparmor failed to apply profile"),
    clue(rules.DEVICE, r"nvidia-container-cli: ", _POSSIBLE),
    clue(rules.DEVICE, r"error gathering device information|unresolvable CDI devices"),
    clue(rules.CGROUP, r"cpu\.cfs_quota_us|unable to freeze|systemd[^\n]{0,200}timeout", _POSSIBLE),
    clue(rules.CGROUP, r"unable to apply cgroup configuration|error setting cgroup config"),
    clue(rules.NAME_RESERVED, r"failed to reserve container name|context deadline exceeded|is reserved for"),
    clue(
        rules.READONLY_ROOTFS,
        r'(?:to rootfs at "|mkdirat? |mkdir |make mountpoint ")(?P<path>/[^\s":]{0,512}+)[^\n]{0,900}?read-only file system',
    ),
    clue(rules.READONLY_ROOTFS, r"read-only file system"),
    clue(rules.WORKDIR, r'chdir to cwd \("(?P<path>[^"]{1,512})"\)'),
    clue(rules.WORKDIR, r"error during container init: mkdir (?P<path>/[^\s:]{1,512}): "),
    clue(rules.MOUNT_TYPE, r'error mounting "[^"]{1,900}" to rootfs at "(?P<path>[^"]{1,512})"'),
    clue(
        rules.MOUNT_TYPE,
        r"(?P<path>/\S{1,512}+)[^\n]{0,300}?are you trying to mount a directory onto a file",
        _POSSIBLE,
    ),
    clue(rules.COMMAND_NOT_FOUND, rf'exec: "{_COMMAND}": executable file not found in \$PATH'),
    clue(rules.COMMAND_NOT_FOUND, rf'exec: "{_COMMAND}": (?:stat [^\n]{{1,512}}: )?no such file or directory'),
    clue(rules.COMMAND_NOT_FOUND, rf"executable file [`\"]?{_COMMAND}[`\"]? not found"),
    clue(rules.PERMISSION, rf'exec: "{_COMMAND}": [^\n]{{0,600}}permission denied'),
    clue(rules.PERMISSION, r"permission denied: unknown|open executable: permission denied"),
)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a container was not started: the error, where it stands, and the rule that it speaks for."""

    match: Match
    error: str
    evidence: tuple[Evidence, ...]


@check(*dict.fromkeys(row.rule for row in _CLUES), *dict.fromkeys(_BY_REASON.values()), OTHER)
def container_start(suspect: Suspect) -> Iterator[Finding]:
    """Containers that the runtime refuses to create or start, and those whose start hook fails."""
    if not up_to_containers(suspect):
        return
    for container in suspect.containers:
        if refusal := _hook(container) or _waiting(container) or _ended(container):
            yield _conclude(container, refusal)


def _hook(container: ContainerView) -> _Refusal | None:
    """A hook that failed: by the waiting reason, or by the event of the run that was killed for it."""
    if rule := _BY_REASON.get(container.waiting_reason):
        error = container.waiting.message if container.waiting else ""
        return _Refusal(Match(rule, Confidence.CERTAIN, {}), error, (waiting_word(container),))
    end, event = container.last_end, next(iter(container.events("FailedPostStartHook")), None)
    if end is None or event is None or container.status.state.running is not None:
        return None
    if event.at is None or end.started_at is None or event.at < end.started_at:
        return None
    return _Refusal(Match(rules.POSTSTART, Confidence.CERTAIN, {}), event.text, (container.suspect.quote_event(event),))


def _waiting(container: ContainerView) -> _Refusal | None:
    """The error that the container waits with; where the status holds none, the newest event's."""
    if container.waiting is None or container.waiting_reason not in _WAITING:
        return None
    failed = next((event for event in container.events("Failed") if event.text.startswith(_ERROR)), None)
    quoted = (container.suspect.quote_event(failed),) if failed else ()
    error = container.waiting.message or (failed.text if failed else "")
    return _Refusal(_classify(container, error), error, (waiting_word(container), *quoted))


def _ended(container: ContainerView) -> _Refusal | None:
    """The error of the run that never was, while the kubelet backs off."""
    end = container.last_end
    if end is None or end.reason not in NOT_STARTED or container.status.state.running is not None:
        return None
    if container.waiting_reason not in ("", CRASH_LOOP):
        return None
    path = container.last_end_path
    return _Refusal(
        _classify(container, end.message),
        end.message,
        (
            container.suspect.quote(f"{path}.message", end.message, end.finished_at),
            container.suspect.quote(f"{path}.exitCode", end.exit_code, end.finished_at),
        ),
    )


def _classify(container: ContainerView, error: str) -> Match:
    match = first(_CLUES, error) or Match(OTHER, Confidence.LIKELY, {})
    loose = match.rule is rules.WORKDIR and match.named["path"] != container.spec.working_dir
    return Match(match.rule, Confidence.LIKELY, match.named) if loose else match


def _failures(container: ContainerView) -> list[Event]:
    """The events about failed starts; those about the image, which came before, are left out."""
    events = container.events("Failed", "FailedPostStartHook")
    return [event for event in events if not _ABOUT_IMAGE.search(event.text)]


def _conclude(container: ContainerView, refusal: _Refusal) -> Finding:
    match, node_name = refusal.match, container.suspect.pod.spec.node_name
    return container.finding(
        match.rule,
        match.confidence,
        *refusal.evidence,
        field=field(container, match),
        offender=Offender("Node", node_name) if match.rule.code in ON_NODE else None,
        since=first_failed(container, _failures(container)),
        signature=match.named.get("path") or match.named.get("command") or "",
        **words(container, match, refusal.error),
    )
