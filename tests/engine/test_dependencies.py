"""What fails for want of another workload hangs under what is wrong with that one: chains, rings, and neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.engine import judge, judging
from diagnostics.engine.dependencies import above_dependents, named
from diagnostics.engine.precedence import Root
from diagnostics.rules.model import Check, Finding, Rule, Severity
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload, WorkloadStatus
from diagnostics.snapshot.owners import WorkloadRef
from tests.engine.building import finding, pod, rule, snapshot

CRASH = rule("crash-x")
NAMES = "abcdef"


def ref(name: str, namespace: str = "shop") -> WorkloadRef:
    """The Deployment of that name."""
    return WorkloadRef(kind="Deployment", name=name, namespace=namespace)


def root(name: str, *waits_for: str, made: Rule = CRASH, **fields: Any) -> Root:
    """A crash of that Deployment's pod, which waits for those Deployments."""
    of = pod(f"{name}-1")
    found = finding(made, waits_for=tuple(map(ref, waits_for)), **fields)
    return Root(Suspect(snapshot(of), of, ref(name)), found)


def tops(waits: Mapping[str, str], **fields: Any) -> dict[str, str]:
    """The root of each that has one above it, where each of the keys waits for its value."""
    standing = {name: [root(name, *waits.get(name, ""), **fields)] for name in NAMES}
    return above_dependents(standing, {ref(name): name for name in NAMES})


def test_a_chain_hangs_under_its_end() -> None:
    assert tops({"a": "b", "b": "c", "d": "c"}) == {"a": "c", "b": "c", "d": "c"}


def test_of_a_ring_the_first_stays() -> None:
    assert tops({"b": "c", "c": "b", "a": "c"}) == {"a": "b", "c": "b"}


def test_who_waits_for_itself_stays() -> None:
    assert tops({"a": "a"}) == {}


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)))
def test_whatever_waits_for_whatever_ends_at_something_that_stands(waits: dict[str, str]) -> None:
    """Nothing hangs under what hangs itself, so nothing is lost; and something always stands."""
    found = tops(waits)
    assert not found.keys() & set(found.values())
    assert set(found) < set(NAMES)
    assert set(found) <= waits.keys()


@pytest.mark.parametrize(("severity", "explains"), [(Severity.LOW, False), (Severity.HIGH, True), (None, True)])
def test_hygiene_explains_no_failure(severity: Severity | None, *, explains: bool) -> None:
    standing = {"a": [root("a", "b")], "b": [root("b", severity=severity)]}
    assert above_dependents(standing, {ref("b"): "b"}) == ({"a": "b"} if explains else {})


def test_what_nothing_is_known_of_explains_nothing() -> None:
    assert above_dependents({"a": [root("a", "b")]}, {}) == {}


def test_others_are_named_only_where_they_live_elsewhere() -> None:
    crash = root("a", "b")
    far = replace(crash, finding=replace(crash.finding, waits_for=(ref("b"), ref("db", "data"))))
    assert list(named(far)) == ["Deployment/data/db"]


@pytest.mark.parametrize(("ready", "expected"), [(0, ["Deployment/shop/a"]), (1, [])])
def test_a_workload_without_a_ready_pod_may_be_needed_elsewhere(ready: int, expected: list[str]) -> None:
    crash = root("a")
    status = WorkloadStatus(ready_replicas=ready)
    crash.subject.snapshot.deployments["shop", "a"] = Workload(status=status)
    assert list(named(crash)) == expected


def test_the_symptoms_of_a_symptom_come_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """One diagnosis for the whole chain, each link on one level below it."""

    def crash(suspect: Suspect) -> Iterator[Finding]:
        follows = {"cart": ("auth",), "auth": ("redis",), "redis": ()}[suspect.workload.name]
        yield finding(CRASH, waits_for=tuple(map(ref, follows)))

    def of(name: str) -> Any:
        return lambda document: document["metadata"]["ownerReferences"][0].update(name=f"{name}-7f6")

    monkeypatch.setattr(judging, "checks", lambda: (Check("crash", (), crash),))
    taken = snapshot(*(pod(f"{name}-7f6-x1", of(name)) for name in ("cart", "auth", "redis")))
    for name in ("auth", "redis"):
        taken.deployments["shop", name] = Workload()
    (found,) = judge(taken).verdicts
    assert (found.workload.name, [one.workload.name for one in found.symptoms]) == ("redis", ["auth", "cart"])
