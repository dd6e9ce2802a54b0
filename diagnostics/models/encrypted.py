"""A column that is encrypted at rest: its values are JSON objects, readable only with `FIELD_ENCRYPTION_KEYS`."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class KeyMissing(Exception):
    """There is no key, or what is stored was encrypted with one that `FIELD_ENCRYPTION_KEYS` does not hold (any more)."""


def cipher() -> MultiFernet:
    """Encrypts with the newest key, decrypts with any of them. Raises KeyMissing where there is none."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise KeyMissing("FIELD_ENCRYPTION_KEYS is not set: nothing can be encrypted; see .env.example")
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]  # The class takes no parameters at run time.
    """A JSON object, stored as a Fernet token (AES-128-CBC with an HMAC). It cannot be searched or sorted by."""

    def get_prep_value(self, value: dict[str, Any] | None) -> bytes | None:
        """Encrypts."""
        return None if value is None else cipher().encrypt(json.dumps(value).encode())

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> dict[str, Any] | None:
        """Decrypts. Raises KeyMissing where no key fits."""
        if value is None:
            return None
        try:
            found: dict[str, Any] = json.loads(cipher().decrypt(bytes(value)))
        except InvalidToken:
            raise KeyMissing(
                f"{self.model.__name__}.{self.name} was encrypted with a key that FIELD_ENCRYPTION_KEYS does not hold;"
                " add that key at the end of the list"
            ) from None
        return found
