"""Webhooks and policies that say no, and webhooks that cannot be asked (catalogue B2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnostics.rules.clues import core
from diagnostics.rules.creation import rules
from diagnostics.rules.creation.refusal import Refusal, reason
from diagnostics.rules.image.clues import CERTIFICATE, phrase
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Evidence, Finding, Offender, Shared
from diagnostics.snapshot.admission import ServiceReference, Webhook
from diagnostics.snapshot.cluster import Snapshot

_URL = re.compile(r'(?:Post|Get) "?https?://(?P<host>[^/"\s:?]{1,253})')
_SERVICE_HOST = re.compile(r"(?P<name>[a-z0-9-]{1,63})\.(?P<namespace>[a-z0-9-]{1,63})\.svc(?:\.|$)")
_FAILURES = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r'service "[^"]{1,253}" not found', "does not exist"),
        (r"no endpoints available|no service port", "has no ready pods behind it"),
        (r"connection refused", "refuses the connection: nothing listens there"),
        (r"context deadline exceeded|Client\.Timeout|i/o timeout", "does not answer in time"),
        (r"no such host", "cannot be resolved"),
        (r"no route to host|network is unreachable", "cannot be reached over the network"),
        (r"connection reset by peer|\bEOF\b", "breaks off the connection"),
        (r"server gave HTTP response to HTTPS client", "speaks plain HTTP where HTTPS is asked for"),
        (
            r"(?:expected|invalid) webhook response|could not find the requested resource",
            "does not answer as a webhook",
        ),
        (r"(?:status code|responded with)[^\d]{0,20}(\d{3})", "answers with HTTP status {0}"),
    )
)
_KYVERNO_POLICY = re.compile(
    r"(?:^|\n|\s)(?P<policy>[a-z0-9][a-z0-9.-]{0,252}):\s+(?P<rule>[A-Za-z0-9][\w.-]{0,252}): (?P<said>[^\0]+)"
)
_CONSTRAINTS = re.compile(r"\[(?:denied by )?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,252})\] ?")


@dataclass(frozen=True, slots=True)
class Configured:
    """A webhook and the configuration object that it stands in."""

    kind: str
    name: str
    webhook: Webhook

    @property
    def path(self) -> str:
        """Where it stands in the configuration."""
        return f"webhooks[{self.webhook.name}]"


def configured(snapshot: Snapshot, webhook: str) -> Configured | None:
    """Where a webhook of that name is configured, if the configurations were read."""
    for kind, found in (
        ("ValidatingWebhookConfiguration", snapshot.validating_webhooks),
        ("MutatingWebhookConfiguration", snapshot.mutating_webhooks),
    ):
        for name, configuration in sorted(found.items()):
            for each in configuration.webhooks:
                if each.name == webhook:
                    return Configured(kind, name, each)
    return None


def called(said: str) -> ServiceReference | None:
    """The Service that was called, by the URL in an error: `https://policy.security.svc:443/validate`."""
    url = _URL.search(said)
    host = _SERVICE_HOST.match(url["host"]) if url else None
    return ServiceReference(namespace=host["namespace"], name=host["name"]) if host else None


def explain_down(refusal: Refusal) -> Finding:
    """The webhook, where it is configured, and what became of its backend; or that the backend is this workload."""
    said, where = refusal.named["said"], configured(refusal.view.snapshot, refusal.named["webhook"])
    service = (where.webhook.client_config.service if where else None) or called(said)
    behind = _behind(refusal, service)
    own = service is not None and service.namespace == refusal.view.namespace and refusal.view.workload.slug in behind
    if own:
        refusal = refusal.concluding(rules.DEADLOCK)
    url = _URL.search(said)
    return refusal.finding(
        *_evidence(where),
        offender=_offender(service, where, own=own),
        signature=refusal.named["webhook"],
        ruled_out=("not the template: the webhook was not even asked",),
        shared=Shared("Webhook", refusal.named["webhook"]),
        webhook=refusal.named["webhook"],
        backend=f"Service {service.namespace}/{service.name}" if service else (url["host"] if url else "its backend"),
        failure=_failure(said),
        configured=f" ({where.kind} {where.name})" if where else "",
        behind=_whose(behind, service),
        service=service.name if service else None,
        service_namespace=service.namespace if service else None,
        configuration=where.name if where else None,
        configuration_kind=where.kind.lower() if where else None,
    )


def _failure(said: str) -> str:
    if "x509" in said or "tls: " in said:
        return f"shows a certificate that is not trusted: {phrase(CERTIFICATE, said, core(said))}"
    return phrase(_FAILURES, said, f"cannot be called ({core(said)})")


def _evidence(where: Configured | None) -> Iterator[Evidence]:
    if where is not None:
        object_ = f"{where.kind}/{where.name}"
        policy = where.webhook.failure_policy or "not set"
        yield Evidence(where.kind.lower(), object_, f"{where.path}.failurePolicy", policy)
        if service := where.webhook.client_config.service:
            named = f"{service.namespace}/{service.name}"
            yield Evidence(where.kind.lower(), object_, f"{where.path}.clientConfig.service", named)


def _offender(service: ServiceReference | None, where: Configured | None, *, own: bool) -> Offender | None:
    """The backend; the configuration where it is what has to change, or where no Service is behind it."""
    if where is not None and (own or service is None):
        return Offender(where.kind, where.name, None, where.path)
    if service is not None:
        return Offender("Service", service.name, service.namespace)
    return None


def _behind(refusal: Refusal, service: ServiceReference | None) -> list[str]:
    """The workloads whose pods the Service stands for: `deployment/policy`."""
    snapshot = refusal.view.snapshot
    found = snapshot.services.get((service.namespace, service.name)) if service else None
    if found is None:
        return []
    kinds = {"deployment": snapshot.deployments, "statefulset": snapshot.statefulsets, "daemonset": snapshot.daemonsets}
    return [
        f"{kind}/{name}"
        for kind, workloads in kinds.items()
        for (namespace, name), workload in sorted(workloads.items())
        if namespace == found.metadata.namespace and found.selects(workload.spec.template.metadata.labels)
    ]


def _whose(behind: list[str], service: ServiceReference | None) -> str:
    if behind and service:
        return f"Service {service.name} stands for {listed(behind)}: look there first."
    return "The backend has to answer before any pod it is asked about can start."


def explain_denied(refusal: Refusal) -> Finding:
    """The webhook and its words."""
    webhook = refusal.named["webhook"]
    where = configured(refusal.view.snapshot, webhook)
    return refusal.finding(
        *_evidence(where),
        signature=webhook,
        shared=Shared("Webhook", webhook),
        webhook=webhook,
        said=reason(refusal.named["said"]) if "said" in refusal.named else "it gives no reason",
    )


def explain_gatekeeper(refusal: Refusal) -> Finding:
    """The constraints and what they say."""
    said = " ".join(refusal.named["said"].split())
    names = list(dict.fromkeys(found["name"] for found in _CONSTRAINTS.finditer(said)))
    return refusal.finding(
        signature=" ".join(sorted(names)),
        constraint=listed(names),
        said=core(_CONSTRAINTS.sub("", said)),
    )


def explain_kyverno(refusal: Refusal) -> Finding:
    """The policy and the rule, which stand above each other in the words: `policy:`, then `rule: 'message'`."""
    found = _KYVERNO_POLICY.search(refusal.named["said"])
    policy, rule = (found["policy"], found["rule"]) if found else ("", "")
    said = found["said"] if found else refusal.named["said"]
    return refusal.finding(
        offender=Offender("ClusterPolicy", policy) if policy else None,
        signature=f"{policy} {rule}".strip(),
        policy=policy or None,
        policy_named=policy or "(not named)",
        by_rule=f" (rule {rule})" if rule else "",
        said=core(" ".join(said.split()).strip("'")),
    )


def explain_policy(refusal: Refusal) -> Finding:
    """The policy and its binding, as the API server names them."""
    kind, policy, binding = (refusal.named[part] for part in ("policy_kind", "policy", "binding"))
    return refusal.finding(
        offender=Offender(kind, policy, None, "spec.validations"),
        signature=f"{policy} {binding}",
        policy_kind=kind,
        policy=policy,
        binding=binding,
    )


EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {
    rules.WEBHOOK_DOWN.code: explain_down,
    rules.WEBHOOK_DENIED.code: explain_denied,
    rules.GATEKEEPER.code: explain_gatekeeper,
    rules.KYVERNO.code: explain_kyverno,
    rules.POLICY.code: explain_policy,
}
