"""PagerDuty: one alert a diagnosis, from trigger to resolve."""

from __future__ import annotations

import msgspec
import pytest

from diagnostics.notify.exchange import Answer, Result
from diagnostics.notify.formats.pagerduty import FORMAT
from diagnostics.notify.notice import Type
from tests.notify.formats.checking import HOOK, SETTINGS, request, sent
from tests.notify.notices import AT, UUID, diagnosis, notice


@pytest.mark.parametrize(
    ("type_", "action"),
    [
        (Type.OPENED, "trigger"),
        (Type.ESCALATED, "trigger"),
        (Type.UPDATED, "trigger"),
        (Type.REGRESSED, "trigger"),
        (Type.ACKNOWLEDGED, "acknowledge"),
        (Type.RESOLVED, "resolve"),
        (Type.UNREACHABLE, "trigger"),
        (Type.RECOVERED, "resolve"),
        (Type.STORM_STARTED, "trigger"),
        (Type.STORM_ENDED, "resolve"),
        (Type.TEST, "trigger"),
    ],
)
def test_what_belongs_together_is_one_alert(type_: Type, action: str) -> None:
    event = sent("pagerduty", notice(type_))
    assert (event["event_action"], event["dedup_key"]) == (action, UUID)


def test_a_digest_pages_nobody() -> None:
    assert request("pagerduty", notice(Type.DIGEST)).url == f"{HOOK}/v2/change/enqueue"
    assert "event_action" not in sent("pagerduty", notice(Type.DIGEST))


def test_an_alert_says_why_where_and_what_to_type() -> None:
    event = sent("pagerduty", notice())
    payload = event["payload"]
    assert payload["summary"].startswith("🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop): Container app")
    assert (payload["source"], payload["component"], payload["class"]) == (
        "prod-eu",
        "Deployment/cart",
        "crash-oom-limit",
    )
    assert payload["custom_details"]["Command"].endswith("--limits=memory=128Mi")
    assert event["client_url"] == "https://sickbay.example/d/1284"


@pytest.mark.parametrize(
    ("severity", "theirs"), [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")]
)
def test_severities_are_pagerdutys(severity: str, theirs: str) -> None:
    assert sent("pagerduty", notice(data=diagnosis(severity=severity)))["payload"]["severity"] == theirs


def test_it_goes_to_the_united_states_unless_told_otherwise() -> None:
    key = SETTINGS["pagerduty"]["routing_key"]
    assert FORMAT.read({"routing_key": key}).url == "https://events.pagerduty.com"
    eu = request("pagerduty", notice(), url="https://events.eu.pagerduty.com/")
    assert eu.url == "https://events.eu.pagerduty.com/v2/enqueue"


def test_answers_are_understood() -> None:
    assert FORMAT.judge(Answer(202, b'{"status":"success"}'), AT).result is Result.SENT
    unknown = FORMAT.judge(Answer(400, b'{"status":"invalid event","errors":["Invalid routing key"]}'), AT)
    assert (unknown.result, unknown.disables) == (Result.REFUSED, True)


@pytest.mark.parametrize("key", ["", "short", "0123456789abcdef0123456789abcde!", "0" * 33])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="32 letters and digits"):
        FORMAT.read({"routing_key": key})
