"""Channels, routes, silences and deliveries for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from diagnostics.models import Channel, Delivery, Diagnosis
from tests.api.conftest import Program, problem_of
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db
URL = "https://hooks.slack.example/hunter2sentinel"
SHOP = {"field": "namespace", "op": "in", "value": ["shop"]}


@pytest.fixture
def chat(admin: Program) -> Any:
    answer = admin.post("/channels", {"name": "chat", "kind": "slack", "settings": {"url": URL}})
    assert answer.status_code == 201, answer.content
    return answer.json()


def in_hours(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def test_a_channel_never_tells_its_secrets(admin: Program, chat: dict[str, Any]) -> None:
    path = f"/channels/{chat['id']}"
    assert chat["settings"] == {"url": "********"}
    changed = admin.patch(path, {"name": "team", "settings": chat["settings"], "enabled": False})
    assert (changed.json()["name"], changed.json()["enabled"]) == ("team", False)
    assert Channel.objects.get().settings == {"url": URL}
    for answer in (changed, admin.get(path), admin.get("/channels")):
        assert "hunter2sentinel" not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "kind": "pigeon", "settings": {}}, "kind"),
        ({"name": "x", "kind": "slack", "settings": {}}, "settings"),
        ({"name": "x", "kind": "slack", "settings": {"url": "http://127.0.0.1/"}}, "settings"),
        ({"name": "chat", "kind": "slack", "settings": {"url": URL}}, "name"),
        ({"name": "x", "kind": "slack", "settings": {"url": URL}, "uuid": "y"}, "uuid"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(
    admin: Program, chat: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    assert field in problem_of(admin.post("/channels", body), 400)["errors"]
    assert Channel.objects.count() == 1


def test_what_a_channel_is_stays(admin: Program, chat: dict[str, Any]) -> None:
    assert "kind" in problem_of(admin.patch(f"/channels/{chat['id']}", {"kind": "webhook"}), 400)["errors"]


def test_a_change_is_decided_upon_what_was_seen(admin: Program, chat: dict[str, Any]) -> None:
    path = f"/channels/{chat['id']}"
    tag = admin.get(path)["ETag"]
    assert admin.patch(path, {"name": "team"}, **{"if-match": tag}).status_code == 200
    problem_of(admin.patch(path, {"name": "late"}, **{"if-match": tag}), 412)
    problem_of(admin.delete(path, **{"if-match": tag}), 412)
    assert admin.delete(path).status_code == 204
    problem_of(admin.get(path), 404)


def test_a_test_is_written_and_a_dead_one_replayed(admin: Program, chat: dict[str, Any]) -> None:
    answer = admin.post(f"/channels/{chat['id']}/test")
    assert answer.status_code == 202
    delivery = f"/deliveries/{answer.json()['id']}"
    problem_of(admin.post(f"{delivery}/replay"), 409)
    Delivery.objects.update(state="dead", error="HTTP 500", request="{}", answer="500 oh")
    shown = admin.get(delivery).json()
    assert (shown["state"], shown["channel"], shown["data"]["by"], shown["answer"]) == ("dead", "chat", "ada", "500 oh")
    assert admin.post(f"{delivery}/replay").json()["state"] == "pending"
    admin.patch(f"/channels/{chat['id']}", {"enabled": False})
    problem_of(admin.post(f"/channels/{chat['id']}/test"), 400)


def test_deliveries_are_narrowed_and_cost_the_same(
    admin: Program, chat: dict[str, Any], django_assert_num_queries: Any
) -> None:
    row, now = a_diagnosis(a_cluster()), timezone.now()
    channel = Channel.objects.get()
    for n in range(20):
        kind = ("diagnosis.opened", "diagnosis.resolved")[n % 2]
        Delivery.objects.create(channel=channel, diagnosis=row, type=kind, data={}, created_at=now, due_at=now)
    Delivery.objects.create(channel=channel, type="channel.test", data={}, created_at=now, due_at=now, state="dead")
    with django_assert_num_queries(3):
        assert len(admin.get("/deliveries").json()["results"]) == 21
    query: dict[str, Any] = {
        "diagnosis": row.uuid,
        "type": "diagnosis.opened",
        "state": ["pending", "dead"],
        "channel": "chat",
    }
    assert len(admin.get("/deliveries", **query).json()["results"]) == 10
    assert admin.get("/deliveries", since=in_hours(1)).json()["results"] == []


def test_a_route_is_told_as_it_was_given(admin: Program, chat: dict[str, Any]) -> None:
    given = {
        "name": "nights",
        "matchers": [SHOP, {"field": "label", "op": "in", "value": ["a"], "key": "team"}],
        "channels": [chat["id"]],
        "escalate_to": [chat["id"]],
        "escalate_after": 900,
        "repeat_after": 3600,
        "most_per_hour": 20,
        "time_zone": "Europe/Vienna",
        "quiet_hours": [{"days": [0, 6], "from": "22:00", "to": "07:00"}],
        "digest_at": "08:30",
        "goes_on": True,
    }
    answer = admin.post("/routes", given)
    assert answer.status_code == 201, answer.content
    told = admin.get(f"/routes/{answer.json()['id']}").json()
    assert {name: told[name] for name in given} == given
    assert (told["position"], told["enabled"], told["send_resolved"]) == (1, True, True)
    changed = admin.patch(f"/routes/{told['id']}", {"digest_at": None, "matchers": []}).json()
    assert (changed["digest_at"], changed["matchers"], changed["name"]) == (None, [], "nights")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"matchers": [{"field": "code"}]}, "matchers.0.op"),
        ({"matchers": [{"field": "code", "op": "at least", "value": ["high"]}]}, "matchers"),
        ({"quiet_hours": [{"days": [1], "from": "9", "to": "10:00"}]}, "quiet_hours.0.from"),
        ({"digest_at": "25:00"}, "digest_at"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"repeat_after": 0}, "repeat_after"),
        ({"channels": ["0f8c9a4e-7a60-4b5a-9f38-1d7e2f6f9a11"]}, "channels"),
    ],
)
def test_a_route_that_cannot_be_is_refused(admin: Program, body: dict[str, Any], field: str) -> None:
    assert any(
        name.startswith(field) for name in problem_of(admin.post("/routes", {"name": "x", **body}), 400)["errors"]
    )


def test_routes_keep_their_order(admin: Program, django_assert_num_queries: Any) -> None:
    for name in "abc":
        admin.post("/routes", {"name": name})
    last = admin.get("/routes").json()["results"][-1]
    admin.patch(f"/routes/{last['id']}", {"position": 1})
    with django_assert_num_queries(5):  # The token, which page, its rows, and both kinds of their channels.
        assert [row["name"] for row in admin.get("/routes").json()["results"]] == ["c", "a", "b"]
    assert admin.delete(f"/routes/{last['id']}").status_code == 204
    assert [row["position"] for row in admin.get("/routes").json()["results"]] == [1, 2]


def test_a_diagnosis_is_tried_on_the_routes(admin: Program, chat: dict[str, Any]) -> None:
    row = a_diagnosis(a_cluster())
    code = {"field": "code", "op": "in", "value": ["image-*"]}
    admin.post("/routes", {"name": "off", "enabled": False})
    admin.post("/routes", {"name": "images", "matchers": [code]})
    admin.post("/routes", {"name": "shop", "matchers": [SHOP], "channels": [chat["id"]], "goes_on": True})
    admin.post("/routes", {"name": "everything"})
    admin.post("/routes", {"name": "never"})
    body = {"matchers": [SHOP], "reason": "Upgrade.", "ends_at": in_hours(1)}
    silence = admin.post("/silences", body).json()
    tried = admin.post("/routes/try", {"diagnosis": str(row.uuid)}).json()
    verdicts = {route["name"]: route["verdict"] for route in tried["routes"]}
    assert verdicts == {
        "off": "disabled",
        "images": "no match",
        "shop": "wins",
        "everything": "also",
        "never": "not asked",
    }
    assert tried["routes"][1]["failed"] == "code in image-*"
    assert (tried["channels"], tried["silenced_by"]) == (["chat"], silence["id"])
    problem_of(admin.post("/routes/try", {"diagnosis": chat["id"]}), 404)


def test_a_silence_is_set_changed_and_ended(admin: Program) -> None:
    answer = admin.post("/silences", {"matchers": [SHOP], "reason": "Upgrade.", "ends_at": in_hours(2)})
    assert answer.status_code == 201, answer.content
    path = f"/silences/{answer.json()['id']}"
    assert (answer.json()["created_by"], answer.json()["hidden"]) == ("ada", 0)
    assert admin.patch(path, {"reason": "Longer."}).json()["reason"] == "Longer."
    assert len(admin.get("/silences", current="true").json()["results"]) == 1
    assert admin.delete(path).status_code == 204
    assert admin.get("/silences", current="true").json()["results"] == []
    assert admin.get(path).json()["reason"] == "Longer."
    problem_of(admin.patch(path, {"reason": "Again."}), 409)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"reason": ""}, "reason"), ({"matchers": []}, "matchers"), ({"ends_at": "2999-01-01T00:00:00Z"}, "ends_at")],
)
def test_a_silence_without_reason_or_end_is_refused(admin: Program, changes: dict[str, Any], field: str) -> None:
    body = {"matchers": [SHOP], "reason": "Upgrade.", "ends_at": in_hours(2), **changes}
    assert set(problem_of(admin.post("/silences", body), 400)["errors"]) == {field}


def hides(admin: Program, *matchers: dict[str, Any]) -> list[str]:
    answer = admin.post("/silences/preview", {"matchers": matchers})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["hides"] == len(body["worst"])
    by_number = {row.number: row.workload_name for row in Diagnosis.objects.all()}
    return [by_number[row["number"]] for row in body["worst"]]


def test_what_a_silence_would_hide_is_known_beforehand(admin: Program) -> None:
    cluster = a_cluster()
    by_helm: Any = {"delivered_by": {"tool": "helm", "name": "shop", "namespace": "shop"}}
    a_diagnosis(cluster, "cart")
    row = a_diagnosis(cluster, "web", severity="critical")
    Diagnosis.objects.filter(pk=row.pk).update(verdict={**row.verdict, **by_helm})
    a_diagnosis(cluster, "db", namespace="data")
    assert hides(admin, SHOP) == ["web", "cart"]
    assert hides(admin, {"field": "delivered_by", "op": "in", "value": ["helm"]}) == ["web"]
    assert hides(admin, SHOP, {"field": "label", "op": "in", "value": ["a"], "key": "team"}) == []


def test_a_preview_costs_the_same_whatever_is_stored(admin: Program, django_assert_num_queries: Any) -> None:
    cluster = a_cluster()
    for n in range(30):
        a_diagnosis(cluster, f"w{n}")
    label = {"field": "label", "op": "not in", "value": ["a"], "key": "team"}
    with django_assert_num_queries(4):  # The token, the open ones, their labels, the worst.
        admin.post("/silences/preview", {"matchers": [SHOP, label]})


def test_without_keys_it_is_said_what_is_missing(admin: Program, chat: dict[str, Any], settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert "FIELD_ENCRYPTION_KEYS" in problem_of(admin.get("/channels"), 503)["detail"]
    assert admin.delete(f"/channels/{chat['id']}").status_code == 204
