"""What decides whether a new object is let in: quotas, limit ranges, namespaces, webhooks; and aggregated APIs.

Source: the Kubernetes API reference; group and version of each kind are in `diagnostics.kube.resources`.
"""

from __future__ import annotations

from diagnostics.snapshot.meta import Condition, Metadata, Object, condition
from diagnostics.snapshot.pods import Resources


class QuotaStatus(Object, frozen=True):
    """`status` of a ResourceQuota."""

    hard: Resources = {}
    used: Resources = {}


class ResourceQuota(Object, frozen=True):
    """A ResourceQuota."""

    metadata: Metadata = Metadata()
    status: QuotaStatus = QuotaStatus()


class Limit(Object, frozen=True):
    """`spec.limits[]` of a LimitRange: what it demands of each Container, Pod or PersistentVolumeClaim."""

    type: str = ""
    min: Resources = {}
    max: Resources = {}
    max_limit_request_ratio: Resources = {}


class LimitRangeSpec(Object, frozen=True):
    """`spec` of a LimitRange."""

    limits: tuple[Limit, ...] = ()


class LimitRange(Object, frozen=True):
    """A LimitRange."""

    metadata: Metadata = Metadata()
    spec: LimitRangeSpec = LimitRangeSpec()


class NamespaceSpec(Object, frozen=True):
    """`spec` of a Namespace."""

    finalizers: tuple[str, ...] = ()


class NamespaceStatus(Object, frozen=True):
    """`status` of a Namespace; its conditions tell how far a deletion has come."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """The namespace's condition of that type, if it has one."""
        return condition(self.conditions, type_)


class Namespace(Object, frozen=True):
    """A Namespace."""

    metadata: Metadata = Metadata()
    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()


class ServiceReference(Object, frozen=True):
    """The Service that the API server calls for a webhook or an aggregated API."""

    namespace: str = ""
    name: str = ""


class WebhookClient(Object, frozen=True):
    """`clientConfig` of a webhook, without its certificates: a Service, or else a URL."""

    service: ServiceReference | None = None


class Webhook(Object, frozen=True):
    """`webhooks[]` of a configuration."""

    name: str = ""
    client_config: WebhookClient = WebhookClient()
    failure_policy: str = ""


class WebhookConfiguration(Object, frozen=True):
    """A ValidatingWebhookConfiguration or a MutatingWebhookConfiguration."""

    metadata: Metadata = Metadata()
    webhooks: tuple[Webhook, ...] = ()


class ApiServiceSpec(Object, frozen=True):
    """`spec` of an APIService; without a Service the API server itself serves the group."""

    group: str = ""
    version: str = ""
    service: ServiceReference | None = None


class ApiServiceStatus(Object, frozen=True):
    """`status` of an APIService."""

    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """The APIService's condition of that type, if it has one."""
        return condition(self.conditions, type_)


class ApiService(Object, frozen=True):
    """An APIService: an API group and version, and who serves it."""

    metadata: Metadata = Metadata()
    spec: ApiServiceSpec = ApiServiceSpec()
    status: ApiServiceStatus = ApiServiceStatus()
