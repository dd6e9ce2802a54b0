"""Runs the rules over a snapshot and turns what they find into verdicts: one a cause, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from diagnostics.engine.context import subjects
from diagnostics.engine.fingerprint import fingerprint
from diagnostics.engine.folding import fold
from diagnostics.engine.precedence import Root, roots
from diagnostics.engine.revisions import Revisions
from diagnostics.engine.verdict import Crashed, Judgement, Skipped, Verdict
from diagnostics.engine.wording import verdict
from diagnostics.rules import checks
from diagnostics.rules.model import Check, Finding, Severity
from diagnostics.rules.subject import Subject
from diagnostics.snapshot.cluster import Snapshot, Tally
from diagnostics.snapshot.owners import WorkloadRef


@dataclass(slots=True)
class _Trouble:
    """What went wrong while judging; kept apart so that it never looks like health."""

    crashed: list[Crashed] = field(default_factory=list)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)


def judge(snapshot: Snapshot) -> Judgement:
    """Judges every suspect of a snapshot. Pure: the same snapshot gives the same judgement, in whatever order."""
    trouble = _Trouble()
    by_kind = _checks_by_kind()
    causes: dict[str, list[Root]] = {}
    for subject in subjects(snapshot, frozenset(by_kind)):
        for root in roots(subject, _findings(subject, by_kind[subject.kind], trouble)):
            key = fingerprint(snapshot.cluster, subject.workload, root.finding)
            causes.setdefault(key, []).append(root)
    tallies, revisions = snapshot.tallies_by_workload(), Revisions(snapshot)
    verdicts = [
        found for key, members in fold(causes) if (found := _verdict(key, members, tallies, revisions, trouble))
    ]
    return Judgement(
        verdicts=tuple(sorted(verdicts, key=_worst_first)),
        crashed=tuple(trouble.crashed),
        skipped=tuple(
            Skipped(check=check, needs=need, pods=pods) for (check, need), pods in sorted(trouble.skipped.items())
        ),
    )


def _checks_by_kind() -> dict[str, list[Check]]:
    by_kind: dict[str, list[Check]] = {"Pod": []}
    for check in checks():
        for kind in check.about:
            by_kind.setdefault(kind, []).append(check)
    return by_kind


def _findings(subject: Subject, about: Iterable[Check], trouble: _Trouble) -> Iterator[Finding]:
    for check in about:
        if unread := next((need for need in check.needs if subject.unread(need)), None):
            trouble.skipped[check.name, unread] += 1
            continue
        yield from _run(check, subject, trouble)


def _run(check: Check, subject: Subject, trouble: _Trouble) -> list[Finding]:
    try:
        return list(check.judge(subject))
    except Exception as error:  # noqa: BLE001 - one faulty rule must not blind the others; it is recorded and shown.
        trouble.crashed.append(Crashed(check=check.name, object=subject.object, error=repr(error)))
        return []


def _verdict(
    key: str, members: list[Root], tallies: Mapping[WorkloadRef, Tally], revisions: Revisions, trouble: _Trouble
) -> Verdict | None:
    subject, rule = members[0].subject, members[0].finding.rule
    try:
        return verdict(key, members, tallies.get(subject.workload), revisions)
    except (KeyError, IndexError, ValueError) as error:  # A template that names what its finding does not offer.
        trouble.crashed.append(Crashed(check=rule.code, object=subject.object, error=repr(error)))
        return None


def _worst_first(verdict: Verdict) -> tuple[object, ...]:
    severity = Severity[verdict.severity.upper()]
    place = (verdict.namespace or "", verdict.workload.kind, verdict.workload.name, verdict.container or "")
    return (-severity, -verdict.pods_affected, *place, verdict.code, verdict.fingerprint)
