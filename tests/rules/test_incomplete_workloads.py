"""Whatever the API leaves out of a workload that gets no pods, the rules say something or nothing; they never fail."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings

from diagnostics.engine import judge, wanted
from diagnostics.snapshot.cluster import Snapshot
from tests.rules.loading import FIXTURES, load
from tests.subsets import BATCH, RANDOM, SHARES, some

CASES = sorted(
    path.parent
    for family in ("create-*", "webhook-*", "ns-stuck", "cp-*")
    for path in FIXTURES.glob(f"{family}/*/expected.json")
)
# What a reader keeps by key, and what may be missing in its items.
RESOURCES = ("deployments", "statefulsets", "daemonsets", "replicasets", "cronjobs", "quotas", "limit_ranges")
BY_NAME = ("namespaces", "validating_webhooks", "mutating_webhooks", "api_services")
SNAPSHOTS = {folder: load(folder) for folder in CASES}


def _without(random: Random, share: float, item: Any) -> Any:
    return msgspec.convert(some(random, share, msgspec.json.decode(msgspec.json.encode(item))), type(item))


def incomplete(random: Random) -> Snapshot | None:
    """A fixture's snapshot of which anything may be missing; None if something in it is no object any more."""
    whole, share = SNAPSHOTS[random.choice(CASES)], random.choice(SHARES)
    snapshot = Snapshot(cluster="lab", now=whole.now, suspects=whole.suspects, read=whole.read)
    try:
        for resource in (*RESOURCES, *BY_NAME):
            found = getattr(whole, resource)
            setattr(snapshot, resource, {key: _without(random, share, item) for key, item in found.items()})
        for uid, events in whole.events.items():
            snapshot.events[uid] = [_without(random, share, event) for event in events]
    except msgspec.ValidationError:
        return None  # The reader counts it as malformed.
    return snapshot


@settings(deadline=None)
@given(RANDOM)
def test_any_part_may_be_missing(random: Random) -> None:
    for snapshot in (incomplete(random) for _ in range(BATCH)):
        if snapshot is not None:
            wanted(snapshot)
            assert judge(snapshot).crashed == ()


def test_there_are_cases() -> None:
    """An empty glob would pass everything."""
    assert CASES
