"""`manage.py prune`: applies the retention settings now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from diagnostics.operations.pruning import prune


class Command(BaseCommand):
    """What the workers do every hour, at once and with a report."""

    help = "Forget what is older than SICKBAY_RETENTION_DAYS: diagnoses long resolved, evidence of pods long gone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Says how many of what were forgotten."""
        forgotten = prune(timezone.now(), timedelta(days=settings.SICKBAY_RETENTION_DAYS))
        parts = [f"{what}: {rows:,}" for what, rows in sorted(forgotten.items()) if rows]
        nothing = f"Nothing is older than {settings.SICKBAY_RETENTION_DAYS} days."
        self.stdout.write(f"Forgot {', '.join(parts)}." if parts else nothing)
