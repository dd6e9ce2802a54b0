"""The codes of the node family (catalogue B12) and what they say."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

DESCRIBE = "kubectl describe node {name}"
_CORDON = "kubectl cordon {name}"
DRAIN = "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data"
_PODS = "kubectl get pods --all-namespaces -o wide --field-selector spec.nodeName={name}"
_NODES = "https://kubernetes.io/docs/concepts/architecture/nodes/"
_PRESSURES = "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"
_PROBLEMS = "https://github.com/kubernetes/node-problem-detector"

# What the pods of a node that is lost suffer from it; never what they would suffer elsewhere as well.
_OF_A_LOST_NODE = (
    "probe-*",
    "ready-no-cause",
    "ready-partial-mesh",
    "ready-flapping",
    "node-pods-concentrated",
    "term-node-gone",
    "term-kill-failed",
    "term-grace",
    "taint-evicted",
    "crash-status-unknown",
    "node-flapping",
    "node-network-unavailable",
    "deploy-*",
    "sts-ordinal-blocked",
    "ds-stuck",
)

NODE = partial(
    Rule,
    # Nodes have no stages; nothing else about a node is the cause of these.
    stage=Stage.GATED,
    commands=(DESCRIBE, _PODS),
    verify=("kubectl get node {name}",),
    references=(_NODES,),
)
_LOST = partial(NODE, severity=Severity.CRITICAL, explains=_OF_A_LOST_NODE)
_NOT_READY = partial(_LOST, visible_after=timedelta(seconds=30), notify_after=timedelta(minutes=2))
_PRESSURE = partial(
    NODE,
    severity=Severity.HIGH,
    references=(_PRESSURES,),
    notify_after=timedelta(minutes=10),
)
_NEWS = partial(NODE, severity=Severity.INFO, notify_after=NEVER)

UNREACHABLE = _LOST(
    code="node-unreachable",
    message="Node {name} is unreachable: its kubelet has reported nothing for {age}{bearing}.",
    cause="The kubelet stopped posting the node's status: the machine is off, hangs or is cut off from the API server, "
    "or the kubelet itself does not run. {others}",
    remedy="Look at the machine in the cloud's console or over its serial line; restart or replace it. Pods of a "
    "StatefulSet and attached volumes are only set free once the node is back, or its Node object is deleted.",
)
NOT_READY_RUNTIME = _NOT_READY(
    code="node-not-ready-runtime",
    message="Node {name} is not ready{because}: {said}{bearing}.",
    cause="The kubelet runs but reports that it cannot work: {said}.",
    remedy="Look at the container runtime and the kubelet on the node (systemctl status containerd kubelet), restart "
    "what hangs, and see whether memory, disk or process ids ran out.",
)
NOT_READY_PLEG = _NOT_READY(
    code="node-not-ready-pleg",
    message="Node {name} is not ready because its kubelet cannot list its containers in time: {said}{bearing}.",
    cause="The kubelet asks the runtime for the state of all containers again and again (PLEG); when that takes "
    "longer than three minutes it declares the node not ready. Too many containers, a slow disk or a hanging runtime "
    "are behind it. {pods} are on the node.",
    remedy="Look at the runtime and at disk latency on the node; put fewer pods on it, or restart the runtime.",
)
NOT_READY_CNI = _NOT_READY(
    code="node-not-ready-cni",
    message="Node {name} is not ready because its pod network is not set up: {said}{bearing}.",
    cause="The container runtime found no working CNI plugin on the node: the network plugin's DaemonSet has not "
    "written its configuration there, or its agent does not run.",
    remedy="Look at the network plugin's pod on this node (calico-node, cilium, aws-node, kube-flannel...) and its "
    "log; without such a pod, see why its DaemonSet has none here.",
    commands=(_PODS, DESCRIBE),
    explains=(*_OF_A_LOST_NODE, "cni-uninitialised"),
)
NOT_READY_CSI = _NOT_READY(
    code="node-not-ready-csi",
    severity=Severity.HIGH,
    message="Node {name} is not ready because its storage drivers are not registered yet: {said}{bearing}.",
    cause="The kubelet could not set up the node's CSINode object, by which drivers are known.",
    remedy="See whether the kubelet may write CSINode objects, and the kubelet's log on the node.",
    commands=("kubectl get csinode {name} -o yaml", DESCRIBE),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
NOT_READY_STORAGE = _NOT_READY(
    code="node-not-ready-storage",
    severity=Severity.HIGH,
    message="Node {name} is not ready because of its storage: {said}{bearing}.",
    cause="The kubelet cannot read or measure the disks that it keeps images and containers on.",
    remedy="Look at the node's disks and mounts, and at the kubelet's log.",
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
MEMORY_PRESSURE = _PRESSURE(
    code="node-memory-pressure",
    message="Node {name} is short of memory{bearing}.",
    cause="Less memory is available than the kubelet's eviction threshold; it evicts pods that use more than they "
    "requested and takes on no new ones without requests.",
    remedy="Find what uses the memory, give pods requests that are true to what they use, or move some away.",
    commands=("kubectl top pods --all-namespaces --sort-by=memory", DESCRIBE),
    explains=("evicted-memory", "evicted-condition"),
)
DISK_PRESSURE = _PRESSURE(
    code="node-disk-pressure",
    message="Node {name} is short of disk space{bearing}.",
    cause="Less disk space or fewer inodes are left than the kubelet's eviction threshold; it deletes unused images, "
    "evicts pods and takes on no new ones.",
    remedy="Find what fills the disk (images, container logs, emptyDir volumes, the machine's own logs) and clear it, "
    "or give the node more.",
    explains=("evicted-disk", "evicted-inodes", "evicted-condition"),
)
PID_PRESSURE = _PRESSURE(
    code="node-pid-pressure",
    message="Node {name} is short of process ids{bearing}.",
    cause="Fewer process ids are left than the kubelet's eviction threshold: some program starts processes or threads "
    "without end.",
    remedy="Find the pod with most processes; limit them with the kubelet's podPidsLimit.",
    explains=("evicted-pids", "evicted-condition"),
)
NETWORK_UNAVAILABLE = _NOT_READY(
    code="node-network-unavailable",
    message="Node {name} has no working network: {said}{bearing}.",
    cause="The network plugin or the cloud's route controller says that the routes to this node's pods are not there.",
    remedy="Look at the network plugin's pod on the node, or at the cloud's route table and the cloud controller.",
)
FLAPPING = NODE(
    code="node-flapping",
    severity=Severity.HIGH,
    message="Node {name} changed between ready and not ready {changes} times in the last 15 minutes.",
    cause="The kubelet posts its status now and then only: an overloaded machine, a bad network path to the API "
    "server, or a runtime that hangs by turns.",
    remedy="Cordon the node so that no new pods land on it, then look at its load and its network.",
    commands=(_CORDON, DESCRIBE),
    notify_after=timedelta(minutes=15),
)
CORDONED_LONG = NODE(
    code="node-cordoned-long",
    severity=Severity.LOW,
    message="Node {name} has been cordoned for {age}, and takes no new pods.",
    cause="Somebody or some tool marked it unschedulable, for a drain or an upgrade, and nobody took that back.",
    remedy="Uncordon it if the work is done, or remove the node.",
    commands=("kubectl uncordon {name}", DESCRIBE),
    visible_after=timedelta(hours=24),
    notify_after=NEVER,
)
REBOOTED = _NEWS(
    code="node-rebooted",
    message="Node {name} was rebooted.",
    cause="The machine has another boot id than before; every container on it was started anew.",
    remedy="Nothing, if the reboot was meant; else look at the machine's log from before it.",
)
LEAVING = _NEWS(
    code="node-shutdown-spot",
    message="Node {name} is being taken away: {why}.",
    cause="A spot market, an autoscaler or a shutdown takes the machine; its pods are moved elsewhere.",
    remedy="Nothing, if the workloads have replicas elsewhere.",
    explains=(*_OF_A_LOST_NODE, "node-cordoned-long"),
)
CUSTOM = NODE(
    code="node-condition-custom",
    severity=Severity.MEDIUM,
    message="Node {name} reports {condition}={status}: {said}.",
    cause="The condition is none of Kubernetes' own. By its name, {good} would be the good value; an agent on the "
    "node set it.",
    remedy="Ask the documentation of the agent that sets the condition.",
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
IMAGE_GC = NODE(
    code="node-image-gc",
    severity=Severity.MEDIUM,
    message="Node {name} cannot free disk space: {said}.",
    cause="The kubelet tries to delete images and containers that nobody uses; that fails or is not enough.",
    remedy="Clear the disk by hand, enlarge it, or see what the runtime says against deleting.",
    references=(_PRESSURES,),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
FULL = NODE(
    code="node-full",
    severity=Severity.LOW,
    message="Node {name} runs {count} of at most {most} pods.",
    cause="The kubelet's maxPods, or the number of addresses that the network plugin has, limits the pods of a node; "
    "new ones wait even where CPU and memory are free.",
    remedy="Add nodes, raise maxPods where the network allows it, or spread the pods.",
    commands=(_PODS,),
    visible_after=timedelta(minutes=15),
    notify_after=NEVER,
)


def _problem(slug: str, message: str, cause: str, remedy: str = "Drain the node and replace it.") -> Rule:
    """A rule about something that node-problem-detector, an agent on the node, has seen."""
    return NODE(
        code=f"node-npd-{slug}",
        severity=Severity.HIGH,
        message=f"{message}: {{said}}.",
        cause=cause,
        remedy=remedy,
        commands=(DESCRIBE, _CORDON, DRAIN),
        references=(_PROBLEMS,),
        notify_after=timedelta(minutes=5),
    )


_RESTARTED = "It is started again and again, so that pods on the node start late or lose their network."
_DAMAGED = "The machine's hardware or its driver is failing."
# Conditions of node-problem-detector, which are bad when True.
BY_CONDITION = {
    "KernelDeadlock": _problem(
        "kernel-deadlock",
        "The kernel of node {name} is deadlocked",
        "Processes of the kernel wait for each other; containers can neither start nor stop.",
        "Drain the node as far as it goes and reboot it.",
    ),
    "XfsShutdown": _problem(
        "xfs-shutdown",
        "An XFS file system of node {name} has shut itself down",
        "XFS stops all access to a file system that it found damaged.",
    ),
    "ReadonlyFilesystem": _problem(
        "readonly-filesystem",
        "A file system of node {name} became read-only",
        "The kernel makes a file system read-only when the disk below it fails.",
    ),
    "CorruptDockerOverlay2": _problem(
        "corrupt-docker-overlay2",
        "The image layers of node {name} are damaged",
        "Docker's overlay2 directory does not match what it has recorded; images cannot be used.",
        "Delete the runtime's image store on the node and let it pull anew, or replace the node.",
    ),
    "CperHardwareErrorFatal": _problem("cper-hardware-error-fatal", "The hardware of node {name} failed", _DAMAGED),
    "FrequentKubeletRestart": _problem(
        "frequent-kubelet-restart",
        "The kubelet of node {name} restarts often",
        _RESTARTED,
        "Read the kubelet's log on the node.",
    ),
    "FrequentContainerdRestart": _problem(
        "frequent-containerd-restart",
        "The container runtime of node {name} restarts often",
        _RESTARTED,
        "Read containerd's log on the node.",
    ),
    "KubeletUnhealthy": _problem(
        "kubelet-unhealthy",
        "The kubelet of node {name} does not answer its health probe",
        "node-problem-detector asks the kubelet's health endpoint and restarts it when that does not answer.",
        "Read the kubelet's log on the node.",
    ),
}
# Events of node-problem-detector.
BY_EVENT = {
    "OOMKilling": _problem(
        "oom-killing",
        "Node {name} ran out of memory and its kernel killed a process",
        "The machine as a whole ran out of memory, not one container at its limit.",
        "Find what uses the memory; give pods requests that are true to what they use, and reserve some for the system.",
    ),
    "TaskHung": _problem(
        "task-hung",
        "A process on node {name} hangs in the kernel",
        "It waits for a disk, a network file system or a device that does not answer.",
        "Look at the node's disks and network mounts.",
    ),
    "UnregisterNetDevice": _problem(
        "unregister-net-device",
        "The kernel of node {name} cannot let go of a network device",
        "A known fault of kernels: the network device of a pod that is gone stays in use.",
        "Reboot the node; update its kernel.",
    ),
    "KernelOops": _problem(
        "kernel-oops", "The kernel of node {name} made an error", "A fault in the kernel or a driver."
    ),
    "Ext4Error": _problem("ext4-error", "An ext4 file system of node {name} is damaged", _DAMAGED),
    "IOError": _problem("io-error", "A disk of node {name} fails to read or write", _DAMAGED),
    "MemoryReadError": _problem("memory-read-error", "Memory of node {name} cannot be read", _DAMAGED),
}
