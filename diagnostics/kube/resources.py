"""What is read from a cluster: the public contract's table as data, and nothing that is not in it.

The shipped ClusterRole and Role are written from it (`roles`), and a test holds it against the requests really made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from diagnostics.snapshot import admission, objects, traffic
from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.pods import Pod

PAGE = 500  # The fastest page: 250 and 1,000 are 1.2-1.4 times slower (`make bench`).
SMALL_PAGE = 50  # For objects of up to a megabyte each.
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class When(StrEnum):
    """How often a resource is read."""

    ALWAYS = "always"
    ON_DEMAND = "on demand"
    OPTED_IN = "opted in"  # Only where somebody has asked for it: never granted by the shipped roles.


FOLLOWED = ("list", "watch")
LOOKED_UP = ("get", "list")
LISTED = ("list",)


@dataclass(frozen=True, slots=True)
class Resource:
    """One row of the table. `type` is what an item is decoded to; `only_in` restricts a grant to one namespace."""

    name: str
    group: str
    version: str
    type: type[Object]
    verbs: tuple[str, ...]
    when: When = When.ON_DEMAND
    namespaced: bool = True
    page: int = PAGE
    metadata_only: bool = False
    only_in: str | None = None

    @property
    def accept(self) -> str:
        """The media type that is asked for."""
        return METADATA_ONLY if self.metadata_only else "application/json"

    def path(self, namespace: str | None = None) -> str:
        """The path of its list, in one namespace or (None) in all: `/apis/apps/v1/namespaces/shop/deployments`."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"/namespaces/{quote(namespace, safe='')}" if namespace is not None and self.namespaced else ""
        return f"{root}{place}/{self.name}"


def _always(name: str, group: str, type_: type[Object], *, namespaced: bool = True) -> Resource:
    return Resource(name, group, "v1", type_, FOLLOWED, When.ALWAYS, namespaced)


def _listed(
    group: str, *names: str, type_: type[Object] = objects.Named, namespaced: bool = True, version: str = "v1"
) -> tuple[Resource, ...]:
    return tuple(Resource(name, group, version, type_, LISTED, namespaced=namespaced) for name in names)


def _looked_up(
    group: str, *names: str, type_: type[Object] = objects.Named, namespaced: bool = True
) -> tuple[Resource, ...]:
    return tuple(Resource(name, group, "v1", type_, LOOKED_UP, namespaced=namespaced) for name in names)


PODS = _always("pods", "", Pod)
EVENTS = _always("events", "", objects.Event)
NODES = _always("nodes", "", objects.Node, namespaced=False)
SECRETS = Resource("secrets", "", "v1", objects.Named, LISTED, When.OPTED_IN, metadata_only=True)

RESOURCES: tuple[Resource, ...] = (
    PODS,
    EVENTS,
    NODES,
    _always("deployments", "apps", objects.Workload),
    _always("statefulsets", "apps", objects.Workload),
    _always("daemonsets", "apps", objects.Workload),
    _always("jobs", "batch", objects.Workload),
    _always("cronjobs", "batch", objects.CronJob),
    Resource("replicasets", "apps", "v1", objects.Workload, LOOKED_UP),
    *_looked_up("apps", "controllerrevisions"),
    Resource("persistentvolumeclaims", "", "v1", objects.Claim, LISTED),
    *_listed("", "persistentvolumes", namespaced=False),
    Resource("storageclasses", "storage.k8s.io", "v1", objects.StorageClass, LISTED, namespaced=False),
    *_listed("storage.k8s.io", "volumeattachments", "csinodes", namespaced=False),
    Resource("configmaps", "", "v1", objects.Keyed, LOOKED_UP, page=SMALL_PAGE),
    *_looked_up("", "resourcequotas", type_=admission.ResourceQuota),
    *_looked_up("", "limitranges", type_=admission.LimitRange),
    *_looked_up("", "serviceaccounts"),
    *_looked_up("", "namespaces", type_=admission.Namespace, namespaced=False),
    *_looked_up("scheduling.k8s.io", "priorityclasses", namespaced=False),
    *_looked_up("node.k8s.io", "runtimeclasses", namespaced=False),
    *_listed("", "services", type_=traffic.Service),
    *_listed("discovery.k8s.io", "endpointslices", type_=traffic.EndpointSlice),
    *_listed("networking.k8s.io", "ingresses", type_=traffic.Ingress),
    *_listed("networking.k8s.io", "networkpolicies", type_=traffic.NetworkPolicy),
    *_listed("autoscaling", "horizontalpodautoscalers", type_=traffic.Autoscaler, version="v2"),
    *_listed("policy", "poddisruptionbudgets", type_=traffic.Budget),
    *_looked_up(
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        type_=admission.WebhookConfiguration,
        namespaced=False,
    ),
    *_looked_up("admissionregistration.k8s.io", "validatingadmissionpolicies", namespaced=False),
    *_looked_up("apiregistration.k8s.io", "apiservices", type_=admission.ApiService, namespaced=False),
    Resource("leases", "coordination.k8s.io", "v1", objects.Named, LOOKED_UP, only_in="kube-system"),
    SECRETS,
)
BY_NAME = {resource.name: resource for resource in RESOURCES}
ALWAYS = tuple(resource for resource in RESOURCES if resource.when is When.ALWAYS)


def resource_of(kind: str) -> str:
    """The resource of a kind, "ingresses" of Ingress. Source: apimachinery/pkg/api/meta, UnsafeGuessKindToResource."""
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


# Not lists: the log of a pod, and two paths that belong to no resource.
LOGS = "pods/log"
NON_RESOURCES = ("/readyz", "/version")


def log_path(namespace: str, pod: str) -> str:
    """The path of a pod's log."""
    return f"{PODS.path(namespace)}/{quote(pod, safe='')}/log"
