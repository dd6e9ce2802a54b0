"""What was refused or given up is sent once more, because somebody says so."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from diagnostics.models import Delivery
from diagnostics.operations import delivering
from diagnostics.operations.triaging import NotPossible


def replay(delivery: UUID, now: datetime) -> Delivery:
    """Puts a dead delivery back into the outbox. Raises Delivery.DoesNotExist, and NotPossible for any other."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update(of=("self",)).get(uuid=delivery)
        if row.state != Delivery.State.DEAD:
            raise NotPossible(f"the delivery is {row.state}: only a dead one can be replayed")
        return delivering.replay(row, now)
