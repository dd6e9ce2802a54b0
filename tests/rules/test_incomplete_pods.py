"""Whatever the API leaves out, the rules about ended and unready pods say something or nothing; they never fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.engine.texts import Texts
from diagnostics.rules import crash, disrupted, evicted, exits, probes, rejected, terminating
from diagnostics.rules.model import Check
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import ContainerLog, Snapshot
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Pod
from tests.rules.crashing import NOW
from tests.rules.loading import FIXTURES

FAMILIES = (crash, disrupted, evicted, probes, rejected, terminating)
CHECKS = [value for family in FAMILIES for value in vars(family).values() if isinstance(value, Check)]
CODES = sorted({rule.code for check in CHECKS for rule in check.rules})


def _folders() -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], list[str]]]:
    """A captured pod of each fixture of these families, with its events and a log."""
    for code in CODES:
        for folder in sorted((FIXTURES / code).glob("*")):
            pod = json.loads((folder / "pods.json").read_bytes())["items"][0]
            events = json.loads((folder / "events.json").read_bytes())["items"]
            logs = sorted((folder / "logs").glob("*.txt")) if (folder / "logs").exists() else []
            yield pod, events, logs[0].read_text(errors="replace").splitlines()[-50:] if logs else []


CAPTURED = list(_folders())


def _some(random: Random, share: float, value: Any) -> Any:
    """The value with that share of its parts left out, at any depth."""
    if isinstance(value, dict):
        return {key: _some(random, share, part) for key, part in value.items() if random.random() >= share}
    if isinstance(value, list):
        return [_some(random, share, part) for part in value if random.random() >= share]
    return value


@st.composite
def incomplete(draw: st.DrawFn) -> Suspect | None:
    """A captured pod of which anything may be missing, with some of its events and log; None if it is no pod any more."""
    pod_document, event_documents, log = draw(st.sampled_from(CAPTURED))
    random, share = Random(draw(st.integers())), draw(st.sampled_from((0.01, 0.05, 0.2)))  # noqa: S311 - no secret.
    try:
        pod = msgspec.convert(_some(random, share, pod_document), Pod)
        events = [msgspec.convert(_some(random, share, document), Event) for document in event_documents[-4:]]
    except msgspec.ValidationError:
        return None  # The reader counts it as malformed.
    snapshot = Snapshot(cluster="lab", now=NOW, suspects=[pod])
    snapshot.add_events(events)
    for status in pod.status.container_statuses:
        snapshot.logs[(pod.metadata.uid, status.name)] = ContainerLog(tuple(log), previous=draw(st.booleans()))
    return Suspect(snapshot, pod, snapshot.owners.top(pod.metadata))


@settings(max_examples=400, deadline=None)
@given(incomplete())
def test_any_part_may_be_missing(suspect: Suspect | None) -> None:
    if suspect is None:
        return
    for check in CHECKS:
        for finding in check.judge(suspect):
            texts = Texts(suspect, finding)
            for template in (finding.rule.message, finding.rule.cause, finding.rule.remedy):
                assert texts.sentence(template)
            texts.commands(finding.rule.commands + finding.rule.verify)
    for container in suspect.containers:
        exits.wants_log(container)
        exits.explain_end(container)


def test_every_code_has_a_captured_pod() -> None:
    """A rule without a fixture would be a promise that nobody has seen kept."""
    assert [code for code in CODES if not any((FIXTURES / code).glob("*/expected.json"))] == []
