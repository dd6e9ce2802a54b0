"""What cannot be done as it was asked, said field by field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec


class Invalid(Exception):
    """What was asked for cannot be. `errors` says what is wrong with which field, for people to read."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, texts in errors.items() for text in texts))
        self.errors = errors


@contextmanager
def about(field: str) -> Iterator[None]:
    """Turns what msgspec says of a document into what is wrong with the field that holds it."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise Invalid({field: [str(error)]}) from error
