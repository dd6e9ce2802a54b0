"""Which of a pod's findings is the cause, and which are its consequences (catalogue B0, 6 and 7).

What a rule says it explains comes first. Then the stages of a pod's life decide: a pod that cannot be scheduled pulls
no image, a container that crashes answers no probe. A finding about the whole pod stands above every container, one
about an init container above the main containers, one about a main container above itself alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.suspect import Suspect

_SURENESS = {Confidence.CERTAIN: 0, Confidence.LIKELY: 1, Confidence.POSSIBLE: 2}


@dataclass(frozen=True, slots=True)
class Root:
    """A finding that nothing else in its pod explains, with those that it explains."""

    suspect: Suspect
    finding: Finding
    symptoms: tuple[Finding, ...] = ()


def roots(suspect: Suspect, findings: Iterable[Finding]) -> list[Root]:
    """The roots among the findings of one pod, earliest stage first; every other finding hangs under one of them."""
    blocking = {container.name for container in suspect.containers if container.blocks_main}
    ordered = sorted(findings, key=_rank)
    causes: list[Finding] = []
    under: dict[int, list[Finding]] = {}
    for finding in _explainers_first(ordered):
        cause = next((c for c in causes if _explains(c, finding) or _precedes(c, finding, blocking)), None)
        if cause is None:
            causes.append(finding)
        else:
            under.setdefault(id(cause), []).append(finding)
    return [Root(suspect, cause, tuple(under.get(id(cause), ()))) for cause in causes]


def _rank(finding: Finding) -> tuple[object, ...]:
    """Earliest stage, then surest, then worst; the code and container only make the order total."""
    rule = finding.rule
    return (rule.stage, _SURENESS[finding.confidence], -rule.severity, rule.code, finding.container, finding.signature)


def _explainers_first(ordered: list[Finding]) -> list[Finding]:
    """Puts what another finding explains behind everything else, whatever its stage."""
    explained: Callable[[Finding], bool] = lambda f: any(_explains(g, f) for g in ordered if g is not f)  # noqa: E731
    return sorted(ordered, key=explained)


def _explains(cause: Finding, other: Finding) -> bool:
    same_place = cause.container == other.container or not (cause.container and other.container)
    return same_place and any(fnmatchcase(other.rule.code, pattern) for pattern in cause.rule.explains)


def _precedes(cause: Finding, other: Finding, blocking: set[str]) -> bool:
    if cause.container == other.container or not cause.container or not other.container:
        return cause.rule.stage <= other.rule.stage
    return cause.container in blocking and other.container not in blocking
