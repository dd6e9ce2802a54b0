"""Everything that is read besides pods: events, nodes, workloads, claims, names.

Source: the Kubernetes API reference; group and version of each kind are in `diagnostics.kube.resources`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from diagnostics.snapshot.meta import (
    Condition,
    LeanMetadata,
    ManagedMetadata,
    Metadata,
    Object,
    Reference,
    Time,
    condition,
)
from diagnostics.snapshot.placement import LabelSelector
from diagnostics.snapshot.pods import PodSpec, Resources


class EventSeries(Object, frozen=True):
    """`series` of an event, set by the scheduler and other users of events.k8s.io."""

    count: int = 0
    last_observed_time: Time | None = None


class EventSource(Object, frozen=True):
    """`source` of an event."""

    component: str = ""
    host: str = ""


AGGREGATED = "(combined from similar events): "


class Event(Object, frozen=True):
    """A core/v1 event. Normal-typed events may carry a cause: never filter by `type`."""

    metadata: LeanMetadata = LeanMetadata()
    involved_object: Reference = Reference()
    reason: str = ""
    message: str = ""
    type: str = ""
    source: EventSource = EventSource()
    reporting_component: str = ""
    count: int | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    event_time: Time | None = None
    series: EventSeries | None = None

    @property
    def at(self) -> datetime | None:
        """When it was last seen: the first of the five times that is set (catalogue: event time)."""
        last = self.series.last_observed_time if self.series else None
        return (
            last or self.last_timestamp or self.event_time or self.first_timestamp or self.metadata.creation_timestamp
        )

    @property
    def since(self) -> datetime | None:
        """When it was first seen."""
        return self.first_timestamp or self.event_time or self.metadata.creation_timestamp

    @property
    def times(self) -> int:
        """How often it was seen, at least once."""
        return max(self.count or 0, self.series.count if self.series else 0, 1)

    @property
    def text(self) -> str:
        """The message without the prefix that client-go puts before aggregated events."""
        return self.message.removeprefix(AGGREGATED)


class Taint(Object, frozen=True):
    """`spec.taints[]` of a node."""

    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: Time | None = None

    def __str__(self) -> str:
        """As kubectl writes it: `key=value:Effect`."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class NodeSpec(Object, frozen=True):
    """`spec` of a node."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeInfo(Object, frozen=True):
    """`status.nodeInfo`."""

    architecture: str = ""
    operating_system: str = ""
    kubelet_version: str = ""
    container_runtime_version: str = ""


class NodeStatus(Object, frozen=True):
    """`status` of a node."""

    allocatable: Resources = {}
    capacity: Resources = {}
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()

    def condition(self, type_: str) -> Condition | None:
        """The node's condition of that type, if it has one."""
        return condition(self.conditions, type_)


class Node(Object, frozen=True):
    """A node."""

    metadata: Metadata = Metadata()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """Whether its Ready condition is "True"."""
        found = self.status.condition("Ready")
        return found is not None and found.true


class PodTemplate(Object, frozen=True):
    """`spec.template` of a workload."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class UpdateStrategy(Object, frozen=True):
    """`spec.updateStrategy` of a StatefulSet or DaemonSet."""

    type: str = ""


class WorkloadSpec(Object, frozen=True):
    """`spec` of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job: the fields they share, and their own."""

    replicas: int | None = None
    paused: bool = False
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    progress_deadline_seconds: int | None = None  # Deployment
    # StatefulSet and DaemonSet
    update_strategy: UpdateStrategy = UpdateStrategy()
    pod_management_policy: str = ""
    service_name: str = ""  # StatefulSet
    # Job
    backoff_limit: int | None = None
    completions: int | None = None
    parallelism: int | None = None
    suspend: bool | None = None
    active_deadline_seconds: int | None = None


class WorkloadStatus(Object, frozen=True):
    """`status` of the same kinds."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    updated_replicas: int = 0
    unavailable_replicas: int = 0
    # DaemonSet
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0
    number_misscheduled: int = 0
    updated_number_scheduled: int = 0
    # StatefulSet
    current_revision: str = ""
    update_revision: str = ""
    # Job
    active: int = 0
    failed: int = 0
    succeeded: int = 0
    start_time: Time | None = None
    completion_time: Time | None = None
    failed_indexes: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def pods(self) -> int:
        """How many pods it has: `replicas`, or the nodes that run a DaemonSet's; nothing for a Job."""
        return self.replicas or self.current_number_scheduled

    @property
    def ready_pods(self) -> int:
        """How many of them are ready."""
        return self.ready_replicas or self.number_ready

    def condition(self, type_: str) -> Condition | None:
        """The workload's condition of that type, if it has one."""
        return condition(self.conditions, type_)


class Workload(Object, frozen=True):
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet or Job. Items of a list carry no `kind`; the reader knows it."""

    metadata: ManagedMetadata = ManagedMetadata()
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def desired(self) -> int:
        """How many pods it should have: `spec.replicas`, or a DaemonSet's desired number."""
        if self.spec.replicas is not None:
            return self.spec.replicas
        return self.status.desired_number_scheduled or self.spec.parallelism or 0


class CronJobSpec(Object, frozen=True):
    """`spec` of a CronJob."""

    schedule: str = ""
    time_zone: str = ""
    suspend: bool | None = None
    concurrency_policy: str = ""
    failed_jobs_history_limit: int | None = None


class CronJobStatus(Object, frozen=True):
    """`status` of a CronJob."""

    active: tuple[Reference, ...] = ()
    last_schedule_time: Time | None = None
    last_successful_time: Time | None = None


class CronJob(Object, frozen=True):
    """A CronJob."""

    metadata: ManagedMetadata = ManagedMetadata()
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


class ClaimSpec(Object, frozen=True):
    """`spec` of a PersistentVolumeClaim; a null class means "the default one", an empty one "none"."""

    storage_class_name: str | None = None
    volume_name: str = ""
    access_modes: tuple[str, ...] = ()


class ClaimStatus(Object, frozen=True):
    """`status` of a PersistentVolumeClaim."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()


class Claim(Object, frozen=True):
    """A PersistentVolumeClaim."""

    metadata: Metadata = Metadata()
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()

    @property
    def bound(self) -> bool:
        """Whether it has its volume."""
        return self.status.phase == "Bound"

    @property
    def lost(self) -> bool:
        """Whether the volume that it was bound to is gone."""
        return self.status.phase == "Lost"

    @property
    def single_pod(self) -> bool:
        """Whether only one pod at a time may use it (ReadWriteOncePod)."""
        return "ReadWriteOncePod" in self.spec.access_modes


class StorageClass(Object, frozen=True):
    """A StorageClass."""

    metadata: Metadata = Metadata()
    provisioner: str = ""
    volume_binding_mode: str = ""

    @property
    def default(self) -> bool:
        """Whether claims without a class get this one."""
        return self.metadata.annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


class Named(Object, frozen=True):
    """Any object of which only the name is read (PartialObjectMetadata)."""

    metadata: Metadata = Metadata()


class Keyed(Object, frozen=True):
    """A ConfigMap of which the keys are read; the values are skipped while decoding and never kept."""

    metadata: Metadata = Metadata()
    data: dict[str, msgspec.Raw] = {}
    binary_data: dict[str, msgspec.Raw] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of its entries, sorted."""
        return tuple(sorted({*self.data, *self.binary_data}))


class ListMeta(Object, frozen=True):
    """`metadata` of a list: where to go on and from where to watch."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class RawList(Object, frozen=True):
    """A page of any list: the items stay bytes, so that one malformed object never costs the page."""

    kind: str = ""
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


class RawWatchEvent(Object, frozen=True):
    """A line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, with the object as bytes."""

    type: str
    object: msgspec.Raw


class StatusDetails(Object, frozen=True):
    """`details` of a Status."""

    kind: str = ""
    group: str = ""
    name: str = ""
    retry_after_seconds: int = 0
