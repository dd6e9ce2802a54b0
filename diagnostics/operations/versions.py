"""Rows that people change: what somebody decided upon must still be what is stored."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from diagnostics.models import Channel, Route, Silence
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed

LONGEST_NAME = 100

Row = TypeVar("Row", Channel, Route, Silence)


def unchanged(rows: QuerySet[Row], uuid: UUID, version: int | None) -> Row:
    """The row, if it still is in the version that somebody saw (None: in any). Raises DoesNotExist and Changed."""
    row = rows.get(uuid=uuid)
    if version is not None and row.version != version:
        raise Changed(f"{row} was changed meanwhile; read it again")
    return row


def store_named(row: Channel | Route, what: str) -> None:
    """Saves a row that has a name of its own. Raises Invalid where another has it."""
    if not row.name.strip() or "\0" in row.name or len(row.name) > LONGEST_NAME:
        raise Invalid({"name": [f"a {what} needs a name of at most {LONGEST_NAME} characters"]})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid({"name": [f"there is another {what} of this name"]}) from error
