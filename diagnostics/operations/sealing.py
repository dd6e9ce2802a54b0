"""What somebody has pasted goes back to their browser sealed: the next step needs it, but no page may show it."""

from __future__ import annotations

from datetime import timedelta

from cryptography.fernet import InvalidToken

from diagnostics.models.encrypted import KeyMissing, cipher
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.ways import FIELD

LASTS = timedelta(minutes=30)


def seal(text: str) -> str:
    """Encrypts a text with the newest key. Raises Invalid where there is none."""
    try:
        return cipher().encrypt(text.encode()).decode()
    except KeyMissing as error:
        raise Invalid({FIELD: [f"Credentials cannot be stored: {error}."]}) from error


def unsealed(sealed: str) -> str:
    """The text again; blank once it is too old, or was not sealed here."""
    try:
        return cipher().decrypt(sealed.encode(), ttl=int(LASTS.total_seconds())).decode()
    except (InvalidToken, KeyMissing):
        return ""
