"""Pages of a list by cursor: each begins where another ended, whatever has come or gone meanwhile, as fast as the first.

A cursor holds the values by which the last row was ordered, so a page is one condition on the next (keyset pagination;
Markus Winand, "Paging through results"). It is signed: it only ever holds what was handed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 50
LARGEST_PAGE = 500
_SALT = "diagnostics.queries.cursors"

Row = TypeVar("Row", bound=Model)


class NoCursor(Exception):
    """The cursor is none of ours, or of a list in another order."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order, and the cursors of the pages around them; None where there is none."""

    rows: tuple[Row, ...]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """Columns without nulls, a minus before those that go down; the last one tells every row from every other."""

    columns: tuple[str, ...]

    @property
    def back(self) -> Order:
        """The other way round."""
        return Order(tuple(name.removeprefix("-") if name[0] == "-" else f"-{name}" for name in self.columns))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns without their direction."""
        return tuple(name.removeprefix("-") for name in self.columns)

    def beyond(self, values: list[Any]) -> Q:
        """What comes after a row with these values."""
        return reduce(or_, (self._beyond_at(position, values) for position in range(len(values))))

    def _beyond_at(self, position: int, values: list[Any]) -> Q:
        names = self.names
        same = {names[before]: values[before] for before in range(position)}
        lookup = "lt" if self.columns[position][0] == "-" else "gt"
        return Q(**same, **{f"{names[position]}__{lookup}": values[position]})


def page(rows: QuerySet[Row, Row], order: Order, cursor: str = "", size: int = PAGE_SIZE) -> Page[Row]:
    """One page in two queries: narrow rows to find it, wide ones to fill it. Raises NoCursor."""
    backwards, values = _read(cursor, order) if cursor else (False, [])
    towards = order.back if backwards else order
    ordered = rows.filter(towards.beyond(values)) if values else rows
    keys = list(ordered.order_by(*towards.columns).values_list("pk", *order.names)[: size + 1])
    more, keys = len(keys) > size, keys[:size]
    if backwards:
        keys.reverse()
    by_key = rows.in_bulk([key[0] for key in keys])
    after, before = (more, bool(values)) if not backwards else (True, more)
    return Page(
        rows=tuple(by_key[key[0]] for key in keys if key[0] in by_key),
        next=_written(keys[-1][1:], order, backwards=False) if keys and after else None,
        previous=_written(keys[0][1:], order, backwards=True) if keys and before else None,
    )


def _written(values: tuple[Any, ...], order: Order, *, backwards: bool) -> str:
    texts = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return signing.dumps([backwards, ",".join(order.columns), texts], salt=_SALT)


def _read(cursor: str, order: Order) -> tuple[bool, list[Any]]:
    try:
        backwards, columns, values = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature:
        raise NoCursor("the cursor is none: take it from next or previous of a page") from None
    if columns != ",".join(order.columns):
        raise NoCursor("the cursor is of another ordering: begin again without it")
    return backwards, values
