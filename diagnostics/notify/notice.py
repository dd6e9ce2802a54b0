"""A notice: one piece of news, in the public shape, before any format has given it its own.

The body of a diagnosis is what REST answers for it (contracts.md, HTTP): whoever writes a receiver learns one shape.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Type(StrEnum):
    """The event types of the public contract."""

    OPENED = "diagnosis.opened"
    UPDATED = "diagnosis.updated"
    ESCALATED = "diagnosis.escalated"
    ACKNOWLEDGED = "diagnosis.acknowledged"
    RESOLVED = "diagnosis.resolved"
    REGRESSED = "diagnosis.regressed"
    UNREACHABLE = "cluster.unreachable"
    RECOVERED = "cluster.recovered"
    STORM_STARTED = "storm.started"
    STORM_ENDED = "storm.ended"
    TEST = "channel.test"
    DIGEST = "digest.daily"


class Part(msgspec.Struct, frozen=True):
    """Base of what a notice carries; unknown fields are ignored."""


class Workload(Part, frozen=True):
    """`workload`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class Pod(Part, frozen=True):
    """`pods[]`."""

    name: str
    status: str
    node: str | None = None


class Remedy(Part, frozen=True):
    """`remedy`."""

    text: str
    commands: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()


class Evidence(Part, frozen=True):
    """`evidence[]`, strongest first; `source` is `log` for lines of a container's log."""

    source: str
    object: str
    path: str
    value: str


class Change(Part, frozen=True):
    """`changed[]`: a field that a rollout changed shortly before the failure."""

    path: str
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    by: str | None = None


class Diagnosis(Part, frozen=True, kw_only=True):
    """What the formats read of a diagnosis, in REST's shape. `workload` is the top owner; times are UTC."""

    id: str
    number: int
    url: str
    cluster: str
    state: str
    code: str
    severity: str
    confidence: str
    namespace: str | None
    workload: Workload
    container: str | None
    summary: str
    cause: str
    remedy: Remedy
    pods: tuple[Pod, ...] = ()
    pods_affected: int
    pods_total: int
    restarts: int = 0
    evidence: tuple[Evidence, ...] = ()
    changed: tuple[Change, ...] = ()
    first_seen: datetime
    resolved_at: datetime | None = None
    explained_by: int | None = None
    fingerprint: str

    @property
    def place(self) -> str:
        """Where it is: `prod-eu / shop`, or the cluster alone."""
        return f"{self.cluster} / {self.namespace}" if self.namespace else self.cluster


class Share(Part, frozen=True):
    """One line of a storm or digest: so many diagnoses of one code, and an example of them."""

    code: str
    severity: str
    diagnoses: int
    pods: int
    example: str


class Storm(Part, frozen=True, kw_only=True):
    """`storm.started` and `.ended`: many diagnoses at once, told as one, by the biggest shares first."""

    cluster: str
    url: str
    diagnoses: int
    pods: int
    started_at: datetime
    ended_at: datetime | None = None
    shares: tuple[Share, ...] = ()


class Cluster(Part, frozen=True, kw_only=True):
    """`cluster.unreachable` and `.recovered`; `since` is when it was last read."""

    cluster: str
    url: str
    reason: str = ""
    since: datetime | None = None


class Digest(Part, frozen=True, kw_only=True):
    """`digest.daily`: what is still open, the worst first, and how the day went."""

    url: str
    opened: int
    resolved: int
    still_open: int
    diagnoses: tuple[Diagnosis, ...] = ()


class Test(Part, frozen=True, kw_only=True):
    """`channel.test`: somebody wants to see whether a channel works."""

    channel: str
    url: str
    by: str = ""


Subject = Diagnosis | Storm | Cluster | Digest | Test
_SUBJECTS: dict[str, type[Subject]] = {
    "diagnosis": Diagnosis,
    "storm": Storm,
    "cluster": Cluster,
    "digest": Digest,
    "channel": Test,
}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news for one channel. `data` is public JSON, shaped by `type`.

    `id` is the same on every attempt: receivers that have seen it may drop it. `thread` names what belongs together
    (a diagnosis' id), so that formats that can will update or answer an earlier message. `route` is the name of the
    rule that brought it here.
    """

    id: str
    type: Type
    timestamp: datetime
    data: dict[str, Any]
    thread: str = ""
    route: str = ""

    @property
    def subject(self) -> Subject:
        """`data` as the formats read it. Raises msgspec.ValidationError if it does not fit its type."""
        return msgspec.convert(self.data, _SUBJECTS[self.type.partition(".")[0]])
