"""JSON decoders that threads may share.

msgspec works a type out when it is used for the first time. Two threads that do so at once see each other's half of
the work and crash the process (0.22), so they take turns here.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_LOCK = Lock()
_known: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(type_: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a type; once it is there, `msgspec.convert` to the type is safe, too."""
    found = _known.get(type_)
    if found is None:
        with _LOCK:
            found = _known.setdefault(type_, msgspec.json.Decoder(type_))
    return found


def convert(value: Any, type_: type[T]) -> T:
    """A value of plain Python objects as the type. Raises `msgspec.ValidationError`."""
    decoder(type_)
    return msgspec.convert(value, type_)
