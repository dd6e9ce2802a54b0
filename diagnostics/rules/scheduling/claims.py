"""Volumes that keep the pod from being scheduled: claims that are missing or unbound, volumes that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from diagnostics.rules.lookalikes import alike
from diagnostics.rules.model import Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.tenants import called, quote_holder
from diagnostics.rules.scheduling.wording import SHOWN, listed
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Claim

_REFERENCE = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"
_SOON, _LATER = timedelta(minutes=1), timedelta(minutes=5)


def _rule(
    code: str,
    message: str,
    cause: str,
    remedy: str,
    *commands: str,
    severity: Severity = Severity.HIGH,
    visible_after: timedelta = _SOON,
    notify_after: timedelta = _LATER,
) -> Rule:
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.SCHEDULING,
        message=message,
        cause=cause,
        remedy=remedy,
        commands=commands or ("kubectl -n {namespace} describe pvc {claim}",),
        verify=("kubectl -n {namespace} get pvc", "kubectl -n {namespace} get pod {pod} -o wide"),
        visible_after=visible_after,
        notify_after=notify_after,
        references=(_REFERENCE,),
    )


MISSING = _rule(
    "sched-pvc-missing",
    "PersistentVolumeClaim {claim}, which {workload_name} mounts, does not exist{near}.",
    "The pod's volume {volume} names a claim that is not in namespace {namespace}; no node can take the pod before it"
    " is.{checked}",
    "Create the claim {claim}, or correct the claimName of volume {volume}.",
    "kubectl -n {namespace} get {workload} -o yaml",
    visible_after=timedelta(),
    notify_after=timedelta(minutes=2),
)
DELETING = _rule(
    "sched-pvc-deleting",
    "PersistentVolumeClaim {claim}, which {workload_name} mounts, is being deleted.",
    "The claim was deleted{deleted} and only stays until no pod uses it any more{finalizers}; new pods are not let"
    " onto it.",
    "If the data is still needed, copy it while the claim exists; then let the claim go and make a new one.",
    visible_after=timedelta(),
    notify_after=timedelta(minutes=2),
)
UNBOUND = _rule(
    "sched-pvc-unbound",
    "{workload_name} waits for PersistentVolumeClaim {claims}, which has no volume yet.",
    "The scheduler places the pod only when its claims are bound.{claim_states}",
    "See why the claim has no volume: its events name the storage class or provisioner that is at fault.",
)
PV_CONFLICT = _rule(
    "sched-pv-conflict",
    "The volume of {claims} cannot be reached from any node that {workload_name} may use.",
    "{nodes}A volume that exists in one zone or on one node ties its pods to it.{claim_states}",
    "Add a node where the volume is, or recreate the claim with a storage class that waits for the pod"
    " (volumeBindingMode: WaitForFirstConsumer).",
    "kubectl -n {namespace} get pvc {claim} -o jsonpath='{{.spec.volumeName}}'",
    "kubectl get pv -o custom-columns=NAME:.metadata.name,CLAIM:.spec.claimRef.name,NODES:.spec.nodeAffinity.required",
)
NO_PV = replace(
    _rule(
        "sched-no-pv",
        "No persistent volume fits {claims} on any node that {workload_name} may use.",
        "{nodes}The claim's class makes no volumes of its own, or what it has is used up there.{claim_states}",
        "Create a PersistentVolume that fits the claim's size, class and access modes, or free storage there.",
        "kubectl get pv",
        "kubectl -n {namespace} describe pvc {claim}",
    ),
    explains=("vol-pvc-pending",),  # That the claim is not bound says less.
)
PV_LOST = _rule(
    "sched-pv-lost",
    "PersistentVolumeClaim {claims} is bound to a volume that does not exist any more.",
    "{nodes}The PersistentVolume was deleted under the claim; the claim stays Lost.{claim_states}",
    "Restore the PersistentVolume, if its storage still exists, or make a new claim and restore the data into it.",
    severity=Severity.CRITICAL,
    visible_after=timedelta(),
    notify_after=timedelta(minutes=1),
)
VOLUME_LIMIT = _rule(
    "sched-volume-limit",
    "Every node that {workload_name} may use already has as many volumes attached as it takes.",
    "{nodes}Each node attaches only so many volumes of a driver (CSINode, allocatable count). The pod needs {claims}.",
    "Spread pods with volumes over more nodes, add nodes, or use an instance type that attaches more volumes.",
    "kubectl get csinodes -o custom-columns=NAME:.metadata.name,LIMITS:.spec.drivers[*].allocatable.count",
)
RWOP_IN_USE = _rule(
    "sched-rwop-in-use",
    "{holder} holds {claims}, which only one pod at a time may use (ReadWriteOncePod).",
    "{nodes}The access mode lets one pod in the whole cluster use the volume.{claim_states}",
    "Stop the pod that holds the claim, or use access mode ReadWriteOnce if several pods of one node may share it.",
    "kubectl -n {namespace} describe pvc {claim} | grep -A5 'Used By'",
)
DISK_CONFLICT = _rule(
    "sched-disk-conflict",
    "Another pod already uses the same disk on every node that {workload_name} may use{holders}.",
    "{nodes}The pod names a disk directly in its volumes, and that disk can be mounted once.",
    "Use a PersistentVolumeClaim instead of naming the disk, or stop the pod that uses it.",
    "kubectl -n {namespace} get pod {pod} -o jsonpath='{{.spec.volumes}}'",
    severity=Severity.MEDIUM,
)
RULES = (MISSING, DELETING, UNBOUND, PV_CONFLICT, NO_PV, PV_LOST, VOLUME_LIMIT, RWOP_IN_USE, DISK_CONFLICT)


def claims_of(suspect: Suspect) -> Iterator[tuple[str, str]]:
    """(volume, claim) for each claim that the pod mounts; a generic ephemeral volume's claim is named after both."""
    for volume in suspect.pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield volume.name, volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield volume.name, f"{suspect.pod.metadata.name}-{volume.name}"


def explain_missing(case: Case) -> Finding:
    """A pod that mounts a claim which does not exist."""
    suspect, claim = case.suspect, case.cause.detail
    others = [name for namespace, name in suspect.snapshot.claims if namespace == suspect.namespace]
    similar = alike(claim, others)
    unread = suspect.unread("persistentvolumeclaims")
    return _finding(
        case,
        MISSING,
        [claim],
        near=f", but {similar} does" if similar else "",
        checked=" Whether a similar one exists could not be checked." if unread else "",
    )


def explain_deleting(case: Case) -> Finding:
    """A pod that mounts a claim which is on its way out."""
    found = _claim(case.suspect, case.cause.detail)
    deleted = found.metadata.deletion_timestamp if found else None
    return _finding(
        case,
        DELETING,
        [case.cause.detail],
        deleted=f" at {deleted:%H:%M:%S} UTC" if deleted else "",
        finalizers=f" (finalizer {listed(found.metadata.finalizers)})" if found and found.metadata.finalizers else "",
    )


def explain_unbound(case: Case) -> Finding:
    """A pod whose claims have no volume."""
    return _finding(case, UNBOUND, _unbound(case.suspect))


def explain_lost(case: Case) -> Finding:
    """A pod whose claim lost its volume."""
    lost = [name for _, name in claims_of(case.suspect) if (found := _claim(case.suspect, name)) and found.lost]
    return _finding(case, PV_LOST, [case.cause.detail] if case.cause.detail else lost)


def explain_single_use(case: Case) -> Finding:
    """A pod whose claim another pod may not share."""
    names = [name for _, name in claims_of(case.suspect)]
    single = [name for name in names if (found := _claim(case.suspect, name)) and found.single_pod] or names
    placed, namespace = case.suspect.snapshot.placed, case.suspect.namespace
    held = [(name, holder) for name in single if (holder := placed.holder_of_claim(namespace, name))]
    if not held:
        return _finding(case, RWOP_IN_USE, single, holder="Another pod")
    (claim, holder), *_ = held
    finding = _finding(
        case, RWOP_IN_USE, [claim], holder=f"Pod {holder.pod} of {called(case, holder)} on {holder.node}"
    )
    evidence = quote_holder(holder, "spec.volumes[*].persistentVolumeClaim.claimName", claim)
    offender = Offender("Pod", holder.pod, holder.namespace, "spec.volumes")
    return replace(finding, evidence=(*finding.evidence, evidence), offender=offender)


def explain_disk(case: Case) -> Finding:
    """A pod that names a disk which another pod has mounted, on each node that it may use."""
    disks = [str(volume.disk) for volume in case.suspect.pod.spec.volumes if volume.disk]
    placed, usable = case.suspect.snapshot.placed, [fit.name for fit in case.usable]
    pairs = ((disk, placed.holder_of_disk(node, disk)) for disk in disks for node in usable)
    held = [(disk, holder) for disk, holder in pairs if holder]
    said = [f"{disk} by {called(case, holder)} on {holder.node}" for disk, holder in held]
    found = _finding(case, DISK_CONFLICT, [], holders=f": {listed(said)}" if said else "")
    evidence = (quote_holder(holder, "spec.volumes", disk) for disk, holder in held[:SHOWN])
    return replace(found, evidence=(*found.evidence, *evidence))


def _of_all_claims(rule: Rule) -> Callable[[Case], Finding]:
    """What is said of all the pod's claims, where the scheduler does not say which."""
    return lambda case: _finding(case, rule, [])


def _unbound(suspect: Suspect) -> list[str]:
    """The claims that are known not to be bound."""
    names = (name for _, name in claims_of(suspect))
    return [name for name in names if (found := _claim(suspect, name)) and not found.bound]


def _claim(suspect: Suspect, name: str) -> Claim | None:
    return suspect.snapshot.claims.get((suspect.namespace, name))


def _finding(case: Case, rule: Rule, blamed: list[str], **params: str) -> Finding:
    """A finding about some of the pod's claims, or all of them where none is known to be the one."""
    suspect = case.suspect
    volumes = {claim: volume for volume, claim in claims_of(suspect)}
    names = blamed or list(volumes)
    first = names[0] if names else ""
    volume = volumes.get(first, "")
    path = f"volumes[{volume}].persistentVolumeClaim.claimName" if volume else "volumes"
    return case.finding(
        rule,
        *(_quote(suspect, volumes.get(name, ""), name) for name in names),
        *(evidence for name in names for evidence in _quote_claim(suspect, name)),
        field=path,
        offender=Offender("PersistentVolumeClaim", first, suspect.namespace or None) if first else None,
        signature=volume,
        claim=first,
        claims=listed(names) or "its claims",
        volume=volume or "of its own",
        claim_states=_states(suspect, names),
        words=params,
    )


def _quote(suspect: Suspect, volume: str, claim: str) -> Evidence:
    return suspect.quote(f"spec.volumes[{volume}].persistentVolumeClaim.claimName", claim)


def _quote_claim(suspect: Suspect, name: str) -> Iterator[Evidence]:
    if found := _claim(suspect, name):
        yield Evidence(
            "persistentvolumeclaim", f"PersistentVolumeClaim/{name}", "status.phase", found.status.phase or "none"
        )


def _states(suspect: Suspect, names: list[str]) -> str:
    """Each claim's phase, class and volume in words."""
    if suspect.unread("persistentvolumeclaims"):
        return " The state of the claims could not be read."
    said = (f"{name} is {_state(found)}" for name in names if (found := _claim(suspect, name)))
    return "".join(f" {sentence}." for sentence in said)


def _state(claim: Claim) -> str:
    storage_class = claim.spec.storage_class_name
    of_class = f"class {storage_class}" if storage_class else "no storage class"
    volume = f", volume {claim.spec.volume_name}" if claim.spec.volume_name else ""
    return f"{claim.status.phase or 'without a phase'} ({of_class}{volume})"


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    MISSING.code: explain_missing,
    DELETING.code: explain_deleting,
    UNBOUND.code: explain_unbound,
    PV_LOST.code: explain_lost,
    RWOP_IN_USE.code: explain_single_use,
    **{rule.code: _of_all_claims(rule) for rule in (PV_CONFLICT, NO_PV, VOLUME_LIMIT)},
    DISK_CONFLICT.code: explain_disk,
}
