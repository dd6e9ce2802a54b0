"""Refusals that need no arithmetic: a name that is missing, a right, a field, a control plane that is slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from diagnostics.rules.creation import rules
from diagnostics.rules.creation.refusal import Refusal
from diagnostics.rules.lookalikes import alike, listed
from diagnostics.rules.model import Finding, Offender

_INVALID_FIELD = re.compile(r"\b(?P<field>(?:spec|metadata)\.[\w.\[\]/-]{1,200})")
_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]{1,63}):(?P<name>[^:]{1,253})")


def explain_service_account(refusal: Refusal) -> Finding:
    """The account, and the one that may be meant."""
    view, name = refusal.view, refusal.named["service_account"]
    here = {other for namespace, other in view.snapshot.service_accounts if namespace == view.namespace}
    elsewhere = [namespace for namespace, other in view.snapshot.service_accounts if other == name]
    return refusal.finding(
        offender=Offender("ServiceAccount", name, view.namespace),
        signature=name,
        service_account=name,
        instead=_instead(refusal, "serviceaccounts", name, here, elsewhere),
    )


def explain_priority_class(refusal: Refusal) -> Finding:
    """The class, and the one that may be meant."""
    return _class(refusal, "priority_class", "PriorityClass", "priorityclasses", refusal.view.snapshot.priority_classes)


def explain_runtime_class(refusal: Refusal) -> Finding:
    """The class, and the one that may be meant."""
    return _class(refusal, "runtime_class", "RuntimeClass", "runtimeclasses", refusal.view.snapshot.runtime_classes)


def _class(refusal: Refusal, word: str, kind: str, resource: str, existing: Iterable[str]) -> Finding:
    name = refusal.named[word]
    texts: dict[str, Any] = {word: name, "instead": _instead(refusal, resource, name, set(existing))}
    return refusal.finding(offender=Offender(kind, name), signature=name, **texts)


def _instead(refusal: Refusal, resource: str, name: str, here: set[str], elsewhere: Iterable[str] = ()) -> str:
    """What is known of other names: a sentence, or that nothing is known."""
    if resource not in refusal.view.snapshot.read or refusal.view.unread(resource):
        return "Which ones exist could not be checked: they were not readable."
    if name in here:
        return "It exists by now, so the controller's next attempt should succeed."
    if near := alike(name, here):
        return f'There is one called "{near}": is that the one that is meant?'
    if others := listed(elsewhere):
        return f"Namespace {others} has one of that name, but a pod can only use its own namespace's."
    return f"There are {listed(here)}." if here else "There is none at all."


def explain_terminating(refusal: Refusal) -> Finding:
    """The namespace, and since when it is being deleted."""
    name = refusal.view.namespace
    namespace = refusal.view.snapshot.namespaces.get(name)
    since = namespace.metadata.deletion_timestamp if namespace else None
    return refusal.finding(
        offender=Offender("Namespace", name),
        since_when=f" (since {since:%Y-%m-%d %H:%M} UTC)" if since else "",
    )


def explain_invalid(refusal: Refusal) -> Finding:
    """The field that the API server objects to."""
    found = _INVALID_FIELD.search(refusal.named["said"])
    path = found["field"].rstrip(".") if found else ""
    return refusal.finding(
        field=path.removeprefix("spec.") if path.startswith("spec.") else "",
        signature=path,
        wrong=path or "what the message names",
    )


def explain_forbidden(refusal: Refusal) -> Finding:
    """Who may not, and what."""
    user, resource = refusal.named.get("user"), refusal.named.get("resource", "pods")
    account = _SERVICE_ACCOUNT.fullmatch(user or "")
    return refusal.finding(
        offender=Offender("ServiceAccount", account["name"], account["namespace"]) if account else None,
        signature=user or "",
        who=f"ServiceAccount {account['namespace']}/{account['name']}" if account else user or "The controller",
        user=user,
        resource=resource,
        detail="" if user else f": {refusal.reason}",
    )


def explain_as_said(refusal: Refusal) -> Finding:
    """Nothing but the words."""
    return refusal.finding()


EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {
    rules.SERVICE_ACCOUNT.code: explain_service_account,
    rules.PRIORITY_CLASS.code: explain_priority_class,
    rules.RUNTIME_CLASS.code: explain_runtime_class,
    rules.NAMESPACE_TERMINATING.code: explain_terminating,
    rules.INVALID.code: explain_invalid,
    rules.FORBIDDEN.code: explain_forbidden,
    rules.TIMEOUT.code: explain_as_said,
    rules.OTHER.code: explain_as_said,
}
