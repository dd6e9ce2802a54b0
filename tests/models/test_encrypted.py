"""What is encrypted at rest is unreadable in the database, survives a new key, and says what to do without its key."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
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


def test_keys_are_rotated_without_a_moment_in_which_nothing_can_be_read(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    Channel.objects.create(name="chat", kind="slack", settings=SECRET)
    newest, oldest = Fernet.generate_key().decode(), settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [newest, *oldest]
    assert Channel.objects.get().settings == SECRET
    call_command("rotatekeys")
    assert capsys.readouterr().out == "Re-encrypted the settings of 1 channel and the credentials of 0 clusters.\n"
    settings.FIELD_ENCRYPTION_KEYS = [newest]
    assert Channel.objects.get().settings == SECRET
    settings.FIELD_ENCRYPTION_KEYS = oldest
    with pytest.raises(CommandError, match="add that key"):
        call_command("rotatekeys")


@pytest.mark.parametrize(("keys", "told"), [([], "is not set"), ([Fernet.generate_key().decode()], "add that key")])
def test_without_its_key_it_says_what_to_do(settings: Settings, keys: list[str], told: str) -> None:
    Channel.objects.create(name="chat", kind="slack", settings=SECRET)
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(KeyMissing, match=told):
        Channel.objects.get()
