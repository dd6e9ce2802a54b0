"""Creation refused: workloads whose pods are never made (catalogue B2).

`refusal` finds the words and `clues` the code behind them; then each family of codes says it in names and numbers:
`quota`, `limits`, `pod_security`, `webhooks`, and `plain` for what needs no arithmetic; `placement` is the DaemonSet's
own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from diagnostics.rules.creation import (
    limits,
    plain,
    pod_security,
    quota,
    quota_rules,
    rules,
    webhooks,
)
from diagnostics.rules.creation.placement import failed_daemon_pods
from diagnostics.rules.creation.refusal import Refusal, listen
from diagnostics.rules.model import Finding, Rule, check
from diagnostics.rules.shortage import FAILED_CREATE, WORKLOADS
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.cluster import Snapshot

__all__ = ["creation_refused", "failed_daemon_pods", "wants_around", "wants_for"]

_FAMILIES = (quota, limits, pod_security, webhooks, plain)
_EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {
    code: explain for family in _FAMILIES for code, explain in family.EXPLAINED.items()
}
_RULES = tuple(
    rule
    for table in (quota_rules, rules)
    for rule in vars(table).values()
    if isinstance(rule, Rule) and rule is not rules.PLACEMENT
)
# What tells more about each code: resources of the workload's namespace, and of the cluster.
_LOOKED_UP: dict[str, tuple[str, ...]] = {
    quota_rules.EXCEEDED.code: ("resourcequotas",),
    quota_rules.MISSING.code: ("resourcequotas",),
    quota_rules.LIMIT_RANGE.code: ("limitranges",),
    rules.SERVICE_ACCOUNT.code: ("serviceaccounts",),
}
_WEBHOOKS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
_LOOKED_UP_IN_CLUSTER: dict[str, tuple[str, ...]] = {
    rules.POD_SECURITY.code: ("namespaces",),
    rules.NAMESPACE_TERMINATING.code: ("namespaces",),
    rules.PRIORITY_CLASS.code: ("priorityclasses",),
    rules.RUNTIME_CLASS.code: ("runtimeclasses",),
    rules.WEBHOOK_DOWN.code: _WEBHOOKS,
    rules.WEBHOOK_DENIED.code: _WEBHOOKS,
}


@check(*_RULES, about=WORKLOADS)
def creation_refused(view: ObjectView[Any]) -> Iterator[Finding]:
    """Workloads that are short of pods because the API server lets none in."""
    if refusal := listen(view):
        yield _EXPLAINED[refusal.match.rule.code](refusal)


def wants_for(view: ObjectView[Any]) -> Iterator[tuple[str, str | None]]:
    """What tells more about a refusal than its words."""
    refusal = listen(view)
    if refusal is None:
        return
    code = refusal.match.rule.code
    for resource in _LOOKED_UP.get(code, ()):
        yield resource, view.namespace
    for resource in _LOOKED_UP_IN_CLUSTER.get(code, ()):
        yield resource, None
    if code == rules.WEBHOOK_DOWN.code and (service := webhooks.called(refusal.named["said"])):
        yield "services", service.namespace


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """The ReplicaSets of namespaces where one without a Deployment was refused a pod: nothing else tells of it."""
    for events in snapshot.events.values():
        about = events[0].involved_object
        if about.kind == "ReplicaSet" and events[0].reason == FAILED_CREATE:
            deployment = about.name.rpartition("-")[0]
            if (about.namespace, deployment) not in snapshot.deployments:
                yield "replicasets", about.namespace
