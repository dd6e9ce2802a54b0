"""Aggregated APIs that are away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.control_plane import api_unavailable, wants_around
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.admission import ApiService
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def view(*conditions: dict[str, Any], service: dict[str, str] | None = None) -> ObjectView[ApiService]:
    spec = {"group": "lab.example", "version": "v1", "service": service}
    document = {"metadata": {"name": "v1.lab.example"}, "spec": spec, "status": {"conditions": conditions}}
    workload = WorkloadRef(kind="APIService", name="v1.lab.example")
    return ObjectView(Snapshot(cluster="lab", now=NOW), "APIService", msgspec.convert(document, ApiService), workload)


@pytest.mark.parametrize("status", ["True", "Unknown"])
def test_quiet_unless_it_says_that_it_is_away(status: str) -> None:
    assert list(api_unavailable.judge(view({"type": "Available", "status": status}))) == []
    assert list(api_unavailable.judge(view())) == []


def test_without_a_service_the_api_service_itself_is_named() -> None:
    subject = view({"type": "Available", "status": "False"})
    (found,) = api_unavailable.judge(subject)
    texts = Texts(subject, found)
    assert texts.sentence(found.rule.message) == "API lab.example/v1 is unavailable: it gives no reason."
    assert texts.commands(found.rule.commands) == ("kubectl get apiservice v1.lab.example -o yaml",)
    assert found.offender is not None
    assert found.offender.kind == "APIService"


def test_read_by_whoever_looks_at_the_whole_cluster() -> None:
    snapshot = Snapshot(cluster="lab", now=NOW)
    assert list(wants_around(snapshot)) == [("apiservices", None)]
    snapshot.bookings_complete = False
    assert list(wants_around(snapshot)) == []
