"""Events that came lately about pods that are not suspect: the change that makes a pod suspect may come after them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from diagnostics.snapshot.objects import Event

TURN = timedelta(minutes=1)

Place = TypeVar("Place")


class Recent(Generic[Place]):
    """Events of the last one to two minutes, by the uid of what they are about, in two generations.

    They are stored nowhere. `begins` says from which resource versions a watch has to go on to bring them again.
    """

    def __init__(self) -> None:
        self.begins: Mapping[Place, str] = {}
        self._newer: dict[str, list[Event]] = {}
        self._older: dict[str, list[Event]] = {}
        self._newer_begins: Mapping[Place, str] = {}
        self._turned: datetime | None = None

    def turn(self, now: datetime, versions: Mapping[Place, str]) -> bool:
        """Forgets the older generation if it is time, which is once a minute; tells whether it was.

        `versions` are those up to which changes have come.
        """
        if self._turned is not None and now - self._turned < TURN:
            return False
        self.begins = dict(versions) if self._turned is None else self._newer_begins
        self._older, self._newer, self._newer_begins = self._newer, {}, dict(versions)
        self._turned = now
        return True

    def begin(self, versions: Mapping[Place, str]) -> None:
        """Notes where the first events come from, of places that are read for the first time."""
        self.begins = {**versions, **self.begins}
        self._newer_begins = {**versions, **self._newer_begins}

    def add(self, event: Event) -> None:
        """Remembers an event for a while."""
        self._newer.setdefault(event.involved_object.uid, []).append(event)

    def take(self, uid: str) -> list[Event]:
        """The events about one object, oldest first; they are not remembered here any longer."""
        return self._older.pop(uid, []) + self._newer.pop(uid, [])
