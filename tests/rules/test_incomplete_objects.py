"""Whatever the API leaves out of a workload, a Job or a node, the rules say something or nothing; they never fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings

from diagnostics.engine import judge
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import CronJob, Event, Node, Workload
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.traffic import Autoscaler, Budget
from tests.rules.loading import FIXTURES
from tests.rules.views import NOW
from tests.subsets import BATCH, RANDOM, SHARES, some

TYPES: dict[str, Any] = {
    "nodes": Node,
    "deployments": Workload,
    "statefulsets": Workload,
    "daemonsets": Workload,
    "jobs": Workload,
    "cronjobs": CronJob,
    "horizontalpodautoscalers": Autoscaler,
    "poddisruptionbudgets": Budget,
}
# Where a snapshot keeps them, if under another name.
PLACES = {"horizontalpodautoscalers": "autoscalers", "poddisruptionbudgets": "budgets"}
FOLDERS = sorted(
    folder
    for family in ("node", "job", "cronjob", "deploy", "rollout", "sts", "ds", "hpa", "pdb", "drain")
    for folder in FIXTURES.glob(f"{family}-*/*")
)


@cache
def _lists(folder: Path) -> dict[str, list[Any]]:
    """What a fixture holds, by resource."""
    paths = {resource: folder / f"{resource}.json" for resource in ("pods", "events", *TYPES)}
    return {resource: json.loads(path.read_bytes())["items"] for resource, path in paths.items() if path.exists()}


def _snapshot(folder: Path, change: Callable[[list[Any]], list[Any]]) -> Snapshot:
    """What a fixture holds, after a change of each of its lists; what is no such object any more is left out."""

    lists = _lists(folder)

    def read(resource: str, type_: Any) -> Iterator[Any]:
        for document in change(lists.get(resource, [])):
            with suppress(msgspec.ValidationError):  # The reader counts it as malformed.
                yield msgspec.convert(document, type_)

    snapshot = Snapshot(cluster="lab", now=NOW, suspects=list(read("pods", Pod)))
    snapshot.add_events(read("events", Event))
    for resource, type_ in TYPES.items():
        for item in read(resource, type_):
            name = item.metadata.name
            getattr(snapshot, PLACES.get(resource, resource))[
                name if type_ is Node else (item.metadata.namespace, name)
            ] = item
    return snapshot


@settings(deadline=None)
@given(RANDOM)
def test_any_part_may_be_missing(random: Random) -> None:
    for _ in range(BATCH):
        folder, less = random.choice(FOLDERS), partial(some, random, random.choice(SHARES))
        assert judge(_snapshot(folder, less)).crashed == (), folder


@settings(max_examples=25, deadline=None)
@given(RANDOM)
def test_the_order_of_what_was_read_changes_nothing(random: Random) -> None:
    for folder in random.sample(FOLDERS, BATCH):
        shuffled = _snapshot(folder, lambda items: random.sample(items, len(items)))
        assert judge(shuffled) == judge(_snapshot(folder, list)), folder
