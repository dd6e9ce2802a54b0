"""Many rows at once: changed ones through one prepared statement, named ones in lists of a bearable length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import msgspec
from django.db import connection
from django.db.models import DateTimeField, Field, JSONField, Model

CHUNK = 500  # Values named in one query.

T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists of at most CHUNK."""
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def rewrite(rows: Sequence[Model], columns: Sequence[str]) -> None:
    """Stores the named columns of existing rows. To be called in a transaction.

    The ORM's own bulk methods work out SQL for every single value, which takes several times as long as storing it.
    Only plain columns: no expressions, no relations.
    """
    if not rows:
        return
    meta, quoted = rows[0]._meta, connection.ops.quote_name  # noqa: SLF001 - Django's public API in all but name
    by_name = {field.attname: field for field in meta.concrete_fields}
    setters = ", ".join(f"{quoted(str(by_name[name].column))} = %s" for name in columns)
    adapters = [(name, _adapter(by_name[name])) for name in columns]
    values = [(*(adapt(getattr(row, name)) for name, adapt in adapters), row.pk) for row in rows]
    names_of_ours = f"UPDATE {quoted(meta.db_table)} SET {setters} WHERE {quoted(str(meta.pk.column))} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(names_of_ours, values)


def _adapter(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """What turns a value of the field into what the database driver takes."""
    match field:
        case JSONField():
            return lambda value: msgspec.json.encode(value).decode()
        case DateTimeField():
            return lru_cache(connection.ops.adapt_datetimefield_value)  # Most rows share the time of one transaction.
        case _:
            return lambda value: value
