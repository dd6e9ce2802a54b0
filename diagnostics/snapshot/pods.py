"""Pods, in two depths: `LeanPod` for the triage of every pod, `Pod` for suspects.

A lean pod holds what kubectl's columns, the owner and what it takes from other pods need; a full one adds what rules
quote.
Source: the Kubernetes API reference, "Pod v1 core".
"""

from __future__ import annotations

import msgspec

from diagnostics.snapshot.meta import Condition, LeanMetadata, Metadata, Object, Time, condition
from diagnostics.snapshot.placement import (
    Affinity,
    ContainerPort,
    HostPort,
    LeanAffinity,
    Toleration,
    TopologySpreadConstraint,
)

# Resource name to quantity ("500m", "64Mi"); `quantities.parse` reads one.
Resources = dict[str, str | int | float]


class Terminated(Object, frozen=True):
    """`state.terminated`: how a run of the container ended."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: Time | None = None
    finished_at: Time | None = None


class Waiting(Object, frozen=True):
    """`state.waiting`: why the container does not run yet."""

    reason: str = ""
    message: str = ""


class Running(Object, frozen=True):
    """`state.running`."""

    started_at: Time | None = None


class ContainerState(Object, frozen=True):
    """`state` or `lastState`: at most one of the three is set."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Object, frozen=True):
    """`status.containerStatuses[]` and `status.initContainerStatuses[]`."""

    name: str
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Object, frozen=True):
    """`status` of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: Time | None = None
    nominated_node_name: str = ""
    host_ip: str = msgspec.field(default="", name="hostIP")
    pod_ip: str = msgspec.field(default="", name="podIP")
    qos_class: str = ""
    resize: str = ""  # Kubernetes 1.27 to 1.32; since then the conditions PodResizePending and PodResizeInProgress.
    conditions: tuple[Condition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """The pod's condition of that type, if it has one."""
        return condition(self.conditions, type_)


class ResourceRequirements(Object, frozen=True):
    """`resources` of a container or of a pod (`spec.resources`)."""

    requests: Resources = {}
    limits: Resources = {}


class LeanContainer(Object, frozen=True):
    """A container as triage and scheduling arithmetic see it."""

    name: str
    restart_policy: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    ports: tuple[HostPort, ...] = ()

    @property
    def restartable(self) -> bool:
        """Whether, as an init container, it is a native sidecar (`restartPolicy: Always`)."""
        return self.restart_policy == "Always"


class ReadinessGate(Object, frozen=True):
    """`spec.readinessGates[]`."""

    condition_type: str = ""


class ClaimVolume(Object, frozen=True):
    """`persistentVolumeClaim` of a volume."""

    claim_name: str = ""


class Disk(Object, frozen=True):
    """A disk that a volume names itself: in Compute Engine, of EBS, on iSCSI or in Ceph, each by its own field."""

    pd_name: str = ""
    volume_id: str = msgspec.field(default="", name="volumeID")
    iqn: str = ""
    pool: str = ""
    image: str = ""
    read_only: bool = False

    def __str__(self) -> str:
        """Its name, which tells it from every other."""
        return self.pd_name or self.volume_id or self.iqn or f"{self.pool}/{self.image}"


class LeanVolume(Object, frozen=True):
    """The sources of a volume that not every pod may share."""

    persistent_volume_claim: ClaimVolume | None = None
    gce_persistent_disk: Disk | None = None
    aws_elastic_block_store: Disk | None = None
    iscsi: Disk | None = None
    rbd: Disk | None = None

    @property
    def disk(self) -> Disk | None:
        """The disk that it names, if it does."""
        return self.gce_persistent_disk or self.aws_elastic_block_store or self.iscsi or self.rbd


class LeanPodSpec(Object, frozen=True):
    """The part of `spec` that triage reads."""

    node_name: str = ""
    restart_policy: str = "Always"
    init_containers: tuple[LeanContainer, ...] = ()
    containers: tuple[LeanContainer, ...] = ()
    overhead: Resources = {}
    resources: ResourceRequirements = ResourceRequirements()
    readiness_gates: tuple[ReadinessGate, ...] = ()
    affinity: LeanAffinity = LeanAffinity()
    volumes: tuple[LeanVolume, ...] = ()


class LeanPod(Object, frozen=True):
    """What is kept of every pod while a page of the list is read."""

    metadata: LeanMetadata = LeanMetadata()
    spec: LeanPodSpec = LeanPodSpec()
    status: PodStatus = PodStatus()


class NameReference(Object, frozen=True):
    """A reference by name in the same namespace (ConfigMap, Secret), possibly optional."""

    name: str = ""
    optional: bool | None = None


class KeyReference(Object, frozen=True):
    """`valueFrom.configMapKeyRef` or `.secretKeyRef`."""

    name: str = ""
    key: str = ""
    optional: bool | None = None


class EnvSource(Object, frozen=True):
    """`env[].valueFrom`."""

    config_map_key_ref: KeyReference | None = None
    secret_key_ref: KeyReference | None = None


class EnvVar(Object, frozen=True):
    """`env[]`. The literal value is deliberately not declared: it may be a credential and no rule needs it."""

    name: str
    value_from: EnvSource | None = None


class EnvFrom(Object, frozen=True):
    """`envFrom[]`."""

    config_map_ref: NameReference | None = None
    secret_ref: NameReference | None = None


class HttpGet(Object, frozen=True):
    """`httpGet` of a probe; the port may be a port's name."""

    path: str = "/"
    port: int | str = 0
    scheme: str = "HTTP"
    host: str = ""


class TcpSocket(Object, frozen=True):
    """`tcpSocket` of a probe."""

    port: int | str = 0


class Grpc(Object, frozen=True):
    """`grpc` of a probe."""

    port: int = 0
    service: str | None = None


class Exec(Object, frozen=True):
    """`exec` of a probe or hook."""

    command: tuple[str, ...] = ()


class Probe(Object, frozen=True):
    """A liveness, readiness or startup probe, with the API server's defaults."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    grpc: Grpc | None = None
    exec: Exec | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    failure_threshold: int = 3

    @property
    def budget_seconds(self) -> int:
        """Seconds from the container's start after which a probe that never succeeds has used up its failures."""
        return self.initial_delay_seconds + self.period_seconds * self.failure_threshold


class VolumeMount(Object, frozen=True):
    """`volumeMounts[]`."""

    name: str = ""
    mount_path: str = ""
    sub_path: str = ""
    read_only: bool | None = None


class SecurityContext(Object, frozen=True):
    """`securityContext` of a container or pod, as far as failures depend on it."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    fs_group: int | None = None
    privileged: bool | None = None


class Container(LeanContainer, frozen=True):
    """A container in full."""

    image: str = ""
    image_pull_policy: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFrom, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    security_context: SecurityContext = SecurityContext()


class EphemeralVolume(Object, frozen=True):
    """`ephemeral` of a volume: a claim of the pod's own, named after the pod and the volume."""


class SecretVolume(Object, frozen=True):
    """`secret` of a volume."""

    secret_name: str = ""
    optional: bool | None = None


class ProjectedSource(Object, frozen=True):
    """`projected.sources[]` of a volume."""

    config_map: NameReference | None = None
    secret: NameReference | None = None


class ProjectedVolume(Object, frozen=True):
    """`projected` of a volume."""

    sources: tuple[ProjectedSource, ...] = ()


class NfsVolume(Object, frozen=True):
    """`nfs` of a volume."""

    server: str = ""


class Volume(LeanVolume, frozen=True, kw_only=True):
    """`spec.volumes[]`, the sources that rules name."""

    name: str
    ephemeral: EphemeralVolume | None = None
    config_map: NameReference | None = None
    secret: SecretVolume | None = None
    projected: ProjectedVolume | None = None
    nfs: NfsVolume | None = None


class SchedulingGate(Object, frozen=True):
    """`spec.schedulingGates[]`."""

    name: str = ""


class PodResourceClaim(Object, frozen=True):
    """`spec.resourceClaims[]` (dynamic resource allocation): a claim by name, or made from a template."""

    name: str = ""
    resource_claim_name: str = ""
    resource_claim_template_name: str = ""


class PodSpec(LeanPodSpec, frozen=True):
    """`spec` in full: what a rule may quote or compute with."""

    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    affinity: Affinity = Affinity()
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    scheduling_gates: tuple[SchedulingGate, ...] = ()
    resource_claims: tuple[PodResourceClaim, ...] = ()
    scheduler_name: str = ""
    service_account_name: str = ""
    priority_class_name: str = ""
    priority: int = 0
    host_network: bool = False
    host_users: bool | None = None
    image_pull_secrets: tuple[NameReference, ...] = ()
    termination_grace_period_seconds: int | None = None
    active_deadline_seconds: int | None = None
    runtime_class_name: str = ""
    security_context: SecurityContext = SecurityContext()


class Pod(LeanPod, frozen=True):
    """A suspect in full. Every `Pod` is a `LeanPod`, so what triage computed holds for it too."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()
