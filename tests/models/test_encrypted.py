"""What is encrypted at rest is unreadable in the database, survives a new key, and says what to do without its key."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from pytest_django.fixtures import Settings

from diagnostics.models import Channel
from diagnostics.models.encrypted import KeyMissing

pytestmark = pytest.mark.django_db
SECRET = {"url": "https://chat.example/hook/sentinel"}


def stored() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT settings FROM diagnostics_channel")
        return bytes(cursor.fetchone()[0])


def test_settings_are_unreadable_where_they_are_stored() -> None:
    Channel.objects.create(name="chat", kind="slack", settings=SECRET)
    assert b"sentinel" not in stored()
    assert Channel.objects.get().settings == SECRET


def test_an_older_key_still_reads_and_the_newest_writes(settings: Settings) -> None:
    channel = Channel.objects.create(name="chat", kind="slack", settings=SECRET)
    newest = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [newest, *settings.FIELD_ENCRYPTION_KEYS]
    channel = Channel.objects.get()
    channel.save()
    settings.FIELD_ENCRYPTION_KEYS = [newest]
    assert Channel.objects.get().settings == SECRET


@pytest.mark.parametrize(("keys", "told"), [([], "is not set"), ([Fernet.generate_key().decode()], "add that key")])
def test_without_its_key_it_says_what_to_do(settings: Settings, keys: list[str], told: str) -> None:
    Channel.objects.create(name="chat", kind="slack", settings=SECRET)
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(KeyMissing, match=told):
        Channel.objects.get()
