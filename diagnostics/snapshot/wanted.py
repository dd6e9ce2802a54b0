"""What a closer look at the suspects needs. The engine says it, the reader reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogWanted:
    """The tail of one container's log: the previous run's or the current one's first, the other if it has none."""

    namespace: str
    pod: str
    uid: str
    container: str
    previous_first: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Logs, and lists of (resource, namespace or None for all namespaces), to be read once each.

    `around` is what is wanted of the cluster as such, whoever suffers in it: it may be older than the rest.
    """

    logs: tuple[LogWanted, ...] = ()
    resources: frozenset[tuple[str, str | None]] = frozenset()
    around: frozenset[tuple[str, str | None]] = frozenset()
