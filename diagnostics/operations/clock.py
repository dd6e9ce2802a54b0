"""The API server's clock, as far as its answers tell it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone


class ServerClock:
    """Tells the API server's time between its answers; until the first one it is our own."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def set(self, told: datetime | None) -> None:
        """Takes over a time that the server has told just now (its `Date` header), which is exact to the second."""
        if told is not None:
            self._ahead = told - timezone.now()

    def now(self) -> datetime:
        """The API server's time now."""
        return timezone.now() + self._ahead
