"""`manage.py rotatekeys`: re-encrypts stored credentials with the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from diagnostics.models.encrypted import KeyMissing
from diagnostics.operations.rotating import rotate


class Command(BaseCommand):
    """To be run after a key was put at the beginning of FIELD_ENCRYPTION_KEYS; the older ones may go afterwards."""

    help = "Re-encrypt stored credentials with the first of FIELD_ENCRYPTION_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Says how much was re-encrypted."""
        try:
            channels, clusters = rotate()
        except KeyMissing as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Re-encrypted the settings of {channels:,} channel{'' if channels == 1 else 's'} "
            f"and the credentials of {clusters:,} cluster{'' if clusters == 1 else 's'}."
        )
