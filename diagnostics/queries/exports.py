"""Reading a whole list of diagnoses without ever holding it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.db.models import QuerySet

from diagnostics.models import Diagnosis

PIECE_ROWS = 50  # Held at once; a verdict that names thousands of pods may have a megabyte.
WINDOW_ROWS = 20_000

Rows = QuerySet[Diagnosis, Any]


def pieces(rows: Rows, write: Callable[[Diagnosis], bytes], unread: Collection[str] = ()) -> Iterator[bytes]:
    """The rows as written, by number, some at a time; each once, however they change meanwhile.

    Which rows there are is asked first, for many at once: whatever index a filter makes the database take, it never
    sorts more than every so often. Nothing is kept open between two pieces: a reader may take its time.
    """
    for numbers in _windows(rows):
        for start in range(0, len(numbers), PIECE_ROWS):
            yield b"".join(map(write, _whole(numbers[start : start + PIECE_ROWS], unread)))


def _windows(rows: Rows) -> Iterator[list[int]]:
    numbers = list(rows.order_by("number").values_list("number", flat=True)[:WINDOW_ROWS])
    while numbers:
        yield numbers
        later = rows.filter(number__gt=numbers[-1]).order_by("number")
        numbers = list(later.values_list("number", flat=True)[:WINDOW_ROWS])


def _whole(numbers: list[int], unread: Collection[str]) -> Rows:
    columns = [field.name for field in Diagnosis._meta.concrete_fields]  # noqa: SLF001 - Django's documented way.
    read = [name for name in columns if name not in unread]
    related = Diagnosis.objects.select_related("cluster", "assignee").only(*read, "cluster__name", "assignee__username")
    return related.filter(number__in=numbers).order_by("number")
