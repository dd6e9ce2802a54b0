"""Whatever the API leaves out of a workload, a Job or a node, the rules say something or nothing; they never fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.engine import judge
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import CronJob, Event, Node, Workload
from diagnostics.snapshot.pods import Pod
from tests.rules.loading import FIXTURES
from tests.rules.views import NOW
from tests.subsets import some

TYPES: dict[str, Any] = {
    "nodes": Node,
    "deployments": Workload,
    "statefulsets": Workload,
    "daemonsets": Workload,
    "jobs": Workload,
    "cronjobs": CronJob,
}
FOLDERS = sorted(
    folder
    for family in ("node", "job", "cronjob", "deploy", "rollout", "sts", "ds")
    for folder in FIXTURES.glob(f"{family}-*/*")
)
# One number decides all that happens in an example: drawing each of its choices would cost more than judging it.
RANDOM = st.builds(Random, st.integers(0, 2**32))


@cache
def _items(path: Path) -> list[Any]:
    return json.loads(path.read_bytes())["items"] if path.exists() else []


def _snapshot(folder: Path, change: Callable[[list[Any]], list[Any]]) -> Snapshot:
    """What a fixture holds, after a change of each of its lists; what is no such object any more is left out."""

    def read(resource: str, type_: Any) -> Iterator[Any]:
        for document in change(_items(folder / f"{resource}.json")):
            with suppress(msgspec.ValidationError):  # The reader counts it as malformed.
                yield msgspec.convert(document, type_)

    snapshot = Snapshot(cluster="lab", now=NOW, suspects=list(read("pods", Pod)))
    snapshot.add_events(read("events", Event))
    for resource, type_ in TYPES.items():
        for item in read(resource, type_):
            name = item.metadata.name
            getattr(snapshot, resource)[name if type_ is Node else (item.metadata.namespace, name)] = item
    return snapshot


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FOLDERS), RANDOM, st.sampled_from((0.01, 0.05, 0.2)))
def test_any_part_may_be_missing(folder: Path, random: Random, share: float) -> None:
    assert judge(_snapshot(folder, lambda items: [some(random, share, item) for item in items])).crashed == ()


@settings(deadline=None)
@given(st.sampled_from(FOLDERS), RANDOM)
def test_the_order_of_what_was_read_changes_nothing(folder: Path, random: Random) -> None:
    shuffled = _snapshot(folder, lambda items: random.sample(items, len(items)))
    assert judge(shuffled) == judge(_snapshot(folder, list))
