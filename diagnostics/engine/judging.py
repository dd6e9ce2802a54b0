"""Runs the rules over a snapshot and turns what they find into verdicts: one a cause, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from diagnostics.engine.context import subjects
from diagnostics.engine.dependencies import named
from diagnostics.engine.fingerprint import fingerprint, shared_fingerprint
from diagnostics.engine.folding import fold
from diagnostics.engine.precedence import Root, roots
from diagnostics.engine.revisions import Revisions
from diagnostics.engine.sharing import reach, share
from diagnostics.engine.verdict import Crashed, Judgement, Skipped, Verdict
from diagnostics.engine.wording import shared_verdict, verdict
from diagnostics.rules import checks
from diagnostics.rules.model import Check, Finding, Severity
from diagnostics.rules.subject import Subject
from diagnostics.snapshot.cluster import Snapshot


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
    return Judgement(
        verdicts=tuple(sorted(_verdicts(snapshot, causes, trouble), key=_worst_first)),
        crashed=tuple(trouble.crashed),
        skipped=tuple(
            Skipped(check=check, needs=need, pods=pods) for (check, need), pods in sorted(trouble.skipped.items())
        ),
        sharable=frozenset(
            (root.subject.namespace, thing)
            for members in causes.values()
            for root in members
            for thing in _reaching(root)
        ),
    )


def _reaching(root: Root) -> Iterator[str]:
    """What it may share with, or wait for in, other namespaces."""
    if root.finding.shared:
        yield reach(root.finding.shared)
    yield from named(root)


def _checks_by_kind() -> dict[str, list[Check]]:
    by_kind: dict[str, list[Check]] = {"Pod": []}
    for check in checks():
        for kind in check.about:
            by_kind.setdefault(kind, []).append(check)
    return by_kind


def _findings(subject: Subject, about: Iterable[Check], trouble: _Trouble) -> Iterator[Finding]:
    for check in about:
        if check.needs and (unread := next((need for need in check.needs if subject.unread(need)), None)):
            trouble.skipped[check.name, unread] += 1
            continue
        yield from _run(check, subject, trouble)


def _run(check: Check, subject: Subject, trouble: _Trouble) -> list[Finding]:
    try:
        return list(check.judge(subject))
    except Exception as error:  # noqa: BLE001 - one faulty rule must not blind the others; it is recorded and shown.
        trouble.crashed.append(Crashed(check=check.name, object=subject.object, error=repr(error)))
        return []


def _verdicts(snapshot: Snapshot, causes: dict[str, list[Root]], trouble: _Trouble) -> Iterator[Verdict]:
    """What is said of each cause that is no other's consequence; of one that several workloads share it is said once."""
    tallies, revisions = snapshot.tallies_by_workload(), Revisions(snapshot)

    def own(key: str, members: list[Root]) -> Verdict:
        return verdict(key, members, tallies.get(members[0].subject.workload), revisions)

    shared, owned = share(fold(causes))
    for key, members in owned:
        yield from _worded(members[0], partial(own, key, members), trouble)
    for cause in shared:
        parts = [
            part
            for key, members in cause.members.items()
            for part in _worded(members[0], partial(own, key, members), trouble)
        ]
        if parts:
            key = shared_fingerprint(snapshot.cluster, cause.code, cause.thing)
            yield from _worded(
                next(cause.roots), partial(shared_verdict, key, cause, sorted(parts, key=_place)), trouble
            )


def _worded(root: Root, word: Callable[[], Verdict], trouble: _Trouble) -> Iterator[Verdict]:
    try:
        yield word()
    except (KeyError, IndexError, ValueError) as error:  # A template that names what its finding does not offer.
        trouble.crashed.append(Crashed(check=root.finding.rule.code, object=root.subject.object, error=repr(error)))


def _worst_first(verdict: Verdict) -> tuple[object, ...]:
    severity = Severity[verdict.severity.upper()]
    return (-severity, -verdict.pods_affected, *_place(verdict))


def _place(verdict: Verdict) -> tuple[str, ...]:
    place = (verdict.namespace or "", verdict.workload.kind, verdict.workload.name, verdict.container or "")
    return (*place, verdict.code, verdict.fingerprint)
