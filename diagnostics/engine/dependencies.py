"""Folds what fails for want of another workload under what is wrong with that one (catalogue B0, 8).

A program that crashes because the Service it calls has no ready pod is a symptom of whatever keeps those pods from
being ready; chains fold to the one root. In a ring, where each waits for the next, one has to stay: the least by
fingerprint, which is the same in every look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diagnostics.engine.precedence import Root
from diagnostics.rules.model import Severity
from diagnostics.snapshot.owners import WorkloadRef

Standing = dict[str, list[Root]]


def above_dependents(standing: Standing, worst: Mapping[WorkloadRef, str]) -> dict[str, str]:
    """By the fingerprint of each cause that only follows from another workload's: the fingerprint of its root.

    `worst` is the fingerprint of each workload's worst cause.
    """
    edges = {key: above for key, members in standing.items() if (above := _above(key, members, standing, worst))}
    for key in [key for key in edges if key == min(_ring(key, edges), default=None)]:
        del edges[key]
    return {key: _top(key, edges) for key in edges}


def named(root: Root) -> Iterator[str]:
    """Its own workload if none of that's pods is ready, or the Service that it is, and what it waits for elsewhere.

    Who else names one of them has to be looked at, too.
    """
    subject = root.subject
    own = subject.snapshot.workload(subject.workload)
    down = own is not None and not own.status.ready_pods
    needed = [subject.workload] if down or subject.kind == "Service" else []
    for ref in (*needed, *(ref for ref in root.finding.waits_for if ref.namespace != subject.namespace)):
        yield f"{ref.kind}/{ref.namespace}/{ref.name}"


def _above(key: str, members: list[Root], standing: Standing, worst: Mapping[WorkloadRef, str]) -> str | None:
    """The cause of a workload that it waits for; something slight, such as hygiene, is none."""
    awaited = sorted({ref for root in members for ref in root.finding.waits_for})
    found = (worst[ref] for ref in awaited if ref in worst)
    return next((one for one in found if one != key and _grave(standing[one])), None)


def _grave(members: list[Root]) -> bool:
    finding = members[0].finding
    return (finding.rule.severity if finding.severity is None else finding.severity) >= Severity.MEDIUM


def _ring(key: str, edges: Mapping[str, str]) -> list[str]:
    """The causes from this one round to itself; none where it leads elsewhere."""
    passed = list(_way(key, edges))
    return passed if edges.get(passed[-1]) == key else []


def _top(key: str, edges: Mapping[str, str]) -> str:
    return list(_way(key, edges))[-1]


def _way(key: str, edges: Mapping[str, str]) -> Iterator[str]:
    """From a cause up, each once."""
    passed: set[str] = set()
    while key not in passed:
        passed.add(key)
        yield key
        if key not in edges:
            return
        key = edges[key]
