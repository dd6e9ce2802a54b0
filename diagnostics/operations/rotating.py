"""Re-encrypts what is stored with the newest key, so that older ones can be taken out of `FIELD_ENCRYPTION_KEYS`."""

from __future__ import annotations

from django.db import transaction

from diagnostics.models import Channel


def rotate() -> int:
    """Writes every encrypted column anew; returns how many rows that were. Raises KeyMissing where no key fits."""
    with transaction.atomic():
        channels = list(Channel.objects.select_for_update())
        Channel.objects.bulk_update(channels, ["settings"])
    return len(channels)
