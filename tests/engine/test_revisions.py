"""What changed before it failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.engine import judge, judging
from diagnostics.engine.verdict import Verdict
from diagnostics.rules.model import Stage
from diagnostics.snapshot.objects import Workload
from tests.engine.building import NOW, checks, finding, pod, rule, snapshot, yields

ROLLED_OUT = NOW - timedelta(minutes=20)


def replicaset(name: str, revision: str, image: str, created: datetime = ROLLED_OUT) -> dict[str, Any]:
    owner = {"kind": "Deployment", "name": "cart", "uid": "d-1", "controller": True}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "creationTimestamp": created.isoformat(),
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [owner],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
    }


OLD = replicaset("cart-1a1", "40", "cart:1.4.1", NOW - timedelta(days=9))
BEFORE = replicaset("cart-5c5", "41", "cart:1.4.2", NOW - timedelta(days=3))
FAILING = replicaset("cart-7f6", "42", "cart:1.4.3")


def verdict(
    monkeypatch: pytest.MonkeyPatch, *revisions: dict[str, Any], began: datetime, names: tuple[str, ...] = ("cart-7f6",)
) -> Verdict:
    monkeypatch.setattr(judging, "checks", checks(yields(finding(rule(), "app", since=began))))

    def of(name: str) -> Any:
        return lambda document: document["metadata"]["ownerReferences"][0].update(name=name, uid=name)

    taken = snapshot(*(pod(f"{name}-x", of(name)) for name in names))
    for made in revisions:
        taken.replicasets["shop", made["metadata"]["name"]] = msgspec.convert(made, Workload)
    metadata = {"metadata": {"name": "cart", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    metadata["metadata"]["annotations"] = {"meta.helm.sh/release-name": "shop"}
    taken.deployments["shop", "cart"] = msgspec.convert(metadata, Workload)
    (found,) = judge(taken).verdicts
    return found


def test_a_fault_after_a_rollout_shows_what_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    orphan = replicaset("by-hand", "41", "other:1")
    del orphan["metadata"]["ownerReferences"]
    found = verdict(monkeypatch, FAILING, OLD, BEFORE, orphan, began=ROLLED_OUT + timedelta(seconds=11))
    (change,) = found.changed
    assert (change.path, change.from_, change.to) == ("containers[app].image", "cart:1.4.2", "cart:1.4.3")
    assert (change.at, change.by) == (ROLLED_OUT, "helm")
    assert found.remedy.text == "Go back to revision 41, the one before this rollout. Or: do"
    assert found.remedy.commands == ("kubectl -n shop rollout undo deployment/cart --to-revision=41",)
    assert found.delivered_by is not None
    assert (found.delivered_by.tool, found.delivered_by.name) == ("helm", "shop")


@pytest.mark.parametrize("late", [timedelta(hours=2), timedelta(minutes=-5)], ids=["long after", "before"])
def test_a_rollout_at_another_time_is_not_blamed(monkeypatch: pytest.MonkeyPatch, late: timedelta) -> None:
    rolled = replicaset("cart-7f6", "42", "cart:1.4.3", NOW - timedelta(hours=3))
    assert not verdict(monkeypatch, rolled, BEFORE, began=NOW - timedelta(hours=3) + late).changed


def test_the_first_revision_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not verdict(monkeypatch, FAILING, began=NOW).changed


def test_a_revision_without_a_number_is_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    unnumbered = replicaset("cart-0", "", "cart:0")
    found = verdict(monkeypatch, FAILING, unnumbered, began=NOW)
    assert found.changed[0].from_ == "cart:0"
    assert found.remedy.text == "do"  # There is no number to go back to.


def test_no_single_rollout_is_blamed_when_revisions_fail_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(monkeypatch, FAILING, BEFORE, began=NOW, names=("cart-7f6", "cart-5c5"))
    assert (found.pods_affected, found.changed) == (2, ())


def test_revisions_that_were_not_read_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not verdict(monkeypatch, began=NOW).changed


class TestContrast:
    """Pods of the revision before are well: the new one is what is wrong, and that is sure at once."""

    @staticmethod
    def judged(monkeypatch: pytest.MonkeyPatch, before: int, ready: int, stage: Stage = Stage.CRASH) -> Verdict:
        clocks: dict[str, Any] = {"visible_after": timedelta(minutes=2), "notify_after": timedelta(minutes=5)}
        crash = finding(rule(stage=stage, **clocks), "app", since=ROLLED_OUT)
        monkeypatch.setattr(judging, "checks", checks(yields(crash)))
        taken = snapshot(pod("cart-7f6-x", lambda d: d["metadata"]["ownerReferences"][0].update(name="cart-7f6")))
        for made in (FAILING, {**BEFORE, "status": {"readyReplicas": before}}):
            taken.replicasets["shop", made["metadata"]["name"]] = msgspec.convert(made, Workload)
        metadata = {"name": "cart", "namespace": "shop"}
        deployment = {"metadata": metadata, "status": {"replicas": 4, "readyReplicas": ready}}
        taken.deployments["shop", "cart"] = msgspec.convert(deployment, Workload)
        (found,) = judge(taken).verdicts
        return found

    @pytest.mark.parametrize(
        ("before", "ready", "said"),
        [
            (3, 3, "Only pods of revision 42 fail so; 3 pods of revision 41 are ready."),
            (3, 1, "Only pods of revision 42 fail so; 1 pod of revision 41 is ready."),
        ],
        ids=["three", "the list of ReplicaSets is older"],
    )
    def test_is_told_and_hurries(self, monkeypatch: pytest.MonkeyPatch, before: int, ready: int, said: str) -> None:
        found = self.judged(monkeypatch, before, ready)
        assert found.cause.endswith(said)
        assert found.visible_at == ROLLED_OUT
        assert found.notify_at == ROLLED_OUT + timedelta(minutes=1)

    @pytest.mark.parametrize(("before", "ready"), [(0, 3), (3, 0)], ids=["only the new one has ready pods", "none has"])
    def test_is_not_told_where_none_is_well(self, monkeypatch: pytest.MonkeyPatch, before: int, ready: int) -> None:
        found = self.judged(monkeypatch, before, ready)
        assert "revision" not in found.cause
        assert found.visible_at == ROLLED_OUT + timedelta(minutes=2)

    def test_hurries_crashes_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.judged(monkeypatch, 3, 3, Stage.PROBE)
        assert "are ready" in found.cause
        assert found.notify_at == ROLLED_OUT + timedelta(minutes=5)
