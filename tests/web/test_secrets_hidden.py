"""What a channel needs to reach its receiver is seen nowhere, whatever the receiver answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.models import Channel, Delivery, Diagnosis, Route
from diagnostics.notify.exchange import Answer, Mail, Request
from diagnostics.operations import channels
from diagnostics.operations.delivering import deliver
from diagnostics.queries import public
from tests.notify.formats.checking import SETTINGS
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db
WORD = "hunter2sentinel"
SECRETS: dict[str, dict[str, Any]] = {
    "slack_bot": {"token": f"xoxb-{WORD}"},
    "pagerduty": {"routing_key": f"{WORD:0<32}"},
    "alertmanager": {"token": WORD},
    "template": {"headers": {"authorization": f"Bearer {WORD}"}},
}
BARE = {"slack_bot", "pagerduty"}  # Their address is one that everybody knows.


def echoed(message: Request | Mail) -> Answer:
    """What a receiver answers that knows nobody by this address, and says in full what it was asked."""
    assert isinstance(message, Request)
    said = f"Cannot POST {message.url} {json.dumps(message.headers)} {message.body.decode()}"
    return Answer(404, said.encode())


@pytest.mark.parametrize("kind", SETTINGS)
def test_no_secret_is_on_a_page_in_an_answer_of_the_api_a_row_or_the_log(
    look: Look, browser: Client, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    url = "https://hooks.example" if kind in BARE else f"https://hooks.example/services/T0/{WORD}?key={WORD}2"
    settings = {"url": url, **SETTINGS[kind], **SECRETS.get(kind, {})}
    channel = channels.create("#ops", kind, settings)
    Route.objects.create(name="Everything", position=1).channels.add(channel)
    about = a_diagnosis(a_cluster())
    now = timezone.now()
    told = {"data": public.diagnosis(about), "created_at": now, "due_at": now, "type": "diagnosis.opened"}
    sent = Delivery.objects.create(channel=channel, diagnosis=about, thread="t", **told)
    with caplog.at_level("DEBUG"):
        assert deliver(echoed) == 1

    sent.refresh_from_db()
    assert "Cannot POST" in sent.answer + sent.error
    assert WORD not in caplog.text
    assert WORD not in str(list(Delivery.objects.values()))
    assert WORD not in str(list(Channel.objects.defer("settings").values("name", "disabled_reason", "last_error")))
    for path in ("", f"channels/{channel.uuid}", "deliveries/", f"deliveries/{sent.uuid}"):
        assert WORD not in look(f"/notifications/{path}").html
    assert WORD not in look(f"/d/{Diagnosis.objects.get().number}").html
    for path in ("channels", f"channels/{channel.uuid}", "deliveries", f"deliveries/{sent.uuid}", "routes"):
        answer = browser.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert WORD not in answer.content.decode()
