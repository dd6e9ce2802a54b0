"""The secret key of an embedded start: made once, kept in the data directory, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def kept_secret_key(data_dir: Path) -> str:
    """The key in `data_dir`, made if there is none yet. Raises `OSError` where it can be neither read nor made."""
    path = data_dir / "secret_key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
        return path.read_text(encoding="ascii")


def _make(path: Path) -> None:
    """Writes a new key beside `path` and links it there whole, so that two starts at once agree on one key."""
    number, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # Its owner's alone, as made.
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    with suppress(FileExistsError):  # The other start was first.
        os.link(draft, path)
    Path(draft).unlink()
