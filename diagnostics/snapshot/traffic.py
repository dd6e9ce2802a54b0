"""What brings traffic to pods and scales or guards them: Services, Ingresses, policies, autoscalers, budgets.

Source: the Kubernetes API reference; group and version of each kind are in `diagnostics.kube.resources`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from diagnostics.snapshot.meta import Condition, ManagedMetadata, Metadata, Object, Time, condition
from diagnostics.snapshot.placement import LabelSelector


class ServicePort(Object, frozen=True):
    """`spec.ports[]` of a Service; a missing target port is the port itself, a word names a container's port."""

    name: str = ""
    protocol: str = "TCP"
    port: int = 0
    target_port: int | str | None = None

    @property
    def target(self) -> int | str:
        """The container's port that it leads to, as a number or by name."""
        return self.target_port or self.port


class ServiceSpec(Object, frozen=True):
    """`spec` of a Service."""

    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()
    publish_not_ready_addresses: bool = False
    external_name: str = ""


class Service(Object, frozen=True):
    """A Service."""

    metadata: ManagedMetadata = ManagedMetadata()
    spec: ServiceSpec = ServiceSpec()

    @property
    def headless(self) -> bool:
        """Whether it has no address of its own: its name resolves to those of its pods."""
        return self.spec.cluster_ip == "None"

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether pods with these labels stand behind it; without a selector none do."""
        return bool(self.spec.selector) and self.spec.selector.items() <= labels.items()


class EndpointConditions(Object, frozen=True):
    """`endpoints[].conditions`: what is not said about readiness is to be read as ready."""

    ready: bool | None = None


class Endpoint(Object, frozen=True):
    """`endpoints[]` of an EndpointSlice, without its addresses."""

    conditions: EndpointConditions = EndpointConditions()

    @property
    def ready(self) -> bool:
        """Whether traffic is sent to it."""
        return self.conditions.ready is not False


class EndpointPort(Object, frozen=True):
    """`ports[]` of an EndpointSlice."""

    name: str = ""
    port: int | None = None


SERVICE_NAME = "kubernetes.io/service-name"
LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"


class EndpointSlice(Object, frozen=True):
    """An EndpointSlice: some of the pods behind a Service. The API server writes null where there are none."""

    metadata: ManagedMetadata = ManagedMetadata()
    listed_endpoints: tuple[Endpoint, ...] | None = msgspec.field(name="endpoints", default=())
    listed_ports: tuple[EndpointPort, ...] | None = msgspec.field(name="ports", default=())

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """`endpoints[]`."""
        return self.listed_endpoints or ()

    @property
    def ports(self) -> tuple[EndpointPort, ...]:
        """`ports[]`; none where the Service has none."""
        return self.listed_ports or ()

    @property
    def service(self) -> str:
        """The name of the Service, in the same namespace."""
        return self.metadata.labels.get(SERVICE_NAME, "")


class TargetReference(Object, frozen=True):
    """`spec.scaleTargetRef` of a HorizontalPodAutoscaler."""

    kind: str = ""
    name: str = ""
    api_version: str = ""


class MetricValue(Object, frozen=True):
    """`target` or `current` of a metric: its mean over the pods, in percent of what they request."""

    average_utilization: int | None = None


class MetricResource(Object, frozen=True):
    """`resource` or `containerResource` of a metric: `cpu`, `memory`; a spec has the target, a status the current value."""

    name: str = ""
    container: str = ""
    target: MetricValue = MetricValue()
    current: MetricValue = MetricValue()


class Metric(Object, frozen=True):
    """`spec.metrics[]` or `status.currentMetrics[]` of a HorizontalPodAutoscaler.

    Its type is Resource, ContainerResource, Pods, Object or External.
    """

    type: str = ""
    resource: MetricResource | None = None
    container_resource: MetricResource | None = None


class AutoscalerSpec(Object, frozen=True):
    """`spec` of a HorizontalPodAutoscaler (autoscaling/v2)."""

    scale_target_ref: TargetReference = TargetReference()
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: tuple[Metric, ...] = ()


class AutoscalerStatus(Object, frozen=True):
    """`status` of a HorizontalPodAutoscaler."""

    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: Time | None = None
    # Both are null until the controller has something to say.
    current_metrics: tuple[Metric, ...] | None = None
    conditions: tuple[Condition, ...] | None = None

    def condition(self, type_: str) -> Condition | None:
        """Its condition of that type: AbleToScale, ScalingActive, ScalingLimited."""
        return condition(self.conditions or (), type_)


class Autoscaler(Object, frozen=True):
    """A HorizontalPodAutoscaler."""

    metadata: Metadata = Metadata()
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


class BudgetSpec(Object, frozen=True):
    """`spec` of a PodDisruptionBudget; its bounds are numbers or percentages ("50%")."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: LabelSelector | None = None
    unhealthy_pod_eviction_policy: str = ""


class BudgetStatus(Object, frozen=True):
    """`status` of a PodDisruptionBudget."""

    observed_generation: int = 0
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """Its condition of that type: DisruptionAllowed."""
        return condition(self.conditions, type_)


class Budget(Object, frozen=True):
    """A PodDisruptionBudget."""

    metadata: Metadata = Metadata()
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()


class BackendPort(Object, frozen=True):
    """The port of the Service behind an Ingress: by name or by number."""

    name: str = ""
    number: int = 0


class ServiceBackend(Object, frozen=True):
    """`backend.service` of an Ingress."""

    name: str = ""
    port: BackendPort = BackendPort()


class Backend(Object, frozen=True):
    """`backend`; one without a Service leads to another kind of object."""

    service: ServiceBackend | None = None


class IngressPath(Object, frozen=True):
    """`spec.rules[].http.paths[]`."""

    path: str = ""
    backend: Backend = Backend()


class IngressHttp(Object, frozen=True):
    """`spec.rules[].http`."""

    paths: tuple[IngressPath, ...] = ()


class IngressRule(Object, frozen=True):
    """`spec.rules[]`."""

    host: str = ""
    http: IngressHttp = IngressHttp()


class IngressTls(Object, frozen=True):
    """`spec.tls[]`."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Object, frozen=True):
    """`spec` of an Ingress."""

    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTls, ...] = ()

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Everything that it sends requests to."""
        default = () if self.default_backend is None else (self.default_backend,)
        return (*(path.backend for rule in self.rules for path in rule.http.paths), *default)


class Ingress(Object, frozen=True):
    """An Ingress."""

    metadata: Metadata = Metadata()
    spec: IngressSpec = IngressSpec()


class IpBlock(Object, frozen=True):
    """`ipBlock` of a peer: addresses that are allowed, and those of them that are not."""

    cidr: str = ""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class Peer(Object, frozen=True):
    """`from[]` or `to[]`: pods by their labels and their namespace's, or addresses."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IpBlock | None = None


class PolicyPort(Object, frozen=True):
    """`ports[]` of a policy's rule; without a port every port of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class IngressAllowed(Object, frozen=True):
    """`spec.ingress[]`: whence traffic may come, to which ports; no peers mean everybody."""

    from_: tuple[Peer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressAllowed(Object, frozen=True):
    """`spec.egress[]`: whereto traffic may go, to which ports; no peers mean everywhere."""

    to: tuple[Peer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class NetworkPolicySpec(Object, frozen=True):
    """`spec` of a NetworkPolicy; types that are not given are Ingress, and Egress where a rule for it is."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressAllowed, ...] = ()
    egress: tuple[EgressAllowed, ...] = ()

    def isolates(self, direction: str) -> bool:
        """Whether the pods that it selects get only the traffic that some policy allows: `Ingress` or `Egress`."""
        if self.policy_types:
            return direction in self.policy_types
        return direction == "Ingress" or bool(self.egress)


class NetworkPolicy(Object, frozen=True):
    """A NetworkPolicy."""

    metadata: Metadata = Metadata()
    spec: NetworkPolicySpec = NetworkPolicySpec()


def changed_at(slices: Iterable[EndpointSlice]) -> datetime | None:
    """When the pods behind a Service last changed, by the annotation of its slices; None where none has it."""
    stamps = (found.metadata.annotations.get(LAST_CHANGE, "") for found in slices)
    times = [time for stamp in stamps if stamp and (time := _time(stamp)) is not None]
    return max(times, default=None)


def _time(stamp: str) -> datetime | None:
    try:
        return msgspec.convert(stamp, Time)
    except msgspec.ValidationError:
        return None
