"""Settings of a channel as people may see them, and what they send back put together with what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MASK = "********"
Json = Mapping[str, Any]


def masked(settings: Json, secret: Iterable[str]) -> dict[str, Any]:
    """The settings, with each text of a secret field hidden; lists and objects keep their shape."""
    hidden = set(secret)
    return {name: _masked(value) if name in hidden else value for name, value in settings.items()}


def _masked(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _masked(each) for name, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
        case str() if value:
            return MASK
    return value


def restored(given: Json, stored: Json, secret: Iterable[str]) -> dict[str, Any]:
    """What is to be stored: a secret field that is left out or masked stays as it is; null takes it away.

    In a list the first mask stands for the first stored text, the next for the next: a new signing secret goes before
    the mask of the old one.
    """
    hidden = set(secret)
    found = {name: _restored(value, stored.get(name)) if name in hidden else value for name, value in given.items()}
    kept = {name: value for name, value in stored.items() if name in hidden and name not in found}
    return {name: value for name, value in (kept | found).items() if value is not None}


def _restored(given: Any, stored: Any) -> Any:
    match given, stored:
        case str(), str() if given == MASK:
            return stored
        case Mapping(), Mapping():
            return {name: _restored(value, stored.get(name)) for name, value in given.items()}
        case (list() | tuple(), list() | tuple()):
            olds = iter(stored)
            return [next(olds, each) if each == MASK else each for each in given]
    return given
