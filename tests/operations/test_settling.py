"""Pods that start and end as pods do are not looked at; every other suspicious pod is, at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.demo.resources import Json
from diagnostics.kube.resources import EVENTS, PODS
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.operations import applying
from diagnostics.operations.picture import Picture
from diagnostics.operations.settling import settles_at
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.pods import LeanPod

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def starting(**container: Any) -> Json:
    """A pod made five seconds ago, whose image is being pulled."""
    status = {"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}, **container}
    return {
        "metadata": {"name": "cart-1", "namespace": "shop", "uid": "u1", "creationTimestamp": at(NOW - 5 * SECOND)},
        "status": {"phase": "Pending", "conditions": [], "containerStatuses": [status]},
    }


def ending(seconds: int) -> Json:
    found = starting()
    found["metadata"] |= {
        "creationTimestamp": at(NOW - timedelta(days=1)),
        "deletionTimestamp": at(NOW + seconds * SECOND),
    }
    return found


def until(pod: Json) -> datetime | None:
    return settles_at(msgspec.convert(pod, LeanPod), NOW)


def test_a_young_pod_has_ten_seconds() -> None:
    assert until(starting()) == NOW + 5 * SECOND
    assert until(starting(state={"running": {}})) == NOW + 5 * SECOND
    assert until(starting(state={"terminated": {"exitCode": 0}})) == NOW + 5 * SECOND


def test_a_pod_that_ends_has_its_grace_period_if_that_is_short() -> None:
    assert until(ending(30)) == NOW + 30 * SECOND
    assert until(ending(3600)) is None
    assert until(ending(0)) is None


@pytest.mark.parametrize(
    "container",
    [
        {"state": {"waiting": {"reason": "ErrImagePull"}}},
        {"state": {"terminated": {"exitCode": 1}}},
        {"state": {"running": {}}, "restartCount": 1},
        {"state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}},
    ],
)
def test_a_young_pod_in_trouble_has_no_time(container: Json) -> None:
    assert until(starting(**container)) is None


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("status", {"conditions": [{"type": "PodScheduled", "status": "False"}]}),
        ("status", {"phase": "Failed"}),
        ("metadata", {"creationTimestamp": at(NOW - 10 * SECOND)}),
        ("metadata", {"creationTimestamp": None}),
    ],
)
def test_neither_has_one_that_found_no_node_that_failed_or_that_is_old(part: str, fields: Json) -> None:
    found = starting()
    found[part] |= fields
    assert until(found) is None


# ---- In the picture ---------------------------------------------------------------------------------------------------


@pytest.fixture
def picture() -> Picture:
    found = Picture(Snapshot("lab", NOW))
    found.versions["pods", None] = found.versions["events", None] = "10"
    return found


def tell(picture: Picture, found: Json, version: int, kind: ChangeKind = ChangeKind.MODIFIED) -> None:
    resource = EVENTS if "involvedObject" in found else PODS
    applying.apply(picture, resource, None, Change(kind, msgspec.json.encode(found), str(version)))


def test_a_pod_that_starts_well_is_never_held(picture: Picture) -> None:
    tell(picture, starting(), 11)
    tell(picture, starting(), 12)
    assert picture.resume_from["pods", None] == "10", "whoever takes over has to read it"
    running = starting(state={"running": {}}, ready=True)
    running["status"] |= {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    tell(picture, running, 13)

    assert not picture.suspects
    assert not picture.unsaved
    assert picture.resume_from["pods", None] == "13"


def test_a_pod_that_ends_well_is_never_held(picture: Picture) -> None:
    tell(picture, ending(30), 11)
    tell(picture, ending(30), 12, ChangeKind.DELETED)
    applying.advance(picture, NOW + 60 * SECOND)

    assert not picture.suspects
    assert not picture.unsaved


@pytest.mark.parametrize(
    "happens",
    [
        lambda picture: applying.advance(picture, NOW + 5 * SECOND),
        lambda picture: tell(picture, starting(state={"waiting": {"reason": "ErrImagePull"}}), 12),
        lambda picture: tell(picture, event("Warning"), 12),
    ],
    ids=["time", "trouble", "a warning"],
)
def test_what_does_not_settle_is_held(picture: Picture, happens: Callable[[Picture], None]) -> None:
    tell(picture, starting(), 11)
    tell(picture, event("Normal"), 11)
    assert not picture.suspects

    happens(picture)

    assert picture.suspects.keys() == {"u1"}
    assert picture.touched == {"shop"}
    assert picture.snapshot.events["u1"], "with what was said of it before"
    assert picture.resume_from["pods", None] == picture.versions["pods", None]


def event(type_: str) -> Json:
    return {
        "metadata": {"name": "e", "namespace": "shop", "uid": f"e-{type_}"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "cart-1", "uid": "u1"},
        "reason": "FailedMount",
        "type": type_,
    }


def test_whoever_is_suspect_already_is_not_let_off_when_it_ends(picture: Picture) -> None:
    tell(picture, starting(state={"waiting": {"reason": "ErrImagePull"}}), 11)
    tell(picture, ending(30), 12)

    assert picture.suspects["u1"].pod.metadata.deletion_timestamp
