"""Settings of the commands that need no database, Redis or pages, such as `scan`: they have to start fast."""

from __future__ import annotations

INSTALLED_APPS: list[str] = []
SECRET_KEY = "nothing is signed here"  # noqa: S105 - Django wants one; these commands neither sign nor encrypt
USE_TZ = True
TIME_ZONE = "UTC"
