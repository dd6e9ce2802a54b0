"""Alertmanager's webhook: what a stock receiver reads."""

from __future__ import annotations

import msgspec
import pytest

from diagnostics.notify.formats.alertmanager import FORMAT
from diagnostics.notify.notice import Type
from tests.notify.formats.checking import HOOK, Group, request, sent
from tests.notify.notices import diagnosis, notice


def test_a_diagnosis_is_one_alert() -> None:
    group = sent("alertmanager", notice())
    (alert,) = group["alerts"]
    assert alert["labels"] == {
        "alertname": "crash-oom-limit",
        "cluster": "prod-eu",
        "namespace": "shop",
        "workload_kind": "Deployment",
        "workload": "cart",
        "container": "app",
        "severity": "high",
    }
    assert alert["annotations"]["summary"].startswith("Container app used more memory")
    assert alert["annotations"]["runbook_url"] == "https://sickbay.example/codes/crash-oom-limit"
    assert (alert["status"], alert["startsAt"], alert["endsAt"]) == (
        "firing",
        "2026-11-23T03:25:00Z",
        "0001-01-01T00:00:00Z",
    )
    assert group["groupLabels"] == {"alertname": "crash-oom-limit", "cluster": "prod-eu"}
    assert group["notification_reason"] == "first notification"


def test_a_resolution_has_an_end_and_the_same_labels() -> None:
    resolved = diagnosis(state="resolved", resolved_at="2026-11-23T04:45:00Z")
    opened, ended = sent("alertmanager", notice()), sent("alertmanager", notice(Type.RESOLVED, resolved))
    assert (ended["status"], ended["alerts"][0]["endsAt"]) == ("resolved", "2026-11-23T04:45:00Z")
    assert ended["notification_reason"] == "all alerts resolved"
    for same in ("labels", "fingerprint", "startsAt"):
        assert opened["alerts"][0][same] == ended["alerts"][0][same]


def test_labels_without_a_value_are_left_out() -> None:
    (alert,) = sent("alertmanager", notice(data=diagnosis(namespace=None, container=None)))["alerts"]
    assert {"namespace", "container"}.isdisjoint(alert["labels"])


def test_a_digest_is_the_alerts_that_fire() -> None:
    group = msgspec.convert(sent("alertmanager", notice(Type.DIGEST)), Group, strict=False)
    assert (len(group.alerts), group.truncatedAlerts, group.status) == (20, 20, "firing")


@pytest.mark.parametrize(
    ("began", "ended", "name"),
    [
        (Type.STORM_STARTED, Type.STORM_ENDED, "SickbayStorm"),
        (Type.UNREACHABLE, Type.RECOVERED, "SickbayClusterUnreachable"),
    ],
)
def test_what_begins_and_ends_is_an_alert_of_its_own_name(began: Type, ended: Type, name: str) -> None:
    first, last = (sent("alertmanager", notice(type_))["alerts"][0] for type_ in (began, ended))
    assert first["labels"] == last["labels"]
    assert (first["labels"]["alertname"], first["status"], last["status"]) == (name, "firing", "resolved")
    assert first["fingerprint"] == last["fingerprint"]


def test_a_token_is_sent_as_a_bearer_token() -> None:
    assert "authorization" not in request("alertmanager", notice()).headers
    assert request("alertmanager", notice(), token="t0").headers["authorization"] == "Bearer t0"
    with pytest.raises(msgspec.ValidationError, match="token"):
        FORMAT.read({"url": HOOK, "token": "a\nb"})
