"""Which of a pod's findings is the cause, and which are its consequences (catalogue B0, 6 and 7).

What a rule says it explains comes first. Then the stages of a pod's life decide: a pod that cannot be scheduled pulls
no image, a container that crashes answers no probe. A finding about the whole pod stands above every container, one
about an init container above the main containers, one about a main container above itself alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from diagnostics.rules.model import Confidence, Finding, Severity, Stage
from diagnostics.rules.subject import Subject


@dataclass(frozen=True, slots=True)
class Root:
    """A finding about a subject that nothing else explains, with those that it explains."""

    subject: Subject
    finding: Finding
    symptoms: tuple[Root, ...] = ()

    @property
    def since(self) -> datetime:
        """When the fault began, by the API's own times; never later than now, whatever a skewed node wrote."""
        began = self.finding.since or self.subject.began
        return min(began, self.subject.now) if began else self.subject.now


def roots(subject: Subject, findings: Iterable[Finding]) -> list[Root]:
    """The roots among the findings about one subject; every other finding hangs under one of them."""
    found = tuple(findings)
    if not found:
        return []  # Most objects are well.
    blocking, staged = subject.waited_for, subject.staged
    causes: list[Finding] = []
    under: dict[int, list[Root]] = {}
    for finding in sorted(found, key=lambda one: (_explained(one, found), *_rank(one, blocking))):
        cause = next((c for c in causes if _explains(c, finding) or (staged and _precedes(c, finding, blocking))), None)
        if cause is None:
            causes.append(finding)
        else:
            under.setdefault(id(cause), []).append(Root(subject, finding))
    return [Root(subject, cause, tuple(under.get(id(cause), ()))) for cause in causes]


def _rank(finding: Finding, blocking: frozenset[str]) -> tuple[object, ...]:
    """Causes before consequences, surest and worst first; code, container and signature only make the order total."""
    rule = finding.rule
    tier = 1 if finding.container in blocking else 2
    if not finding.container and rule.stage <= Stage.SANDBOX:
        tier = 0  # No container has been created yet.
    sureness = list(Confidence).index(finding.confidence)
    return (tier, rule.stage, sureness, -rule.severity, rule.code, finding.container, finding.signature)


def _explained(finding: Finding, found: Iterable[Finding]) -> bool:
    return any(_explains(other, finding) for other in found if other is not finding)


def _explains(cause: Finding, other: Finding) -> bool:
    same_place = cause.container == other.container or not (cause.container and other.container)
    return same_place and any(fnmatchcase(other.rule.code, pattern) for pattern in cause.rule.explains)


def _precedes(cause: Finding, other: Finding, blocking: frozenset[str]) -> bool:
    if cause.rule.severity is Severity.INFO and other.rule.severity is not Severity.INFO:
        return False  # History and intentions explain no failure.
    if cause.container == other.container or not cause.container or not other.container:
        return cause.rule.stage <= other.rule.stage
    return cause.container in blocking and other.container not in blocking
