"""Re-encrypts what is stored with the newest key, so that older ones can be taken out of `FIELD_ENCRYPTION_KEYS`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Manager

from diagnostics.models import Channel, ClusterCredentials


def rotate() -> tuple[int, int]:
    """Writes every encrypted column anew; returns how many channels and clusters that were.

    Raises KeyMissing where no key fits.
    """
    with transaction.atomic():
        return _rewrite(Channel.objects, "settings"), _rewrite(ClusterCredentials.objects, "kubeconfig")


def _rewrite(rows: Manager[Any], column: str) -> int:
    locked = list(rows.select_for_update())
    rows.bulk_update(locked, [column])
    return len(locked)
