"""What every object shares: metadata, conditions, references."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from diagnostics.snapshot.meta import Condition, ManagedFields, ManagedMetadata, Metadata, condition

READY = Condition(type="Ready", status="True")
SCHEDULED = Condition(type="PodScheduled", status="False")
LOST = Condition(type="MemoryPressure")


def test_the_controller_is_the_owner_that_says_so() -> None:
    document = b"""{"ownerReferences": [
        {"kind": "Node", "name": "n1", "uid": "1"},
        {"kind": "ReplicaSet", "name": "web-1", "uid": "2", "controller": true}
    ]}"""
    controller = msgspec.json.decode(document, type=Metadata).controller
    assert controller is not None
    assert (controller.kind, controller.name) == ("ReplicaSet", "web-1")


@pytest.mark.parametrize("owners", [[], [{"kind": "Node", "name": "n1", "controller": False}]])
def test_an_object_without_a_controller(owners: list[dict[str, object]]) -> None:
    assert msgspec.convert({"ownerReferences": owners}, Metadata).controller is None


def test_managed_fields_are_skipped_and_unknown_fields_ignored() -> None:
    document = b'{"name": "a", "managedFields": [{"manager": "kubectl"}], "somethingNew": {"deep": [1]}}'
    assert msgspec.json.decode(document, type=Metadata) == Metadata(name="a")


def test_a_time_without_a_zone_is_malformed() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"creationTimestamp": "2026-11-23T03:25:20"}', type=Metadata)


def test_unknown_is_neither_true_nor_false() -> None:
    assert [(one.true, one.false) for one in (READY, SCHEDULED, LOST)] == [(True, False), (False, True), (False, False)]


def test_a_condition_is_found_by_its_type() -> None:
    assert condition((READY, SCHEDULED), "PodScheduled") is SCHEDULED
    assert condition((READY, SCHEDULED), "Initialized") is None


def test_a_status_that_is_written_changes_no_workload() -> None:
    """Who last wrote more than the status is asked, or when it was made."""
    writes = [
        ManagedFields(manager="helm", time=datetime(2026, 11, 23, 3, tzinfo=UTC)),
        ManagedFields(
            manager="kube-controller-manager", subresource="status", time=datetime(2026, 11, 23, 4, tzinfo=UTC)
        ),
        ManagedFields(manager="before-first-apply"),
    ]
    made = datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert ManagedMetadata(managed_fields=tuple(writes), creation_timestamp=made).written_at == writes[0].time
    assert ManagedMetadata(managed_fields=tuple(writes[1:]), creation_timestamp=made).written_at == made
