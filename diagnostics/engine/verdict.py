"""What the engine says of a cluster: verdicts, in the shape of the public contract (`sickbay/scan.v1`).

A verdict is a would-be diagnosis; `operations.record` turns it into a row, `scan` prints it as it is. Every struct
here encodes to the contract's JSON with `msgspec.json.encode` and `to_builtins`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Part(msgspec.Struct, frozen=True):
    """Base of the contract's objects: snake case on the wire, null for what does not apply."""


class WorkloadPart(Part, frozen=True):
    """`workload`."""

    kind: str
    name: str


class AffectedPod(Part, frozen=True):
    """`pods[]`: `status` is kubectl's STATUS column."""

    name: str
    uid: str
    status: str
    node: str | None = None


class OffenderPart(Part, frozen=True):
    """`offender`: the object, and the field in it, that has to change."""

    kind: str
    namespace: str | None
    name: str
    path: str | None


class Remedy(Part, frozen=True):
    """`remedy`: what to do in words, the commands that do it, and those that show whether it helped."""

    text: str
    commands: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()


class EvidencePart(Part, frozen=True):
    """`evidence[]`, strongest first."""

    source: str
    object: str
    path: str
    value: str
    at: datetime | None = None


class Change(Part, frozen=True):
    """`changed[]`: one field that a rollout changed shortly before the failure."""

    path: str
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    at: datetime | None = None
    by: str | None = None


class DeliveredBy(Part, frozen=True):
    """`delivered_by`: the tool that owns the workload, by its labels and annotations."""

    tool: str
    name: str
    namespace: str | None = None


class Symptom(Part, frozen=True):
    """`symptoms[]`: what this root explains; `namespace` is the workload's."""

    code: str
    workload: WorkloadPart
    summary: str
    namespace: str | None = None


class Verdict(Part, frozen=True, kw_only=True):
    """One cause: `diagnoses[]` of the scan, and the body of a stored diagnosis.

    `fingerprint` identifies the cause across pods, revisions and time. `visible_at` and `notify_at` are when its
    grace periods end, counted from the fault's own API timestamps.
    """

    code: str
    severity: str
    confidence: str
    namespace: str | None
    workload: WorkloadPart
    pods: tuple[AffectedPod, ...]
    pods_affected: int
    pods_total: int
    container: str | None
    summary: str
    cause: str
    offender: OffenderPart
    remedy: Remedy
    evidence: tuple[EvidencePart, ...]
    ruled_out: tuple[str, ...] = ()
    first_seen: datetime
    last_seen: datetime
    restarts: int = 0
    changed: tuple[Change, ...] = ()
    delivered_by: DeliveredBy | None = None
    symptoms: tuple[Symptom, ...] = ()
    fingerprint: str
    visible_at: datetime
    notify_at: datetime


class Crashed(Part, frozen=True):
    """A check that raised on a suspect: recorded and shown, never mistaken for health."""

    check: str
    object: str
    error: str


class Skipped(Part, frozen=True):
    """A check that could not run because something could not be read."""

    check: str
    needs: str
    pods: int


class Judgement(Part, frozen=True):
    """Everything that judging a snapshot yields: verdicts, worst first, and what could not be judged.

    `verdicts` holds the ones whose grace has not elapsed too; `Verdict.visible_at` tells. `sharable` names, by
    namespace, what was found that may have a cause which other namespaces share ("Registry/docker.io"), or that is
    needed there ("StatefulSet/data/db").
    """

    verdicts: tuple[Verdict, ...] = ()
    crashed: tuple[Crashed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    sharable: frozenset[tuple[str, str]] = frozenset()
