"""Settings of a channel as people may see them, and what they send back put together with what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

MASK = "********"
SHORTEST = 6  # Characters of a text that is looked for: words of every day are no secrets.
SEGMENT = 16  # Characters of a part of an address, of which most are words.
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


def without(text: str, settings: Json, secret: Iterable[str]) -> str:
    """A text in which no secret of the settings is left, such as the answer of a receiver that echoes its address."""
    hidden = set(secret)
    found = {each for name, value in settings.items() if name in hidden for each in _telling(value)}
    for each in sorted(found, key=len, reverse=True):
        text = text.replace(each, MASK)
    return text


def _telling(value: Any) -> Iterator[str]:
    """Every text that would give a secret away: whole, its words, and of an address what follows the host."""
    match value:
        case Mapping():
            for each in value.values():
                yield from _telling(each)
        case list() | tuple():
            for each in value:
                yield from _telling(each)
        case str() if "://" in value:
            parts = urlsplit(value)
            yield from (each for each in (value, parts.path, parts.query) if len(each) >= SHORTEST)
            yield from (each for each in re.split(r"[/&=]", f"{parts.path}&{parts.query}") if len(each) >= SEGMENT)
        case str():
            yield from (each for each in (value, *value.split()) if len(each) >= SHORTEST)
