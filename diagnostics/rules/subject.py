"""What a check looks at: one object of the cluster, with its events and what could not be read around it.

A pod is a `Suspect` (see `suspect`); every other object is an `ObjectView`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Shared
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import Metadata
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.surroundings import Surroundings

if TYPE_CHECKING:
    from diagnostics.rules.suspect import Suspect

Item = TypeVar("Item")

# Where the pod template stands in an object of each kind; other kinds' templates are not ours to know.
TEMPLATE_PATHS = {
    "Pod": "spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), "spec.template.spec"),
}


class Subject:
    """An object with everything that was read about it. `workload` is what a diagnosis of it is filed under."""

    def __init__(self, snapshot: Snapshot, kind: str, metadata: Metadata, workload: WorkloadRef) -> None:
        self.snapshot = snapshot
        self.kind = kind
        self.metadata = metadata
        self.workload = workload

    @property
    def now(self) -> datetime:
        """The API server's time of the reading."""
        return self.snapshot.now

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for what has none, such as a node."""
        return self.metadata.namespace

    @property
    def object(self) -> str:
        """The object as evidence names it: `Pod/cart-6d9f-abcde`."""
        return f"{self.kind}/{self.metadata.name}"

    @property
    def began(self) -> datetime | None:
        """When the object came to be: the latest moment at which a fault without a time of its own can have begun."""
        return self.metadata.creation_timestamp

    @property
    def staged(self) -> bool:
        """Whether its faults come in stages, an earlier one the cause of a later: not so for a node's, or for a route's."""
        return self.kind not in ("Node", "Service", "Ingress")

    @property
    def waited_for(self) -> frozenset[str]:
        """The containers that the others of a pod wait for; none where there are no containers."""
        return frozenset()

    def events(self, *reasons: str) -> list[Event]:
        """The object's own events, newest first; only those reasons, if any are named."""
        return self.snapshot.events_of(self.metadata.uid, *reasons)

    def unread(self, resource: str) -> bool:
        """Whether a resource could not be read (forbidden, failed) where this object lives."""
        return any(
            gap.resource == resource and gap.namespace in (None, self.namespace) for gap in self.snapshot.unavailable
        )

    def read_at(self, resource: str) -> datetime:
        """When that list was last read where this object lives: a while ago, if it is kept for later looks."""
        times = (self.snapshot.read_at.get((resource, place)) for place in (None, self.namespace))
        return max((time for time in times if time is not None), default=self.now)

    def age(self, moment: datetime | None) -> timedelta:
        """How long ago that was; nothing for a time that is unknown or, by a skewed clock, in the future."""
        return max(self.now - moment, timedelta()) if moment else timedelta()

    def quote(self, path: str, value: Any, at: datetime | None = None) -> Evidence:
        """Evidence from the object itself."""
        return Evidence(self.kind.lower(), self.object, path, str(value), at)

    def quote_event(self, event: Event) -> Evidence:
        """Evidence from an event: its reason and message, as the cluster wrote them."""
        value = f"{event.reason}: {event.text.strip()}" + (f" (x{event.times})" if event.times > 1 else "")
        about = f"{event.involved_object.kind}/{event.involved_object.name}"
        return Evidence("event", about, "message", value, event.at)

    def finding(  # noqa: PLR0913 - one keyword a field of Finding
        self,
        rule: Rule,
        confidence: Confidence,
        *evidence: Evidence,
        field: str = "",
        offender: Offender | None = None,
        since: datetime | None = None,
        signature: str = "",
        ruled_out: tuple[str, ...] = (),
        shortfall: tuple[int, int] | None = None,
        shared: Shared | None = None,
        **params: Any,
    ) -> Finding:
        """A finding about the object as a whole; its offender is `field` of the workload's pod spec unless given."""
        return Finding(
            rule=rule,
            confidence=confidence,
            evidence=evidence,
            offender=offender or self.template(field),
            params=params,
            since=since,
            signature=signature,
            ruled_out=ruled_out,
            shortfall=shortfall,
            shared=shared,
        )

    def template(self, field: str = "") -> Offender:
        """The workload as an offender: `field` of its template's pod spec, `imagePullSecrets`."""
        path = ".".join(part for part in (TEMPLATE_PATHS.get(self.workload.kind, ""), field) if part)
        return Offender(self.workload.kind, self.workload.name, self.workload.namespace or None, path or None)

    @cached_property
    def words(self) -> dict[str, Any]:
        """What every text template may name without the finding's help."""
        return {
            "namespace": self.namespace,
            "kind": self.kind,
            "name": self.metadata.name,
            "workload": self.workload.slug,
            "workload_kind": self.workload.kind,
            "workload_name": self.workload.name,
        }


class ObjectView(Subject, Generic[Item]):
    """Any object but a pod: a workload, a node, a claim. `item` is its struct.

    `pods` are the suspects that belong to it: on a node, of a workload or of the Job or ReplicaSet below it, behind a
    Service. `around` is the same for all objects of one judging.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        kind: str,
        item: Item,
        workload: WorkloadRef,
        pods: Sequence[Suspect] = (),
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(snapshot, kind, item.metadata, workload)  # type: ignore[attr-defined]  # Every object has it.
        self.item = item
        self.pods = tuple(pods)
        self.around = around or Surroundings(snapshot)
