"""Turns: of transactions that must not run beside each other, all but one wait."""

from __future__ import annotations

import zlib

from django.db import connection


def take_turn(name: str) -> None:
    """Waits for the turn of this name, and keeps it until the transaction ends. To be called in one.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(f"sickbay.{name}".encode())])
