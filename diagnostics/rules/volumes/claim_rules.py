"""The codes of PersistentVolumeClaims that get no volume, or lose it, and what they say (catalogue B6)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

# A pod that cannot be scheduled for want of its claim: the claim's fault, not the scheduler's.
_CLAIM = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    explains=("sched-pvc-unbound", "sched-error", "sched-no-pv"),
    notify_after=timedelta(minutes=2),
    verify=("kubectl -n {namespace} get persistentvolumeclaim {claim}", "kubectl -n {namespace} get pod {pod} -o wide"),
    references=("https://kubernetes.io/docs/concepts/storage/persistent-volumes/",),
)
_DESCRIBE = "kubectl -n {namespace} describe persistentvolumeclaim {claim}"

SC_MISSING = _CLAIM(
    code="vol-sc-missing",
    message="PersistentVolumeClaim {claim} asks for StorageClass {storage_class}, which does not exist.",
    cause="No class of that name is in the cluster, so nothing makes a volume for the claim and its pod cannot be "
    "scheduled. {instead}",
    remedy="Create the StorageClass, or make the claim again with one that exists: the class of a claim cannot be "
    "changed. Take the data into account before deleting a claim that ever was bound.",
    commands=("kubectl get storageclasses", _DESCRIBE),
)
SC_NONE = _CLAIM(
    code="vol-sc-none",
    message="PersistentVolumeClaim {claim} names no StorageClass, and no existing volume fits it.",
    cause="{lack}",
    remedy="Mark one StorageClass as the default, name one in the claim, or create a PersistentVolume that fits.",
    commands=("kubectl get storageclasses", "kubectl get persistentvolumes", _DESCRIBE),
)
PROVISION_FAILED = _CLAIM(
    code="vol-provision-failed",
    message="No volume can be made for PersistentVolumeClaim {claim}: {error}.",
    together="Provisioner {thing} makes no volumes for {sufferers}: {error}.",
    cause="Provisioner {provisioner} of StorageClass {storage_class} was asked and refused: a quota, a size, a zone "
    "or a permission, as its message says.",
    remedy="Act on the message; the provisioner tries again by itself.",
    commands=(_DESCRIBE, "kubectl get storageclass {storage_class} -o yaml"),
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=3),
)
PROVISION_STUCK = _CLAIM(
    code="vol-provision-stuck",
    message="PersistentVolumeClaim {claim} waits for provisioner {provisioner}, which makes no volume.",
    together="Provisioner {thing} makes no volumes for {sufferers}.",
    cause="StorageClass {storage_class} hands the claim to {provisioner}, and that has neither made a volume nor "
    "reported an error since {began}. Its controller does not run, or is not the one that the class names.",
    remedy="Install the driver or repair its controller pods; if the name is wrong, make the claim again with "
    "another class.",
    commands=("kubectl get csidrivers", "kubectl get storageclass {storage_class} -o yaml", _DESCRIBE),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=5),
)
PVC_PENDING = _CLAIM(
    code="vol-pvc-pending",
    message="PersistentVolumeClaim {claim} is not bound to a volume.",
    cause="The claim is Pending, and no event says why: {unexplained}.",
    remedy="Look at the claim's class, size and access modes, and at the pods of the provisioner.",
    commands=(_DESCRIBE, "kubectl get persistentvolumes"),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
WAIT_CONSUMER = _CLAIM(
    code="vol-wait-consumer",
    severity=Severity.INFO,
    message="PersistentVolumeClaim {claim} gets its volume once {consumer}.",
    cause="Its StorageClass binds on first use (WaitForFirstConsumer), so the claim waits for the pod, not the pod "
    "for the claim.",
    remedy="Nothing to do for the claim: {todo}.",
    commands=(_DESCRIBE,),
    verify=("kubectl -n {namespace} get persistentvolumeclaim {claim}",),
    explains=(),
    notify_after=NEVER,
)
PVC_LOST = _CLAIM(
    code="vol-pvc-lost",
    severity=Severity.CRITICAL,
    message="PersistentVolumeClaim {claim} has lost its volume {volume_name}.",
    cause="The claim was bound, and the PersistentVolume that it was bound to no longer exists or belongs to another "
    "claim. What was on it may be gone.",
    remedy="Restore the PersistentVolume or its data from a backup; only then make the claim again.",
    commands=(_DESCRIBE, "kubectl get persistentvolumes"),
    notify_after=timedelta(minutes=1),
)
PVC_TERMINATING = _CLAIM(
    code="vol-pvc-terminating",
    severity=Severity.MEDIUM,
    stage=Stage.TRAFFIC,
    message="PersistentVolumeClaim {claim} is being deleted and only waits for its last pod to end.",
    cause="Somebody deleted the claim while pods use it. The finalizer kubernetes.io/pvc-protection holds it until "
    "they are gone; then the claim goes, and with reclaim policy Delete its data too.",
    remedy="Back up the data before the pod ends, or set the volume's reclaim policy to Retain now.",
    commands=(_DESCRIBE,),
    explains=(),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=30),
)
