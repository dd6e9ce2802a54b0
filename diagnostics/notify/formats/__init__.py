"""The formats in which notices leave: one module each, found by being here.

A module has a `FORMAT`. It is pure: settings and a notice in, a request out; an answer in, an outcome out. A new
format is a new module and its test, nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from diagnostics.notify.exchange import Answer, Mail, Outcome, Request, judged
from diagnostics.notify.notice import Notice


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a channel of some format is set up with. Stored encrypted; what `secret_fields` name is never shown again."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def proposed(cls) -> dict[str, Any]:
        """What a form for a new channel is filled in with, such as a secret nobody has to think up."""
        return {}


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a channel remembers of a thread: its first message's name at the receiver, if the receiver gave one."""

    remote_id: str = ""


class Format(ABC, Generic[S]):
    """How notices become requests for one kind of receiver.

    `retry_for` is how long an undelivered notice is worth trying; `pace` the least time between two messages.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    settings: ClassVar[type[Settings]]
    retry_for: ClassVar[timedelta] = timedelta(minutes=30)  # A chat message that is days old is noise.
    pace: ClassVar[timedelta] = timedelta(seconds=1)

    @abstractmethod
    def build(self, settings: S, notice: Notice, memory: Memory, now: datetime) -> Request | Mail:
        """The message that carries a notice. `now` is the time of this attempt."""

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """What an answer means; by its status, unless the receiver has manners of its own."""
        return judged(answer, now)

    def read(self, settings: dict[str, Any]) -> S:
        """Settings as stored or posted. Raises msgspec.ValidationError, which says what is wrong with which field."""
        return msgspec.convert(settings, self.settings)  # type: ignore[return-value]  # `settings` is S's own class.


@cache
def formats() -> dict[str, Format[Any]]:
    """Every format by its kind."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found: list[Format[Any]] = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {each.kind: each for each in sorted(found, key=lambda each: each.label)}
