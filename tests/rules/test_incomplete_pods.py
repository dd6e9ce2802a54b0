"""Whatever the API leaves out, the rules say something or nothing; they never fail."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings

from diagnostics.engine.texts import Texts
from diagnostics.rules import checks, rules, wants, wants_log
from diagnostics.rules.exits import explain_end
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import ContainerLog, Snapshot
from diagnostics.snapshot.objects import Claim, Event
from diagnostics.snapshot.pods import Pod
from tests.rules.crashing import NOW
from tests.rules.loading import FIXTURES
from tests.subsets import BATCH, RANDOM, SHARES, some

CODES = sorted(rules())


class Captured(NamedTuple):
    """The pods of a fixture, with what was captured around them."""

    pods: list[dict[str, Any]]
    events: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    log: list[str]


@cache
def captured(folder: Path) -> Captured:
    """What a fixture holds."""
    logs = sorted(folder.glob("logs/*.txt"))
    log = logs[0].read_text(errors="replace").splitlines()[-50:] if logs else []
    pods, events, claims = (
        _items(folder / f"{resource}.json") for resource in ("pods", "events", "persistentvolumeclaims")
    )
    return Captured(pods, events, claims, log)


def _items(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_bytes())["items"] if path.exists() else []


FOLDERS = sorted(path.parent for path in FIXTURES.glob("*/*/pods.json"))


def incomplete(random: Random) -> Suspect | None:
    """A captured pod of which anything may be missing, with some of what is around it; None if it is no pod any more, or none was."""
    whole, share = captured(random.choice(FOLDERS)), random.choice(SHARES)
    if not whole.pods:
        return None
    try:
        pod = msgspec.convert(some(random, share, whole.pods[0]), Pod)
        events = [msgspec.convert(some(random, share, document), Event) for document in whole.events[-4:]]
        claims = [msgspec.convert(some(random, share, document), Claim) for document in whole.claims]
    except msgspec.ValidationError:
        return None  # The reader counts it as malformed.
    snapshot = Snapshot(cluster="lab", now=NOW, suspects=[pod])
    snapshot.add_events(events)
    snapshot.claims = {(claim.metadata.namespace, claim.metadata.name): claim for claim in claims}
    for status in pod.status.container_statuses:
        snapshot.logs[(pod.metadata.uid, status.name)] = ContainerLog(tuple(whole.log), previous=random.random() < 0.5)
    return Suspect(snapshot, pod, snapshot.owners.top(pod.metadata))


@settings(deadline=None)
@given(RANDOM)
def test_any_part_may_be_missing(random: Random) -> None:
    for suspect in (incomplete(random) for _ in range(BATCH)):
        if suspect is not None:
            _everything_is_asked(suspect)


def _everything_is_asked(suspect: Suspect) -> None:
    list(wants(suspect))
    for check in (check for check in checks() if "Pod" in check.about):
        for finding in check.judge(suspect):
            texts = Texts(suspect, finding)
            for template in (finding.rule.message, finding.rule.cause, finding.rule.remedy):
                assert texts.sentence(template)
            texts.commands(finding.rule.commands + finding.rule.verify)
    for container in suspect.containers:
        wants_log(container)
        explain_end(container)


def test_every_code_has_a_captured_pod() -> None:
    """A rule without a fixture would be a promise that nobody has seen kept."""
    assert [code for code in CODES if not any((FIXTURES / code).glob("*/expected.json"))] == []
