"""Our own webhook: verified by the reference library, small enough, and a CloudEvent if that is wanted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from diagnostics.notify.exchange import Answer, Request, Result
from diagnostics.notify.formats import Memory
from diagnostics.notify.formats.webhook import FORMAT, MOST_BYTES, new_secret
from diagnostics.notify.notice import Notice, Type
from tests.notify.notices import AT, UUID, every_notice, notice

OLD, NEW = new_secret(), new_secret()


def sent(about: Notice, now: datetime | None = None, **settings: Any) -> Request:
    read = FORMAT.read({"url": "https://receiver.example/hook", "secrets": [NEW, OLD], **settings})
    return FORMAT.build(read, about, Memory(), now or datetime.now(UTC))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_reference_library_verifies_it_with_either_secret(secret: str) -> None:
    request = sent(notice())
    body = Webhook(secret).verify(request.body, request.headers)
    assert (body["type"], body["data"]["code"], body["timestamp"]) == (
        "diagnosis.opened",
        "crash-oom-limit",
        "2026-11-23T03:31:07Z",
    )


def test_a_changed_byte_or_another_secret_does_not_verify() -> None:
    request = sent(notice())
    for secret, body in ((new_secret(), request.body), (NEW, request.body.replace(b"high", b"lows"))):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, request.headers)


def test_every_attempt_has_the_same_id_and_its_own_time() -> None:
    first, second = (sent(notice(), AT + timedelta(seconds=n)) for n in (0, 300))
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == UUID
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 300


@pytest.mark.parametrize("mode", ["standard", "cloudevents"])
@pytest.mark.parametrize("about", every_notice(), ids=lambda about: f"{about.type}-{len(str(about.data))}")
def test_no_body_is_too_long(about: Notice, mode: str) -> None:
    assert len(sent(about, mode=mode).body) <= MOST_BYTES


def test_what_is_left_out_of_a_long_one_is_said() -> None:
    plain, long = json.loads(sent(notice()).body), json.loads(sent(every_notice()[-1]).body)
    assert "truncated" not in plain["data"]
    assert long["data"]["truncated"]
    assert long["data"]["pods_affected"] == 50_000
    assert 0 < len(long["data"]["pods"]) <= 20


@pytest.mark.parametrize("type_", list(Type))
def test_a_cloud_event_has_what_its_specification_demands(type_: Type) -> None:
    request = sent(notice(type_), mode="cloudevents")
    event = json.loads(request.body)
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert event["specversion"] == "1.0"
    assert event["type"] == f"dev.sickbay.{type_}.v1"
    assert event["id"]
    assert event["source"]
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in event)


def test_a_cloud_event_of_a_diagnosis_names_its_workload() -> None:
    event = json.loads(sent(notice(), mode="cloudevents").body)
    assert (event["source"], event["subject"]) == ("/clusters/prod-eu", "shop/Deployment/cart")


@pytest.mark.parametrize(
    ("status", "result", "disables"),
    [
        (204, Result.SENT, False),
        (410, Result.REFUSED, True),
        (404, Result.LATER, False),
        (307, Result.LATER, False),
        (502, Result.LATER, False),
    ],
)
def test_only_410_ends_it(status: int, result: Result, disables: bool) -> None:
    outcome = FORMAT.judge(Answer(status), AT)
    assert (outcome.result, outcome.disables) == (result, disables)


def test_a_receiver_may_ask_for_time() -> None:
    outcome = FORMAT.judge(Answer(429, b"", {"retry-after": "Mon, 23 Nov 2026 03:32:07 GMT"}), AT)
    assert outcome.retry_after == timedelta(minutes=1)


@pytest.mark.parametrize("secrets", [[], ["secret"], ["whsec_!"], ["whsec_c2hvcnQ="], [NEW, "whsec_" + "QUFB" * 30]])
def test_a_secret_that_is_none_is_refused(secrets: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="secret"):
        FORMAT.read({"url": "https://receiver.example/hook", "secrets": secrets})
