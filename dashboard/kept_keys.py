"""The keys of an embedded start: made once, kept in the data directory, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet


def kept_secret_key(data_dir: Path) -> str:
    """Django's SECRET_KEY, made if there is none yet. Raises `OSError` where it can be neither read nor made."""
    return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(64))


def kept_encryption_key(data_dir: Path) -> str:
    """The key of FIELD_ENCRYPTION_KEYS, made if there is none yet. Raises `OSError` likewise."""
    return _kept(data_dir / "encryption_key", lambda: Fernet.generate_key().decode())


def _kept(path: Path, make: Callable[[], str]) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, make())
        return path.read_text(encoding="ascii")


def _write(path: Path, key: str) -> None:
    """Writes a new key beside `path` and links it there whole, so that two starts at once agree on one key."""
    number, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # Its owner's alone, as made.
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(key)
    with suppress(FileExistsError):  # The other start was first.
        os.link(draft, path)
    Path(draft).unlink()
