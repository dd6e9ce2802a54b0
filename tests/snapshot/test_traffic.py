"""Services, their endpoints and what isolates pods, as the API means them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from diagnostics.snapshot.traffic import EndpointSlice, NetworkPolicySpec, Service, ServicePort, changed_at

STAMP = "endpoints.kubernetes.io/last-change-trigger-time"


def a_slice(stamp: str | None, ready: bool | None = True) -> EndpointSlice:
    annotations = {} if stamp is None else {STAMP: stamp}
    document = {
        "metadata": {"annotations": annotations, "labels": {"kubernetes.io/service-name": "cart"}},
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=EndpointSlice)


@pytest.mark.parametrize(("target", "leads_to"), [(None, 80), (8080, 8080), ("http", "http"), (0, 80)])
def test_a_port_leads_to_itself_unless_it_says_otherwise(target: int | str | None, leads_to: int | str) -> None:
    assert ServicePort(port=80, target_port=target).target == leads_to


def test_a_headless_service_has_no_address() -> None:
    spec = {"clusterIP": "None", "selector": {"app": "db"}}
    assert msgspec.convert({"spec": spec}, Service).headless
    assert not Service().headless


@pytest.mark.parametrize(("ready", "counts"), [(True, True), (None, True), (False, False)])
def test_an_endpoint_is_ready_unless_it_says_that_it_is_not(ready: bool | None, counts: bool) -> None:
    found = a_slice(None, ready)
    assert (found.service, found.endpoints[0].ready) == ("cart", counts)


def test_a_slice_without_endpoints_says_null() -> None:
    empty = msgspec.json.decode(b'{"endpoints": null, "ports": null}', type=EndpointSlice)
    assert (empty.endpoints, empty.ports) == ((), ())


def test_the_last_change_of_a_service_is_the_newest_of_its_slices() -> None:
    stamps = ("2026-11-23T03:25:00Z", "2026-11-23T04:00:00Z", None, "yesterday")
    assert changed_at([a_slice(stamp) for stamp in stamps]) == datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert changed_at([a_slice(None)]) is None


@pytest.mark.parametrize(
    ("spec", "isolated"),
    [
        ({}, ["Ingress"]),
        ({"egress": [{}]}, ["Ingress", "Egress"]),
        ({"policyTypes": ["Egress"]}, ["Egress"]),
    ],
)
def test_a_policy_without_types_isolates_from_what_comes_in(spec: dict[str, object], isolated: list[str]) -> None:
    policy = msgspec.convert(spec, NetworkPolicySpec)
    assert [way for way in ("Ingress", "Egress") if policy.isolates(way)] == isolated
