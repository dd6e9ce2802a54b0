"""Holds what was diagnosed against the truth: found, code, offender; and what was reported beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from diagnostics.engine.verdict import Judgement, OffenderPart, Verdict, WorkloadPart
from tests.corpus.truth import CLUSTER, Expected, Truth

CODES, OFFENDERS = 0.97, 0.95  # The bars: how many of all that was expected have to be right.


@dataclass(frozen=True, slots=True)
class Row:
    """One expected diagnosis, and how well it was met."""

    place: str
    expected: Expected
    codes: tuple[str, ...]  # What was said of that workload: one code, or those of the symptoms.
    offender: str  # What that pointed at.

    @property
    def found(self) -> bool:
        """Whether anything was said of that workload."""
        return bool(self.codes)

    @property
    def code_right(self) -> bool:
        """Whether it was called by an acceptable name."""
        return any(_matches(code, self.expected.codes) for code in self.codes)

    @property
    def offender_right(self) -> bool:
        """Whether it pointed at what has to change."""
        return self.found and _matches(self.offender, self.expected.offenders)

    @property
    def counts(self) -> bool:
        """What need not be reported counts only when it is."""
        return self.found or not self.expected.optional

    @property
    def wrong(self) -> str:
        """What is wrong with it, for people; blank if nothing is."""
        if not self.counts or (self.code_right and self.offender_right):
            return ""
        said = f"{', '.join(self.codes)} of {self.offender}" if self.found else "nothing"
        wanted = f"{'|'.join(self.expected.codes)} of {'|'.join(self.expected.offenders)}"
        return f"{self.place}: {self.expected.workload}: said {said}, should be {wanted}"


@dataclass(frozen=True, slots=True)
class Score:
    """How one place was judged. `extras` should not have been reported."""

    rows: tuple[Row, ...]
    extras: tuple[str, ...]

    @property
    def wrong(self) -> list[str]:
        """Everything that is wrong, for people."""
        return [*filter(None, (row.wrong for row in self.rows)), *self.extras]


def by_place(judgement: Judgement, now: datetime) -> dict[str, list[Verdict]]:
    """What people would be shown, by namespace; `cluster` for what has none."""
    places: dict[str, list[Verdict]] = {}
    for verdict in judgement.verdicts:
        if verdict.visible_at <= now:
            of_namespace = verdict.workload.name if verdict.workload.kind == "Namespace" else verdict.namespace
            places.setdefault(of_namespace or CLUSTER, []).append(verdict)
    return places


def score(place: str, truth: Truth, verdicts: list[Verdict], elsewhere: Iterable[Verdict] = ()) -> Score:
    """Holds the verdicts of one place, worst first, against the truth; they may be folded under those from `elsewhere`.

    Information may be what is expected, but is never too much.
    """
    rows, met = [], set[str]()
    for expected in truth.diagnoses:
        verdict = next((found for found in verdicts if _about(found, expected)), None)
        if verdict is not None:
            met.add(verdict.fingerprint)
            rows.append(Row(place, expected, (verdict.code,), _name(verdict.offender)))
        else:
            rows.append(_folded(place, expected, (*verdicts, *elsewhere)))
    alarms = [verdict for verdict in verdicts if verdict.severity != "info"]
    unexpected = [_beyond(place, verdict) for verdict in alarms if verdict.fingerprint not in met]
    on_healthy = [line for verdict in alarms for line in _on_healthy(place, verdict, truth.silent)]
    return Score(tuple(rows), tuple(dict.fromkeys((*unexpected, *on_healthy))))


def _about(verdict: Verdict, expected: Expected) -> bool:
    return _name(verdict.workload) == expected.workload and (
        None in (verdict.container, expected.container) or verdict.container == expected.container
    )


def _folded(place: str, expected: Expected, verdicts: Iterable[Verdict]) -> Row:
    """The row of what was not diagnosed for itself: perhaps it is a symptom of what it may be folded under."""
    for verdict in verdicts:
        if _name(verdict.workload) == expected.folded_under:
            symptoms = (each.code for each in verdict.symptoms if _name(each.workload) == expected.workload)
            if codes := tuple(dict.fromkeys(symptoms)):
                return Row(place, expected, codes, _name(verdict.offender))
    return Row(place, expected, (), "")


def _beyond(place: str, verdict: Verdict) -> str:
    return f"{place}: not expected: {verdict.code} of {_name(verdict.workload)}: {verdict.summary}"


def _on_healthy(place: str, verdict: Verdict, silent: tuple[str, ...]) -> Iterator[str]:
    """What a verdict says of things that are healthy."""
    about = {_name(verdict.workload), *(_name(symptom.workload) for symptom in verdict.symptoms)}
    about |= {f"Pod/{pod.name}" for pod in verdict.pods} | {f"Container/{verdict.container}"}
    for name in sorted(about):
        if _matches(name, silent):
            yield f"{place}: {name} is healthy: {verdict.code}: {verdict.summary}"


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _name(part: WorkloadPart | OffenderPart) -> str:
    return f"{part.kind}/{part.name}"
