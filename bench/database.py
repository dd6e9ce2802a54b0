"""Django with a database of its own, thrown away afterwards; `DATABASE_URL` may name an empty PostgreSQL one instead."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def migrated() -> Iterator[str]:
    """Sets Django up on an empty, migrated database; yields the vendor. Once a process."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"SICKBAY_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
        import django  # noqa: PLC0415 - reads the environment.

        django.setup()
        from django.conf import settings  # noqa: PLC0415 - as above
        from django.core.management import call_command  # noqa: PLC0415 - as above
        from django.db import connection  # noqa: PLC0415 - as above

        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        call_command("migrate", verbosity=0)
        try:
            yield connection.vendor
        finally:
            connection.close()
