"""Commands that cannot be run, told by a shell or an entry script: the run ends at once, and its last line says why.

The runtime starts a shell, an init program or a script; that fails to run the real command, so the container's end
looks like any crash (catalogue 0.4, 5).
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.clues import Match, clue, first
from diagnostics.rules.exits import AT_START, duration, end_evidence, failing_since, recent
from diagnostics.rules.model import Confidence, Evidence, Finding, check
from diagnostics.rules.stages import up_to_containers
from diagnostics.rules.start import rules
from diagnostics.rules.start.words import field, words
from diagnostics.rules.suspect import ContainerView, Suspect

# How many of the last lines are read, and how much of each: what failed is what was said last.
LAST_LINES = 5
LINE = 1024

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
# Only from its first letter on: a long line without blanks is walked once, not once a letter.
_PROGRAM = r"(?<![\w./+-])(?P<command>[\w./+-]{1,256})"
_FORMAT = (
    clue(rules.EXEC_FORMAT, rf"(?:exec(?: user process)?:? )?\"?{_PROGRAM}\"?: exec format error"),
    clue(rules.EXEC_FORMAT, rf"{_PROGRAM}: cannot execute binary file"),
    clue(rules.EXEC_FORMAT, r"exec user process caused: exec format error"),
    clue(rules.ARGS_TOO_LONG, r"argument list too long"),
)
_BY_CODE = {
    _NOT_FOUND: (
        *_FORMAT,
        clue(rules.COMMAND_NOT_FOUND, rf"(?:^|[\s:]){_PROGRAM}: (?:command )?not found\s*$"),
        clue(rules.COMMAND_NOT_FOUND, rf"exec: \"?{_PROGRAM}\"?: [^\n]{{0,200}}(?:not found|no such file)"),
        clue(rules.COMMAND_NOT_FOUND, rf"(?:^|[\s:'\"]){_PROGRAM}['\"]?: No such file or directory"),
    ),
    _NOT_EXECUTABLE: (*_FORMAT, clue(rules.PERMISSION, rf"(?:^|[\s:]){_PROGRAM}: Permission denied")),
}


@check(rules.EXEC_FORMAT, rules.ARGS_TOO_LONG, rules.COMMAND_NOT_FOUND, rules.PERMISSION)
def container_command(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose last line says that a command could not be run."""
    if not up_to_containers(suspect):
        return
    for container in suspect.containers:
        if wants_log(container):
            for match, evidence in _said(container):
                yield _conclude(container, match, evidence)


def wants_log(container: ContainerView) -> bool:
    """Whether it failed in a way that the last line of its log may explain: by a shell's code, or at its start."""
    end = container.last_end
    if end is None or end.exit_code == 0 or not recent(container):
        return False
    ran = duration(end)
    return end.exit_code in _BY_CODE or (ran is not None and ran <= AT_START)


def _said(container: ContainerView) -> Iterator[tuple[Match, Evidence]]:
    """The last line that tells, if one does."""
    end, log = container.last_end, container.log
    clues = _BY_CODE.get(end.exit_code, _FORMAT) if end else _FORMAT
    place, total = "previous log" if log.previous else "log", len(log.lines)
    for back, line in enumerate(reversed(log.lines[-LAST_LINES:])):
        if match := first(clues, line[:LINE]):
            at = end.finished_at if end else None
            where = f"{place}, line {total - back} of {total}"
            yield match, Evidence("log", container.suspect.object, where, line[:LINE].strip(), at)
            return


def _conclude(container: ContainerView, match: Match, evidence: Evidence) -> Finding:
    end = container.last_end
    return container.finding(
        match.rule,
        Confidence.CERTAIN,
        evidence,
        *(end_evidence(container, end) if end else ()),
        field=field(container, match),
        since=failing_since(container),
        signature=match.named.get("command", ""),
        ruled_out=("not the image's name: the image was pulled and started",),
        **words(container, match, evidence.value),
    )
