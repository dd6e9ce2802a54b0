"""Claims that get no volume, or lose it: told from the claim, its events and the StorageClasses (catalogue B6).

Sources: k8s.io/kubernetes/pkg/controller/volume/persistentvolume, sig-storage-lib-external-provisioner.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from diagnostics.rules.clues import core
from diagnostics.rules.lookalikes import alike, listed
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Shared, check
from diagnostics.rules.stages import alive
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import claim_rules as rules
from diagnostics.rules.volumes.sources import claim_name, claimed, claims, provisioner
from diagnostics.snapshot.objects import Claim, Event, StorageClass

WAIT_FOR_CONSUMER = "WaitForFirstConsumer"
_BY_HAND = "kubernetes.io/no-provisioner"
# A provisioner tries again within this time; what it said before may be settled.
RETRIED_WITHIN = timedelta(minutes=10)

_NO_CLASS = re.compile(r'storageclass(?:es)?(?:\.storage\.k8s\.io)? "(?P<name>[^"]{1,253})" not found', re.IGNORECASE)


@check(rules.PVC_LOST, rules.PVC_TERMINATING, needs=("persistentvolumeclaims",))
def claim_lost(suspect: Suspect) -> Iterator[Finding]:
    """Claims that were bound once: without their volume, or about to go with it."""
    if not alive(suspect):
        return
    for claim in claims(suspect):
        if claim.status.phase == "Lost":
            fact = _quote(claim, "status.phase", claim.status.phase)
            yield _finding(suspect, claim, rules.PVC_LOST, fact, volume_name=claim.spec.volume_name or "unknown")
        elif deleted := claim.metadata.deletion_timestamp:
            fact = _quote(claim, "metadata.deletionTimestamp", deleted.isoformat(), deleted)
            yield _finding(suspect, claim, rules.PVC_TERMINATING, fact, since=deleted)


@check(
    rules.SC_MISSING,
    rules.SC_NONE,
    rules.PROVISION_FAILED,
    rules.PROVISION_STUCK,
    rules.PVC_PENDING,
    rules.WAIT_CONSUMER,
    needs=("persistentvolumeclaims",),
)
def claim_pending(suspect: Suspect) -> Iterator[Finding]:
    """Claims that have no volume yet, so that their pod cannot be scheduled."""
    if not alive(suspect) or suspect.pod.spec.node_name:
        return
    for claim in claims(suspect):
        if claim.status.phase == "Pending":
            yield _why_pending(suspect, claim)


@check(rules.WAIT_CONSUMER, needs=("events",), about=("PersistentVolumeClaim",))
def claim_unused(view: ObjectView[Claim]) -> Iterator[Finding]:
    """Claims that no pod uses, by the controller's latest word.

    The list of claims may be older than that. A claim that has got a consumer since has newer events of another
    reason, unless nothing provisions it: of volumes that are made by hand nothing is said.
    """
    claim, newest = view.item, next(iter(view.events()), None)
    known = view.snapshot.storage_classes.get(claim.spec.storage_class_name or "")
    if claim.status.phase != "Pending" or known is None or known.provisioner == _BY_HAND:
        return
    if newest is not None and newest.reason == WAIT_FOR_CONSUMER and _recent(view, newest) and not _awaited(view):
        yield view.finding(
            rules.WAIT_CONSUMER,
            Confidence.CERTAIN,
            view.quote_event(newest),
            _quote(claim, "status.phase", claim.status.phase),
            offender=_offender(claim, rules.WAIT_CONSUMER),
            since=newest.since,
            claim=claim.metadata.name,
            consumer="a pod uses it; none does yet",
            todo="start what is to use it, or delete it",
        )


def _recent(view: ObjectView[Claim], event: Event) -> bool:
    return view.age(event.at) <= RETRIED_WITHIN


def _awaited(view: ObjectView[Claim]) -> bool:
    """Whether a pod waits for the claim, which the controller may not have noticed yet."""
    place = (view.namespace, view.metadata.name)
    return any(
        (pod.metadata.namespace, claimed(pod, volume)) == place
        for pod in view.snapshot.suspects
        for volume in pod.spec.volumes
    )


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """The claims of a pod that has no node yet, and the classes that they may name."""
    unbound = alive(suspect) and not suspect.pod.spec.node_name
    if unbound and any(claim_name(suspect, volume) for volume in suspect.pod.spec.volumes):
        yield "persistentvolumeclaims", suspect.namespace
        yield "storageclasses", None


def _why_pending(suspect: Suspect, claim: Claim) -> Finding:
    """The most telling of the claim's events: the controllers repeat "waiting" over every error."""
    events = suspect.snapshot.events_of(claim.metadata.uid)
    refused = next((event for event in events if event.reason == "ProvisioningFailed" and _fresh(event, events)), None)
    if missing := _missing_class(suspect, claim, refused):
        return _no_such_class(suspect, claim, missing, refused)
    if refused is not None and not _NO_CLASS.search(refused.text):
        return _told(suspect, claim, rules.PROVISION_FAILED, refused, error=core(refused.text))
    for event in events:
        if event.reason == "FailedBinding" and "no storage class is set" in event.text:
            return _told(suspect, claim, rules.SC_NONE, event, lack=_lack(suspect, claim))
        if event.reason == "ExternalProvisioning":
            return _told(suspect, claim, rules.PROVISION_STUCK, event)
        if event.reason in (WAIT_FOR_CONSUMER, "WaitForPodScheduled"):
            return _told(suspect, claim, rules.WAIT_CONSUMER, event)
    return _unexplained(suspect, claim)


def _fresh(event: Event, events: list[Event]) -> bool:
    latest = events[0].at
    return event.at is None or latest is None or latest - event.at <= RETRIED_WITHIN


def _missing_class(suspect: Suspect, claim: Claim, refused: Event | None) -> str:
    """The class that the claim names and the cluster lacks: by the list of classes, else by the controller's word."""
    named = claim.spec.storage_class_name or ""
    if _classes_read(suspect):
        return "" if named in suspect.snapshot.storage_classes else named
    told = _NO_CLASS.search(refused.text) if refused else None
    return told["name"] if told else ""


def _no_such_class(suspect: Suspect, claim: Claim, name: str, refused: Event | None) -> Finding:
    quoted = (suspect.quote_event(refused),) if refused and _NO_CLASS.search(refused.text) else ()
    return suspect.finding(
        rules.SC_MISSING,
        Confidence.CERTAIN,
        _quote(claim, "spec.storageClassName", name),
        *quoted,
        offender=Offender("StorageClass", name),
        since=_since(suspect, claim),
        signature=name,
        claim=claim.metadata.name,
        storage_class=name,
        instead=_instead(suspect, name),
    )


def _told(suspect: Suspect, claim: Claim, rule: Rule, event: Event, **params: Any) -> Finding:
    began = event.since or claim.metadata.creation_timestamp
    return _finding(
        suspect,
        claim,
        rule,
        suspect.quote_event(event),
        _quote(claim, "status.phase", claim.status.phase),
        began=f"{began:%H:%M} UTC" if began else "it was made",
        **params,
    )


def _unexplained(suspect: Suspect, claim: Claim) -> Finding:
    storage_class = _class_of(suspect, claim)
    fact = _quote(claim, "status.phase", claim.status.phase)
    if storage_class is not None and storage_class.volume_binding_mode == WAIT_FOR_CONSUMER:
        return _finding(suspect, claim, rules.WAIT_CONSUMER, fact)
    unread = suspect.unread("events")
    return _finding(
        suspect,
        claim,
        rules.PVC_PENDING,
        fact,
        unexplained="events were not readable" if unread else "they have expired, or no controller looks after it",
    )


def _finding(
    suspect: Suspect, claim: Claim, rule: Rule, *evidence: Evidence, since: datetime | None = None, **params: Any
) -> Finding:
    maker = provisioner(suspect, claim)
    named = maker or "of its class"
    return suspect.finding(
        rule,
        Confidence.CERTAIN,
        *evidence,
        offender=_offender(claim, rule),
        since=since or _since(suspect, claim),
        signature=named if rule is rules.PROVISION_STUCK else "",
        shared=Shared("Provisioner", maker) if maker and rule.together else None,
        claim=claim.metadata.name,
        storage_class=claim.spec.storage_class_name or "(the default)",
        provisioner=named,
        consumer="its pod has a node",
        todo="see why the pod is not scheduled",
        **params,
    )


def _offender(claim: Claim, rule: Rule) -> Offender:
    if rule is rules.PROVISION_STUCK and claim.spec.storage_class_name:
        return Offender("StorageClass", claim.spec.storage_class_name, path="provisioner")
    field = "spec.storageClassName" if rule is rules.SC_NONE else None
    return Offender("PersistentVolumeClaim", claim.metadata.name, claim.metadata.namespace, field)


def _class_of(suspect: Suspect, claim: Claim) -> StorageClass | None:
    return suspect.snapshot.storage_classes.get(claim.spec.storage_class_name or "")


def _lack(suspect: Suspect, claim: Claim) -> str:
    """Why no class looks after the claim."""
    if claim.spec.storage_class_name == "":
        return "It names the empty class, which means: only a volume that exists already, and none of those fits."
    if not _classes_read(suspect):
        return "Claims without a class get the default one; whether there is one could not be checked."
    classes = suspect.snapshot.storage_classes
    if any(storage_class.default for storage_class in classes.values()):
        return "Claims without a class get the default one. There is one now, but it was not there for this claim."
    have = f"it has {listed(classes)}, none of them marked as the default" if classes else "it has none at all"
    return f"Claims without a class get the cluster's default StorageClass, and {have}."


def _instead(suspect: Suspect, name: str) -> str:
    if not _classes_read(suspect):
        return "Which classes exist could not be checked: they were not readable."
    classes = suspect.snapshot.storage_classes
    if near := alike(name, classes):
        return f'There is a StorageClass "{near}": is that the one that is meant?'
    return f"The cluster has {listed(classes)}." if classes else "The cluster has no StorageClass at all."


def _classes_read(suspect: Suspect) -> bool:
    return "storageclasses" in suspect.snapshot.read and not suspect.unread("storageclasses")


def _since(suspect: Suspect, claim: Claim) -> datetime | None:
    """When the pod was found to be unschedulable, else when its claim was made."""
    scheduled = suspect.pod.status.condition("PodScheduled")
    known = scheduled.last_transition_time if scheduled else None
    return known or claim.metadata.creation_timestamp


def _quote(claim: Claim, path: str, value: str, at: datetime | None = None) -> Evidence:
    return Evidence("claim", f"PersistentVolumeClaim/{claim.metadata.name}", path, value, at)
