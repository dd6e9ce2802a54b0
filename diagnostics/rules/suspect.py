"""A failing pod as the rules see it: spec and status joined by container, its events, logs and workload at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.subject import TEMPLATE_PATHS, Subject
from diagnostics.snapshot.cluster import ContainerLog, Snapshot
from diagnostics.snapshot.objects import Event, Node
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Container, ContainerStatus, Pod, Terminated, Waiting
from diagnostics.snapshot.surroundings import Surroundings

NO_LOG = ContainerLog(missing="not read")


@dataclass(frozen=True, eq=False)
class ContainerView:
    """One container of a suspect: what was asked for (`spec`) and what became of it (`status`)."""

    suspect: Suspect
    spec: Container
    status: ContainerStatus
    init: bool

    @property
    def name(self) -> str:
        """The container's name, unique in its pod."""
        return self.spec.name

    @property
    def waiting(self) -> Waiting | None:
        """`state.waiting`, if it waits now."""
        return self.status.state.waiting

    @property
    def waiting_reason(self) -> str:
        """`state.waiting.reason`, or nothing."""
        return self.waiting.reason if self.waiting else ""

    @property
    def last_end(self) -> Terminated | None:
        """How its latest finished run ended: `state.terminated`, else `lastState.terminated`."""
        return self.status.state.terminated or self.status.last_state.terminated

    @property
    def last_end_path(self) -> str:
        """The JSON path of `last_end`."""
        return self.path("state.terminated" if self.status.state.terminated else "lastState.terminated")

    @property
    def blocks_main(self) -> bool:
        """Whether the main containers wait for it: an init container that has not done its part."""
        ended = self.status.state.terminated
        done = (self.spec.restartable and self.status.started) or (ended is not None and ended.exit_code == 0)
        return self.init and not done

    @property
    def log(self) -> ContainerLog:
        """The tail of its log, or why there is none."""
        return self.suspect.snapshot.logs.get((self.suspect.pod.metadata.uid, self.name), NO_LOG)

    def path(self, field: str) -> str:
        """The JSON path of a field of its status."""
        statuses = "initContainerStatuses" if self.init else "containerStatuses"
        return f"status.{statuses}[{self.name}].{field}"

    def spec_path(self, field: str = "") -> str:
        """The JSON path of a field of its spec in the workload's template, or of the container itself."""
        containers = "initContainers" if self.init else "containers"
        template = TEMPLATE_PATHS.get(self.suspect.workload.kind, "")
        return ".".join(part for part in (template, f"{containers}[{self.name}]", field) if part)

    def template(self, field: str = "") -> Offender:
        """The container in the workload's template as an offender: `image`."""
        return replace(self.suspect.template(), path=self.spec_path(field))

    def quote(self, field: str, value: Any, at: datetime | None = None) -> Evidence:
        """Evidence from its status: `quote("state.waiting.reason", "ErrImagePull")`."""
        return self.suspect.quote(self.path(field), value, at)

    def quote_spec(self, field: str, value: Any) -> Evidence:
        """Evidence from its spec in the pod: `quote_spec("image", "shop/cart:1.4")`."""
        containers = "initContainers" if self.init else "containers"
        return self.suspect.quote(f"spec.{containers}[{self.name}].{field}", value)

    def events(self, *reasons: str) -> list[Event]:
        """The pod's events about this container (by `fieldPath`), newest first."""
        kind = "initContainers" if self.init else "containers"
        field_path = f"spec.{kind}{{{self.name}}}"
        return [event for event in self.suspect.events(*reasons) if event.involved_object.field_path == field_path]

    def finding(
        self,
        rule: Rule,
        confidence: Confidence,
        *evidence: Evidence,
        field: str = "image",
        offender: Offender | None = None,
        **rest: Any,
    ) -> Finding:
        """A finding about this container; `rest` is whatever else `Subject.finding` takes.

        Its offender is `field` of the container in the workload's template unless one is given.
        """
        rest = {"image": self.spec.image, **rest}
        found = self.suspect.finding(rule, confidence, *evidence, offender=offender or self.template(field), **rest)
        return replace(found, container=self.name)


class Suspect(Subject):
    """A pod that is not healthy, or not settled yet, with everything that was read about it."""

    def __init__(self, snapshot: Snapshot, pod: Pod, workload: WorkloadRef, around: Surroundings | None = None) -> None:
        super().__init__(snapshot, "Pod", pod.metadata, workload)
        self.pod = pod
        self.around = around or Surroundings(snapshot)

    @property
    def began(self) -> datetime | None:
        """When the kubelet took the pod up, or when it was created."""
        return self.pod.status.start_time or self.metadata.creation_timestamp

    @property
    def waited_for(self) -> frozenset[str]:
        """The init containers that have not done their part."""
        return frozenset(container.name for container in self.containers if container.blocks_main)

    @cached_property
    def node(self) -> Node | None:
        """The node that it is bound to, if that was read."""
        return self.snapshot.nodes.get(self.pod.spec.node_name)

    @cached_property
    def containers(self) -> tuple[ContainerView, ...]:
        """Init containers, then main containers, as in the spec. Ephemeral (debug) containers are never judged."""
        return (
            *self._views(self.pod.spec.init_containers, self.pod.status.init_container_statuses, init=True),
            *self._views(self.pod.spec.containers, self.pod.status.container_statuses, init=False),
        )

    def _views(
        self, specs: tuple[Container, ...], statuses: tuple[ContainerStatus, ...], *, init: bool
    ) -> Iterator[ContainerView]:
        by_name = {status.name: status for status in statuses}
        for spec in specs:
            yield ContainerView(self, spec, by_name.get(spec.name) or ContainerStatus(name=spec.name), init)

    def events(self, *reasons: str) -> list[Event]:
        """The pod's own events, newest first; only those reasons, if any are named.

        The kubelet names a static pod by the hash of its manifest, which its mirror in the API carries as annotation.
        """
        metadata = self.pod.metadata
        own = self.snapshot.events_of(metadata.uid, *reasons)
        other = metadata.event_uid
        return own if other == metadata.uid else own + self.snapshot.events_of(other, *reasons)

    def node_events(self, *reasons: str) -> list[Event]:
        """Events about the pod's node, newest first. Kubelets give their node's name as uid."""
        name, events = self.pod.spec.node_name, self.snapshot.events
        uids = {name, *((self.node.metadata.uid,) if self.node else ())}
        found = [
            event
            for uid in sorted(uids)
            for event in events.get(uid, ())
            if event.involved_object.kind == "Node" and event.involved_object.name == name and event.reason in reasons
        ]
        return sorted(found, key=lambda event: event.at or self.now, reverse=True)

    @cached_property
    def words(self) -> dict[str, Any]:
        """What every text template may name without the finding's help."""
        return {**super().words, "pod": self.metadata.name, "node": self.pod.spec.node_name or "none"}
