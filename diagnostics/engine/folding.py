"""Folds what a workload suffers under what its pods, or the lack of them, suffer from (catalogue B0, 5).

A Deployment that is unavailable because its pods cannot pull their image is one diagnosis, the image's; that it is
unavailable is a symptom. Without any other cause the consequence stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from diagnostics.engine.precedence import Root
from diagnostics.rules.model import Stage
from diagnostics.snapshot.owners import WorkloadRef

Cause = tuple[str, list[Root]]


def fold(causes: dict[str, list[Root]]) -> Iterable[Cause]:
    """The causes, by fingerprint, without the consequences that now hang under one of them."""
    standing: dict[str, list[Root]] = {}
    consequences: list[Cause] = []
    for key, members in causes.items():
        if members[0].finding.rule.stage is Stage.WORKLOAD:
            consequences.append((key, members))
        else:
            standing[key] = members
    root_of = _worst_of_each_workload(standing)
    for key, members in consequences:
        above = root_of.get(members[0].subject.workload)
        if above is None:
            standing[key] = members
        else:
            first, *others = standing[above]
            standing[above] = [replace(first, symptoms=(*first.symptoms, *members)), *others]
    return standing.items()


def _worst_of_each_workload(standing: dict[str, list[Root]]) -> dict[WorkloadRef, str]:
    """The fingerprint of each workload's worst and widest cause."""
    ranked = sorted(standing.items(), key=lambda cause: (cause[1][0].finding.rule.severity, len(cause[1]), cause[0]))
    return {members[0].subject.workload: key for key, members in ranked}
