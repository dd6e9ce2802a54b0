"""The codes of volumes that cannot be attached, mounted or written, and what they say (catalogue B6)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

_VOLUME = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.SANDBOX,
    visible_after=timedelta(seconds=20),
    notify_after=timedelta(minutes=2),
    references=("https://kubernetes.io/docs/concepts/storage/volumes/",),
)
# Storage takes its time: attaching a disk may need a minute when all is well.
_STORAGE = partial(_VOLUME, visible_after=timedelta(minutes=1), notify_after=timedelta(minutes=5))
# What is wrong with a volume without keeping the pod from running: a root only where nothing else is found.
_BESIDE = partial(_STORAGE, severity=Severity.MEDIUM, stage=Stage.TRAFFIC)
_EDIT = "kubectl -n {namespace} edit {workload}"
_ATTACHMENTS = "kubectl get volumeattachments"
_CSI_PODS = "kubectl get pods -A -o wide --field-selector spec.nodeName={node}"

CONFIGMAP_MISSING = _VOLUME(
    code="vol-configmap-missing",
    message="ConfigMap {name}, which volume {volume} mounts, does not exist in namespace {namespace}.",
    cause="The kubelet cannot set up the volume, so no container of the pod is created. {instead}",
    remedy="Create the ConfigMap, or correct its name in the template. The pod starts by itself once it exists.",
    commands=("kubectl -n {namespace} create configmap {name} --from-file={name}/", _EDIT),
    verify=("kubectl -n {namespace} get configmap {name}", "kubectl -n {namespace} get pod {pod}"),
)
SECRET_MISSING = _VOLUME(
    code="vol-secret-missing",
    message="Secret {name}, which volume {volume} mounts, does not exist in namespace {namespace}.",
    cause="The kubelet cannot set up the volume, so no container of the pod is created. {instead}",
    remedy="Create the Secret, or correct its name in the template. If an operator makes it (External Secrets, "
    "cert-manager, sealed-secrets), look at the object that it makes it from.",
    commands=("kubectl -n {namespace} create secret generic {name} --from-file={name}/", _EDIT),
    verify=("kubectl -n {namespace} get secret {name}", "kubectl -n {namespace} get pod {pod}"),
)
KEY_MISSING = _VOLUME(
    code="vol-key-missing",
    message="{kind} {name} has no key {key}, which volume {volume} mounts.",
    cause="The volume lists its keys one by one (items), and the kubelet mounts nothing where one is missing. "
    "{instead}",
    remedy="Add the key to the {kind}, or correct the volume's items in the template.",
    commands=("kubectl -n {namespace} edit {resource}", _EDIT),
    verify=("kubectl -n {namespace} describe {resource}", "kubectl -n {namespace} get pod {pod}"),
)
PROJECTED_TOKEN = _VOLUME(
    code="vol-projected-token",
    message="The token of service account {service_account} cannot be mounted: {error}.",
    cause="Every pod gets a token of its service account in a volume. The kubelet gets none for this account, most "
    "often because it was deleted after the pod was made.",
    remedy="Create the service account again, or name another one in the template.",
    commands=("kubectl -n {namespace} create serviceaccount {service_account}", _EDIT),
    verify=("kubectl -n {namespace} get serviceaccount {service_account}",),
)
NOT_REGISTERED = _VOLUME(
    code="vol-not-registered",
    severity=Severity.INFO,
    message="{waiter} waits for ConfigMaps or Secrets that the kubelet has not cached yet.",
    cause="This passes by itself after a restart of the kubelet, or while a pod is being deleted: {error}.",
    remedy="Wait two minutes. If it stays, look at the kubelet's connection to the API server on node {node}.",
    commands=("kubectl -n {namespace} describe pod {pod}",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
HOSTPATH_TYPE = _VOLUME(
    code="vol-hostpath-type",
    message="Volume {volume} wants {path} on node {node} to be a {wanted}, and it is not.",
    cause="The volume mounts a path of the node itself and demands its type ({wanted}). On this node the path is "
    "missing or of another type.",
    remedy="Make the path on every node that may run the pod, or set the volume's hostPath.type to "
    "DirectoryOrCreate or FileOrCreate.",
    commands=("kubectl debug node/{node} -it --image=busybox -- ls -ld /host{path}", _EDIT),
)
SUBPATH = _VOLUME(
    code="vol-subpath",
    stage=Stage.CONFIG,
    message="The subPath of volume {volume} cannot be mounted into container {container}.",
    cause="The kubelet finds no usable file or directory at that subPath: it is missing in the volume, it is not "
    "what it was when the container was made (a ConfigMap that changed), or it may not be created there.",
    remedy="Check that the path exists in the volume; deleting the pod makes the kubelet look again. Mounting the "
    "whole volume instead of a subPath avoids it.",
    commands=("kubectl -n {namespace} rollout restart {workload}", _EDIT),
)
MULTI_ATTACH = _STORAGE(
    code="vol-multi-attach",
    message="Volume {volume} is still attached to another node{holder}, so node {node} cannot have it.",
    cause="A ReadWriteOnce volume is attached to one node at a time. The node that holds it has not let go: the old "
    "pod still runs or terminates there, or the node does not answer.",
    remedy="Stop the old pod, or wait: after 6 minutes the volume is detached by force from a node that is not "
    "ready. A Deployment with such a volume needs strategy Recreate. A node that is certainly dead is released by "
    "its out-of-service taint.",
    commands=(_ATTACHMENTS, _EDIT),
    notify_after=timedelta(minutes=6),
)
ATTACH_FAILED = _STORAGE(
    code="vol-attach-failed",
    message="{hedge}Volume {volume} cannot be attached to node {node}: {error}.",
    together="{hedge}CSI driver {thing} does not attach the volumes of {sufferers}: {error}.",
    cause="The volume exists, but its driver or the cloud refuses to attach it.",
    remedy="Act on the driver's message; look at the VolumeAttachment and at the limits of the node's type.",
    commands=(_ATTACHMENTS,),
)
ATTACH_TIMEOUT = _STORAGE(
    code="vol-attach-timeout",
    message="{hedge}Volume {volume} was not attached or mounted on node {node} in time.",
    together="{hedge}CSI driver {thing} does not attach or mount the volumes of {sufferers} in time.",
    cause="{waited}",
    remedy="Look at the controller and the node plugin of the volume's CSI driver and restart what hangs.",
    commands=(_ATTACHMENTS, _CSI_PODS),
    visible_after=timedelta(minutes=2),
)
CSI_DRIVER_MISSING = _STORAGE(
    code="vol-csi-driver-missing",
    message="CSI driver {driver} is not registered on node {node}, so volume {volume} cannot be mounted.",
    together="CSI driver {thing} is not registered on the nodes of {sufferers}.",
    cause="The node's part of the driver, usually a DaemonSet, does not run on this node: it is not ready yet, the "
    "node's taints keep it away, or the driver was removed.",
    remedy="Find the driver's DaemonSet and see why it has no ready pod on this node.",
    commands=("kubectl get csinode {node} -o yaml", _CSI_PODS),
    notify_after=timedelta(minutes=3),
)
MOUNT_FAILED = _STORAGE(
    code="vol-mountdevice-failed",
    message="{hedge}Volume {volume} cannot be mounted on node {node}: {error}.",
    together="{hedge}Volumes of CSI driver {thing} cannot be mounted for {sufferers}: {error}.",
    cause="The volume is there, but mounting it fails: its file system is damaged or of another type, a mount helper "
    "is missing on the node, or the driver refuses.",
    remedy="Act on the message. A damaged file system needs fsck while nothing uses the volume.",
    commands=("kubectl describe node {node}", _CSI_PODS),
)
NFS = _STORAGE(
    code="vol-nfs",
    message="{hedge}Volume {volume} cannot be mounted over the network on node {node}: {error}.",
    cause="The file server does not answer, refuses this node or lacks the export, or the node has no mount helper for "
    "this kind of volume.",
    remedy="Check the export and its access list on the server, the way to it from the node, and the node's mount "
    "helper (nfs-common or nfs-utils).",
    commands=("kubectl debug node/{node} -it --image=busybox -- ping -c 3 {server}",),
)
PERMISSION_SLOW = _STORAGE(
    code="vol-permission-slow",
    severity=Severity.MEDIUM,
    message="Node {node} is still changing the owner of every file of volume {volume}.",
    cause="With fsGroup set, the kubelet changes owner and mode of all files before the containers start. On a large "
    "volume that takes long, at every start.",
    remedy="Set securityContext.fsGroupChangePolicy to OnRootMismatch in the template.",
    commands=(_EDIT,),
    visible_after=timedelta(minutes=3),
    notify_after=timedelta(minutes=10),
)
SELINUX = _BESIDE(
    code="vol-selinux",
    message="Pods that share volume {volume} ask for different SELinux labels.",
    cause="A volume is mounted with one SELinux label, and the pods that use it disagree: {error}.",
    remedy="Give the pods the same seLinuxOptions, or set seLinuxChangePolicy to Recursive.",
    commands=(_EDIT,),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=15),
)
RESIZE_FAILED = _BESIDE(
    code="vol-resize-failed",
    message="Volume {volume} cannot be made larger: {error}.",
    cause="The claim asks for more space than the volume has, and the driver or the file system refuses to grow it.",
    remedy="Act on the message; the StorageClass must have allowVolumeExpansion, and some drivers need the pod to be "
    "restarted.",
    commands=("kubectl -n {namespace} get persistentvolumeclaims",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=15),
)
ABNORMAL = _BESIDE(
    code="vol-abnormal",
    severity=Severity.HIGH,
    message="The driver of volume {volume} reports that it is not healthy: {error}.",
    cause="The CSI driver watches its volumes and says so of this one.",
    remedy="Act on the driver's message; back up what is on the volume before anything else.",
    commands=("kubectl -n {namespace} describe pod {pod}",),
    visible_after=timedelta(),
    notify_after=timedelta(minutes=2),
)
FULL = _VOLUME(
    code="vol-full",
    stage=Stage.START,
    message="Volume {volume} of container {container} is full.",
    cause="The container writes to {path}, which is claim {claim}, and the last lines of its log say that no space "
    "is left on it.",
    remedy="Enlarge the claim if its StorageClass allows that, or remove what is no longer needed.",
    commands=("kubectl -n {namespace} edit persistentvolumeclaim {claim}",),
    verify=("kubectl -n {namespace} get persistentvolumeclaim {claim}",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=1),
)
INODES_FULL = _VOLUME(
    code="vol-inodes-full",
    stage=Stage.START,
    message="Volume {volume} of container {container} has no inodes left.",
    cause="The container writes to {path}, which is claim {claim}; the volume holds more files than its file system "
    "can count, whatever their size.",
    remedy="Remove files that are no longer needed, or move to a volume that was formatted with more inodes.",
    commands=("kubectl -n {namespace} describe persistentvolumeclaim {claim}",),
    verify=("kubectl -n {namespace} get persistentvolumeclaim {claim}",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=1),
)
READONLY_FS = _VOLUME(
    code="vol-readonly-fs",
    severity=Severity.CRITICAL,
    stage=Stage.START,
    message="Volume {volume} of container {container} has become read-only, although it is mounted for writing.",
    cause="The container writes to {path}, which is claim {claim}, and its log says that the file system is "
    "read-only. A file system turns itself read-only after errors of the disk beneath it.",
    remedy="Look at the node's kernel log for disk errors, move the pod to another node and check the volume.",
    commands=("kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host dmesg",),
    verify=("kubectl describe node {node}",),
    visible_after=timedelta(),
)
