"""Channels: what cannot be sent to is refused, and a secret is never shown again, nor lost by saving a form."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from diagnostics.models import Channel, Delivery
from diagnostics.notify.formats.webhook import new_secret
from diagnostics.operations import channels
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.secret_fields import MASK, masked, restored
from diagnostics.operations.triaging import Changed
from tests.operations.building import T0

pytestmark = pytest.mark.django_db
URL = "https://hooks.slack.example/services/T0/B0/hunter2sentinel"


def chat(**columns: Any) -> Channel:
    return channels.create("chat", "slack", {"url": URL}, **columns)


def signed() -> Channel:
    return channels.create("program", "webhook", {"url": "https://receiver.example/in", "secrets": [new_secret()]})


def test_a_channel_is_kept_and_shown_without_its_secrets() -> None:
    assert Channel.objects.get(uuid=chat().uuid).settings == {"url": URL}
    assert channels.shown(chat_again := Channel.objects.get()) == {"url": MASK}
    assert chat_again.enabled
    assert channels.shown(signed()) == {"url": MASK, "secrets": [MASK]}


def test_of_a_kind_that_is_not_known_nothing_is_shown() -> None:
    later = Channel.objects.create(name="later", kind="pigeon", settings={"loft": "hunter2sentinel"})
    assert channels.shown(later) == {"loft": MASK}


@pytest.mark.parametrize(
    ("kind", "settings", "field", "said"),
    [
        ("pigeon", {}, "kind", "Slack"),
        ("slack", {}, "settings", "url"),
        ("slack", {"url": URL, "colour": "red"}, "settings", "colour"),
        ("slack", {"url": 5}, "settings", "str"),
        ("slack", {"url": MASK}, "settings", "there is none"),
        ("webhook", {"url": URL, "secrets": ["x"]}, "settings", "whsec_"),
        ("slack", {"url": "http://169.254.169.254/latest"}, "settings", "url: 169.254.169.254 is never asked"),
        ("slack", {"url": "http://10.0.0.7/"}, "settings", "OUTBOUND_ALLOW_CIDRS"),
        ("slack", {"url": "file:///etc/passwd"}, "settings", "https://"),
    ],
)
def test_what_cannot_be_sent_to_is_refused(kind: str, settings: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        channels.create("chat", kind, settings)
    assert set(refused.value.errors) == {field}
    assert said.lower() in str(refused.value).lower()
    assert not Channel.objects.exists()


def test_names_are_there_and_differ() -> None:
    chat()
    other = signed()
    for name in ("chat", " ", "x" * 101):
        with pytest.raises(Invalid) as refused:
            channels.change(other.uuid, {"name": name})
        assert set(refused.value.errors) == {"name"}


def test_without_a_key_nothing_is_stored(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(Invalid, match="FIELD_ENCRYPTION_KEYS is not set"):
        chat()


def test_saving_what_was_shown_keeps_the_secrets() -> None:
    row = chat()
    changed = channels.change(row.uuid, {"name": "team", "settings": channels.shown(row)}, row.version)
    assert (changed.name, changed.settings, changed.version) == ("team", {"url": URL}, 2)
    assert channels.change(row.uuid, {"settings": {}}).settings == {"url": URL}


def test_a_new_signing_secret_goes_before_the_old_one() -> None:
    row = signed()
    old, new = row.settings["secrets"][0], new_secret()
    changed = channels.change(row.uuid, {"settings": {**row.settings, "secrets": [new, MASK]}})
    assert changed.settings["secrets"] == [new, old]
    assert channels.change(row.uuid, {"settings": {**row.settings, "secrets": [MASK]}}).settings["secrets"] == [new]


def test_masks_keep_shapes_and_null_takes_away() -> None:
    stored = {"headers": {"a": "1", "b": "2"}, "key": "3", "open": "4"}
    secret = {"headers", "key"}
    assert masked(stored, secret) == {"headers": {"a": MASK, "b": MASK}, "key": MASK, "open": "4"}
    given = {"headers": {"a": MASK, "c": "5"}, "key": None}
    assert restored(given, stored, secret) == {"headers": {"a": "1", "c": "5"}}


def test_what_somebody_else_changed_is_not_overwritten() -> None:
    row = chat()
    channels.change(row.uuid, {"enabled": False}, 1)
    with pytest.raises(Changed):
        channels.change(row.uuid, {"name": "late"}, 1)
    with pytest.raises(Changed):
        channels.delete(row.uuid, 1)


def test_enabling_forgives_what_failed() -> None:
    row = chat()
    failed = {"enabled": False, "disabled_reason": "HTTP 404", "failures": 3, "failing_since": T0, "last_error": "x"}
    Channel.objects.update(**failed)
    changed = channels.change(row.uuid, {"enabled": True})
    assert (changed.enabled, changed.disabled_reason, changed.failures, changed.failing_since) == (True, "", 0, None)


def test_a_test_is_a_delivery() -> None:
    row = chat()
    channels.test(row.uuid, User.objects.create_user("ada"), T0)
    delivery = Delivery.objects.get()
    assert (delivery.channel, delivery.type, delivery.data["by"]) == (row, "channel.test", "ada")
    channels.change(row.uuid, {"enabled": False})
    with pytest.raises(Invalid, match="enable it first"):
        channels.test(row.uuid, None, T0)


def test_a_channel_whose_key_is_lost_can_be_removed(settings: Settings) -> None:
    row = chat()
    settings.FIELD_ENCRYPTION_KEYS = []
    channels.delete(row.uuid)
    assert not Channel.objects.exists()
    with pytest.raises(Channel.DoesNotExist):
        channels.delete(uuid.uuid4())
