"""A cluster at one moment, as far as it was read: what the rules judge.

Whoever reads (a sweep, a follow slice, `scan`, a test) fills one; the rules only look. What could not be read is
listed in `unavailable`, so that "nothing found" and "could not look" stay different answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from diagnostics.snapshot.admission import ApiService, LimitRange, Namespace, ResourceQuota, WebhookConfiguration
from diagnostics.snapshot.meta import Object, OwnerReference
from diagnostics.snapshot.objects import Claim, CronJob, Event, Keyed, Named, Node, StorageClass, Workload
from diagnostics.snapshot.owners import Key, Owners, WorkloadRef
from diagnostics.snapshot.placed import Placed
from diagnostics.snapshot.pods import LeanPod, Pod
from diagnostics.snapshot.requests import add
from diagnostics.snapshot.traffic import Autoscaler, Budget, EndpointSlice, Ingress, NetworkPolicy, Service


class Unavailable(Object, frozen=True):
    """Something that could not be read, and the grant that would mend it (contracts.md, `unavailable`)."""

    resource: str
    namespace: str | None = None
    error: str = "forbidden"
    grant: str = ""


class Malformed(Object, frozen=True):
    """An object that could not be decoded and was therefore not judged; its name, if that at least could be read."""

    resource: str
    namespace: str | None = None
    name: str = ""
    error: str = ""


class ContainerLog(Object, frozen=True):
    """The redacted tail of a container's log, oldest line first; or why there is none."""

    lines: tuple[str, ...] = ()
    previous: bool = False
    missing: str = ""


@dataclass(slots=True)
class Tally:
    """How many pods a controller has, how many of them are ready, and which images they run.

    `images` has, by container and image name, each image's id with a node that runs it.
    """

    total: int = 0
    ready: int = 0
    images: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def note_images(self, pod: LeanPod) -> None:
        """Remembers what the pod's containers run."""
        for status in pod.status.container_statuses:
            if status.image_id:
                found = self.images.setdefault((status.name, status.image), {})
                found.setdefault(status.image_id, pod.spec.node_name)


@dataclass(slots=True)
class Booking:
    """What the pods of one node request of it, in base units, and how many they are."""

    requests: dict[str, Decimal] = field(default_factory=dict)
    pods: int = 0


@dataclass(slots=True)
class Snapshot:
    """Everything that was read of one cluster. Keys are (namespace, name) unless said otherwise."""

    cluster: str
    now: datetime  # The API server's clock (its `Date` header), never ours.
    context: str = ""  # The kubeconfig's context, for commands to copy; blank in-cluster.
    server_version: str = ""  # The API server's, "v1.36.2"; blank where it did not tell.
    scope: frozenset[str] | None = (
        None  # The namespaces whose objects are judged; the others are there to be looked up.
    )
    suspects: list[Pod] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)  # by name
    events: dict[str, list[Event]] = field(default_factory=dict)  # by the involved object's uid
    deployments: dict[Key, Workload] = field(default_factory=dict)
    statefulsets: dict[Key, Workload] = field(default_factory=dict)
    daemonsets: dict[Key, Workload] = field(default_factory=dict)
    replicasets: dict[Key, Workload] = field(default_factory=dict)
    jobs: dict[Key, Workload] = field(default_factory=dict)
    cronjobs: dict[Key, CronJob] = field(default_factory=dict)
    claims: dict[Key, Claim] = field(default_factory=dict)
    storage_classes: dict[str, StorageClass] = field(default_factory=dict)  # by name
    config_maps: dict[Key, Keyed] = field(default_factory=dict)
    namespaces: dict[str, Namespace] = field(default_factory=dict)  # by name
    quotas: dict[Key, ResourceQuota] = field(default_factory=dict)
    limit_ranges: dict[Key, LimitRange] = field(default_factory=dict)
    service_accounts: dict[Key, Named] = field(default_factory=dict)
    services: dict[Key, Service] = field(default_factory=dict)
    endpoint_slices: dict[Key, EndpointSlice] = field(default_factory=dict)
    ingresses: dict[Key, Ingress] = field(default_factory=dict)
    network_policies: dict[Key, NetworkPolicy] = field(default_factory=dict)
    autoscalers: dict[Key, Autoscaler] = field(default_factory=dict)
    budgets: dict[Key, Budget] = field(default_factory=dict)
    priority_classes: dict[str, Named] = field(default_factory=dict)  # by name
    runtime_classes: dict[str, Named] = field(default_factory=dict)  # by name
    validating_webhooks: dict[str, WebhookConfiguration] = field(default_factory=dict)  # by name
    mutating_webhooks: dict[str, WebhookConfiguration] = field(default_factory=dict)  # by name
    api_services: dict[str, ApiService] = field(default_factory=dict)  # by name
    logs: dict[tuple[str, str], ContainerLog] = field(default_factory=dict)  # by (pod uid, container)
    tallies: dict[tuple[str, OwnerReference], Tally] = field(default_factory=dict)  # by namespace and controller
    bookings: dict[str, Booking] = field(default_factory=dict)  # by node name, every pod counted
    placed: Placed = field(default_factory=Placed)  # who runs where, and who holds what, every pod counted
    bookings_complete: bool = True  # Whether the pods of all namespaces were counted; else nodes are fuller than said.
    counted_before: bool = False  # Whether they were counted by the last sweep, not just now.
    counted_namespaces: frozenset[str] = frozenset()  # where they were, should only those of some have been counted
    read: set[str] = field(default_factory=set)  # resources that were read at all, as in "configmaps"
    # When each list was last read, by resource, and namespace or None for all; what is watched since is newer.
    read_at: dict[tuple[str, str | None], datetime] = field(default_factory=dict)
    unavailable: list[Unavailable] = field(default_factory=list)
    pods_seen: int = 0
    malformed_objects: list[Malformed] = field(default_factory=list)

    def judges(self, namespace: str) -> bool:
        """Whether objects of that namespace are judged; those that have none always are."""
        return self.scope is None or not namespace or namespace in self.scope

    def workload(self, ref: WorkloadRef) -> Workload | None:
        """The object of a workload, where its kind is one that is read."""
        by_kind = {
            "Deployment": self.deployments,
            "StatefulSet": self.statefulsets,
            "DaemonSet": self.daemonsets,
            "ReplicaSet": self.replicasets,
            "Job": self.jobs,
        }
        return by_kind.get(ref.kind, {}).get((ref.namespace, ref.name))

    @property
    def malformed(self) -> int:
        """How many objects could not be decoded."""
        return len(self.malformed_objects)

    def tallies_by_workload(self) -> dict[WorkloadRef, Tally]:
        """How many pods each workload has, and how many of them are ready.

        A workload's own status counts them all; the pods counted here stand in for kinds that are not read. (Who
        follows a cluster has only its suspects at hand, not the healthy pods beside them.)
        """
        owners, sums = self.owners, dict[WorkloadRef, Tally]()
        for (namespace, controller), tally in self.tallies.items():
            total = sums.setdefault(owners.of_controller(controller, namespace), Tally())
            total.total += tally.total
            total.ready += tally.ready
        for ref in sums:
            known = self.workload(ref)
            if known is not None and known.status.pods:
                sums[ref] = Tally(known.status.pods, known.status.ready_pods)
        return sums

    @property
    def owners(self) -> Owners:
        """A resolver over the workloads that were read."""
        return Owners(
            self.deployments,
            {key: replicaset.metadata for key, replicaset in self.replicasets.items()},
            {key: job.metadata for key, job in self.jobs.items()},
        )

    def events_of(self, uid: str, *reasons: str) -> list[Event]:
        """The events about one object, newest first; only those reasons, if any are named."""
        found = [event for event in self.events.get(uid, ()) if not reasons or event.reason in reasons]
        return sorted(found, key=lambda event: event.at or self.now, reverse=True)

    def add_events(self, events: Iterable[Event]) -> None:
        """Files events under the object they are about; a node's without a uid, as kubelets write them, by its name."""
        for event in events:
            about = event.involved_object
            key = about.name if about.kind == "Node" and not about.uid else about.uid
            self.events.setdefault(key, []).append(event)

    def count(self, pod: LeanPod) -> None:
        """Counts a pod, healthy or not, into the tally of its controller and what is taken on its node."""
        self.pods_seen += 1
        terminal = pod.status.phase in ("Succeeded", "Failed")
        controller = pod.metadata.controller
        if controller is not None and not terminal and pod.metadata.deletion_timestamp is None:
            tally = self.tallies.setdefault((pod.metadata.namespace, controller), Tally())
            tally.total += 1
            ready = pod.status.condition("Ready")
            tally.ready += ready is not None and ready.true
            tally.note_images(pod)
        if pod.spec.node_name and not terminal:
            booking = self.bookings.setdefault(pod.spec.node_name, Booking())
            booking.pods += 1
            add(booking.requests, self.placed.add(pod).requests)
