"""The story, played at once: a clock that the tests hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from diagnostics.demo.discovery import RECORDED
from diagnostics.demo.life import Life, cast
from diagnostics.demo.recordings import Recording, load
from diagnostics.demo.resources import Json
from diagnostics.demo.store import Change, Expired, Store
from diagnostics.snapshot.display import Columns, columns
from diagnostics.snapshot.objects import Event, Node, Workload
from diagnostics.snapshot.pods import LeanPod, Pod
from tests.clusters import SMALL

OPENING = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
STRUCTS = {
    "pods": Pod,
    "events": Event,
    "nodes": Node,
    "deployments.apps": Workload,
    "replicasets.apps": Workload,
}
INVOICE_MAILER = cast.CRASHES[0].app
WISHLIST = cast.ROLLOUTS[0].app


class Told:
    """The demo cluster from its opening on, as far as the test lets it come."""

    def __init__(self, recording: Recording) -> None:
        self.store, self.logs = recording.store, recording.logs
        self.life = Life(self.store, self.logs, OPENING, seed="told")
        self._read = self.store.version

    def until(self, seconds: float) -> list[Change]:
        """Plays on to so many seconds after the opening; returns what changed since the last time."""
        self.life.advance(OPENING + timedelta(seconds=seconds))
        changes, self._read = self.store.changes_since(self._read)
        return changes

    def pods(self, name: str) -> list[Columns]:
        found = (each for each in self.store.objects("pods") if each["metadata"]["name"].startswith(f"{name}-"))
        return [columns(msgspec.convert(each, LeanPod)) for each in found]

    def ready(self, name: str) -> int:
        return sum(each.status == "Running" and each.ready == each.total for each in self.pods(name))

    def node_ready(self) -> str:
        node = msgspec.convert(self.store.get("nodes", "", cast.GPU_NODE), Node)
        condition = node.status.condition("Ready")
        assert condition is not None
        return condition.status


@pytest.fixture
def told() -> Told:
    return Told(load(RECORDED, now=OPENING))


def test_the_story_opens_with_everything_well_but_one(told: Told) -> None:
    assert told.pods("invoice-mailer") == []
    assert [told.ready(app.name) for app in (WISHLIST, cast.EMBEDDINGS)] == [3, 2]
    assert (len(told.pods("price-feed")), told.ready("price-feed")) == (2, 0)


def test_something_new_breaks_within_half_a_minute_and_is_mended_within_two(told: Told) -> None:
    told.until(30)
    assert {each.status for each in told.pods("invoice-mailer")} == {"CrashLoopBackOff"}
    told.until(115)
    assert (len(told.pods("invoice-mailer")), told.ready("invoice-mailer")) == (2, 2)


def test_something_heals_within_a_minute(told: Told) -> None:
    told.until(60)
    assert told.ready("price-feed") == 2


def test_a_bad_rollout_leaves_the_old_pods_serving_until_it_is_undone(told: Told) -> None:
    told.until(60)
    assert Counter(each.status for each in told.pods("wishlist")) == {"Running": 3, "ImagePullBackOff": 1}
    told.until(110)
    deployment = msgspec.convert(told.store.get("deployments", "shop", "wishlist"), Workload)
    progressing, available = deployment.status.condition("Progressing"), deployment.status.condition("Available")
    assert progressing is not None
    assert (progressing.status, progressing.reason) == ("False", "ProgressDeadlineExceeded")
    assert available is not None
    assert available.true
    told.until(180)
    assert (len(told.pods("wishlist")), told.ready("wishlist")) == (3, 3)


def test_a_node_goes_and_comes_back(told: Told) -> None:
    told.until(70)
    assert told.node_ready() == "Unknown"
    node = msgspec.convert(told.store.get("nodes", "", cast.GPU_NODE), Node)
    lost = {str(taint) for taint in node.spec.taints}
    assert {"node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"} <= lost
    told.until(85)
    assert Counter(each.status for each in told.pods("embeddings")) == {"Terminating": 2, "Pending": 2}
    told.until(120)
    assert (told.node_ready(), len(told.pods("embeddings")), told.ready("embeddings")) == ("True", 2, 2)
    node = msgspec.convert(told.store.get("nodes", "", cast.GPU_NODE), Node)
    assert [taint.key for taint in node.spec.taints] == ["dedicated"]


def test_a_crash_loop_goes_through_the_states_that_a_kubelet_reports(told: Told) -> None:
    changes = [
        change.object
        for change in told.until(70)
        if change.stored_as == "pods" and change.object["metadata"]["name"].startswith("invoice-mailer-")
    ]
    seen: list[tuple[str, int]] = []
    for found in changes:
        shown = columns(msgspec.convert(found, LeanPod))
        if (
            found["metadata"]["uid"] == changes[0]["metadata"]["uid"]
            and (shown.status, shown.restarts) not in seen[-1:]
        ):
            seen.append((shown.status, shown.restarts))
    assert seen == [
        ("Pending", 0),
        ("ContainerCreating", 0),
        ("Running", 0),
        ("Error", 0),
        ("Running", 1),
        ("Error", 1),
        ("CrashLoopBackOff", 1),
        ("Running", 2),
        ("Error", 2),
        ("CrashLoopBackOff", 2),
        ("Running", 3),
        ("Error", 3),
        ("CrashLoopBackOff", 3),
    ]


def test_the_log_of_the_previous_run_says_why(told: Told) -> None:
    told.until(41)
    pod = next(each for each in told.store.objects("pods", "billing") if "invoice-mailer" in each["metadata"]["name"])
    text = told.logs.read(pod, None, {"previous": "true"}, OPENING)
    assert text is not None
    assert text.endswith(b"KeyError: 'SMTP_HOST'\n")


def test_events_are_counted_and_tell_the_whole_story(told: Told) -> None:
    told.until(60)
    told_of = Counter[str]()
    for found in told.store.objects("events", "billing"):
        event = msgspec.convert(found, Event)
        if event.involved_object.name.startswith("invoice-mailer"):
            told_of[event.reason] += event.times
    assert told_of["Scheduled"] == told_of["SuccessfulCreate"] == 2
    assert told_of["Pulled"] == told_of["Created"] == told_of["Started"] == 6
    assert told_of["BackOff"] == 4
    assert told_of["ScalingReplicaSet"] == 1


def owners_exist(store: Store, found: Json) -> bool:
    """Whether every owner of the story is there; a recorded one may be of a kind that was not captured."""
    for owner in found["metadata"].get("ownerReferences", ()):
        if owner["kind"] in ("Deployment", "ReplicaSet"):
            kept = store.get(f"{owner['kind'].lower()}s", found["metadata"]["namespace"], owner["name"])
            if kept is None or kept["metadata"]["uid"] != owner["uid"]:
                return False
    return True


def test_every_step_of_the_first_twelve_minutes_holds_together(told: Told) -> None:
    version = told.store.version
    for second in range(12 * 60):
        for change in told.until(second):
            assert change.version > version
            version = change.version
            assert change.object["metadata"]["resourceVersion"] == str(version)
            if change.stored_as in STRUCTS:
                msgspec.convert(change.object, STRUCTS[change.stored_as])
        assert all(owners_exist(told.store, each) for each in told.store.objects("pods"))
        assert all(owners_exist(told.store, each) for each in told.store.objects("replicasets"))


def test_every_application_has_its_turn_and_is_well_in_between(told: Told) -> None:
    for turn, act in enumerate(cast.CRASHES):
        told.until(20 + 120 * turn + 25)
        assert told.ready(act.app.name) == 0
        told.until(20 + 120 * turn + 105)
        assert told.ready(act.app.name) == act.app.replicas


def test_the_story_repeats_without_growing(told: Told) -> None:
    sizes: list[dict[str, int]] = []
    for hour in (1, 3):
        told.life.advance(OPENING + timedelta(hours=hour))
        counted = {name: len(told.store.objects(name)) for name in ("pods", "replicasets", "deployments", "events")}
        sizes.append(counted)
    assert sizes[0]["replicasets"] == sizes[1]["replicasets"]
    assert sizes[0]["deployments"] == sizes[1]["deployments"]
    assert abs(sizes[0]["pods"] - sizes[1]["pods"]) <= 4
    assert abs(sizes[0]["events"] - sizes[1]["events"]) <= 60


def test_the_same_seed_tells_the_same_story() -> None:
    stores = []
    for step in (1, 7):
        told = Told(load(RECORDED, now=OPENING))
        for second in range(0, 301, step):
            told.until(second)
        told.until(300)
        stores.append(told.store)
    assert stores[0].listing("pods") == stores[1].listing("pods")
    assert stores[0].listing("events") == stores[1].listing("events")


def renewed(store: Store) -> Iterator[str]:
    for lease in store.objects("leases"):
        if lease["spec"]["renewTime"] >= "2026-12-01T09:31:00":
            yield lease["metadata"]["name"]


def test_only_kubelets_that_are_heard_from_renew_their_leases(told: Told) -> None:
    told.until(100)  # lab-node-2 was lost for good before the recording, lab-node-5 is away just now.
    assert set(renewed(told.store)) == {f"lab-node-{number}" for number in (1, 3, 4, 6, 7)}


def test_recorded_crash_loops_go_on(told: Told) -> None:
    def restarts() -> int:
        pods = (msgspec.convert(each, LeanPod) for each in told.store.objects("pods", "billing"))
        return sum(columns(pod).restarts for pod in pods if pod.metadata.name.startswith("billing-worker-"))

    before = restarts()
    told.until(600)
    assert restarts() > before
    assert {each.status for each in told.pods("billing-worker")} <= {"Error", "Running", "CrashLoopBackOff"}


def test_healthy_recorded_pods_are_left_alone(told: Told) -> None:
    before = {each["metadata"]["uid"]: each for each in told.store.objects("pods", "web") if "www" in str(each)}
    told.until(300)
    assert before
    for found in told.store.objects("pods", "web"):
        if found["metadata"]["uid"] in before:
            assert found == before[found["metadata"]["uid"]]


def test_a_captured_folder_has_its_heartbeat_but_no_story() -> None:
    recording = load(SMALL, now=OPENING)
    life = Life(recording.store, recording.logs, OPENING, story=False)
    life.advance(OPENING + timedelta(minutes=5))
    names = {each["metadata"]["name"] for each in recording.store.objects("deployments")}
    assert names == {"billing-worker"}
    worker = next(each for each in recording.store.objects("pods", "01-crash-traceback"))
    assert worker["status"]["containerStatuses"][0]["restartCount"] > 15


def test_what_came_before_the_opening_cannot_be_watched(told: Told) -> None:
    with pytest.raises(Expired):
        told.store.changes_since(told.store.version - 1)


def test_the_next_step_is_never_far(told: Told) -> None:
    for second in range(0, 300, 5):
        told.until(second)
        assert 0 <= told.life.pause(OPENING + timedelta(seconds=second)) <= 8
