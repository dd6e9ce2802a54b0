"""Judging three times as much takes three times as many looks: counted, not timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from diagnostics.engine import judge
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import WorkloadStatus
from tests.rules.views import Json, at, cluster, condition, named

FAILED = condition("Failed", "True", "BackoffLimitExceeded", "Job has reached its limit")
COMPLETE = condition("Complete", "True", "CompletionsReached")
RUNNING = {"active": 1, "startTime": at(60 * 24 * 7)}
LOOKS: Counter[str] = Counter()


class Read(dict[Any, Any]):
    """Objects that were read, counting how many of them are gone through."""

    def __iter__(self) -> Iterator[Any]:
        for key in super().__iter__():
            LOOKS["objects"] += 1
            yield key

    def items(self) -> Any:
        return ((key, self[key]) for key in self)

    def values(self) -> Any:
        return (self[key] for key in self)


def run(name: str, status: Json) -> Json:
    return {"metadata": named(name, ("CronJob", "nightly")), "status": status}


def attempt(job: str) -> Json:
    end = {"exitCode": 1, "reason": "Error", "finishedAt": at(20)}
    return {
        "metadata": named(f"{job}-x", ("Job", job)),
        "spec": {"containers": [{"name": "work"}], "restartPolicy": "Never"},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "work", "state": {"terminated": end}}]},
    }


def looks(count: int, status: Json, *newest: Json) -> Counter[str]:
    """How often Jobs and their conditions are looked at, for so many runs of a CronJob and the newest ones."""
    names = [f"nightly-{number:03}" for number in range(count)]
    jobs = [run(name, status) for name in names] + [run("z", one) for one in newest]
    cron_job = {"metadata": named("nightly"), "spec": {"schedule": "0 2 * * *"}}
    snapshot = cluster(map(attempt, names), Job=jobs, CronJob=[cron_job])
    snapshot.jobs = Read(snapshot.jobs)
    LOOKS.clear()
    judge(snapshot)
    return LOOKS.copy()


@pytest.mark.parametrize(
    ("status", "newest"),
    [
        pytest.param({"conditions": [FAILED]}, (), id="all failed"),
        pytest.param({"conditions": [FAILED]}, ({"conditions": [COMPLETE]},), id="all but the newest failed"),
        pytest.param(RUNNING, ({"conditions": [COMPLETE]},), id="all run"),
    ],
)
def test_the_runs_of_one_cron_job(monkeypatch: pytest.MonkeyPatch, status: Json, newest: tuple[Json, ...]) -> None:
    found = WorkloadStatus.condition

    def counted(self: WorkloadStatus, type_: str) -> Condition | None:
        LOOKS["conditions"] += 1
        return found(self, type_)

    monkeypatch.setattr(WorkloadStatus, "condition", counted)
    few, many = looks(10, status, *newest), looks(30, status, *newest)
    assert few["objects"]
    assert few["conditions"]
    assert all(many[what] <= 3 * few[what] for what in few), (few, many)
