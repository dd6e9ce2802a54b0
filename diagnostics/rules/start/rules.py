"""The codes of containers that cannot be started, and what they say (catalogue B7, start-*)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

_START = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.START,
    notify_after=timedelta(minutes=2),
)
# Faults of the node, which may pass: they get a little time.
_NODE = partial(_START, visible_after=timedelta(minutes=1), notify_after=timedelta(minutes=5))
_EDIT = "kubectl -n {namespace} edit {workload}"
_UNDO = "kubectl -n {namespace} rollout undo {workload}"
_RUNTIME_LOG = (
    "kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host journalctl -u containerd -n 100"
)

COMMAND_NOT_FOUND = _START(
    code="start-command-not-found",
    message="Container {container} cannot run its command: {command} is not in image {image}.",
    cause="{where} {origin}",
    remedy="Correct the command in the template or use an image that has it. An image without a shell cannot run "
    "sh -c; a script may be there while the interpreter in its first line is not.",
    commands=(_UNDO, _EDIT),
    references=("https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",),
)
PERMISSION = _START(
    code="start-permission",
    message="Container {container} cannot run its command: {command} may not be executed.",
    cause="The file is there, but the user of the container has no right to execute it: its execute bit is missing, "
    "or it lies on a volume that forbids execution. {origin}",
    remedy="Set the execute bit in the image (chmod +x), or run the container as a user that may execute it. A script "
    "from a ConfigMap volume needs defaultMode 0755.",
    commands=(_UNDO, _EDIT),
)
EXEC_FORMAT = _START(
    code="start-exec-format",
    message="Container {container} cannot run its command: {command} is no program for node {node} ({platform}).",
    cause="The kernel does not know the file's format: it was built for another processor architecture than "
    "{platform}, or it is a script without an interpreter line (or with Windows line ends).",
    remedy="Build the image for {platform}, or give the script a first line like #!/bin/sh with Unix line ends.",
    commands=(_UNDO, _EDIT),
    verify=("kubectl get nodes -L kubernetes.io/arch",),
)
ARGS_TOO_LONG = _START(
    code="start-args-too-long",
    message="Container {container} cannot start: its arguments and environment are longer than Linux allows.",
    cause="Arguments and environment variables together must fit into what the kernel hands to a new program (E2BIG). "
    "Often a whole file was put into one variable, or envFrom takes in a large ConfigMap.",
    remedy="Mount long values as files from a ConfigMap or Secret; set enableServiceLinks: false in a namespace with "
    "very many Services.",
    commands=(_EDIT,),
)
MOUNT_TYPE = _START(
    code="start-mount-type",
    message="Container {container} cannot start: its mount at {path} is impossible, because {why}.",
    cause="The container runtime could not mount a volume at {path}: {why}.",
    remedy="Choose another mountPath, or mount a single file onto a file with subPath.",
    commands=(_EDIT,),
)
READONLY_ROOTFS = _START(
    code="start-readonly-rootfs",
    message="Container {container} cannot start: {path} has to be created, but its file system is read-only.",
    cause="The directory for a mount does not exist in the image, and the runtime may not create it there: the root "
    "file system, or the volume that it lies in, is read-only.",
    remedy="Create the directory in the image, or mount an emptyDir above it.",
    commands=(_EDIT,),
)
WORKDIR = _START(
    code="start-workdir",
    message="Container {container} cannot start: its working directory {path} {why}.",
    cause="The runtime enters the working directory before it runs the command, and {path} {why}. {origin}",
    remedy="Correct workingDir in the template (or WORKDIR in the image), or let the container's user into it.",
    commands=(_EDIT,),
)
OOM_INIT = _START(
    code="start-oom-init",
    message="Container {container} runs out of memory before its command starts: its limit is {limit}.",
    cause="Already the container runtime's own start-up code needs more than the memory limit of {limit} allows.",
    remedy="Raise the memory limit; below some 10 MiB hardly anything starts.",
    commands=("kubectl -n {namespace} set resources {workload} -c {container} --limits=memory=64Mi",),
)
DEVICE = _START(
    code="start-device",
    message="{hedge}Container {container} cannot start: node {node} cannot give it its device.",
    cause="The driver or the device plugin of the node failed: {error}.",
    remedy="Check the driver on the node, then the device plugin's pod there; restart both after a driver update.",
    commands=("kubectl describe node {node}", _RUNTIME_LOG),
)
CGROUP = _NODE(
    code="start-cgroup",
    message="{hedge}Container {container} cannot start: node {node} cannot set up its resource limits.",
    cause="The container runtime could not write the container's cgroup: {error}.",
    remedy="Look at systemd and the container runtime on the node; drain and restart the node if it stays.",
    commands=("kubectl describe node {node}", _RUNTIME_LOG),
)
NAME_RESERVED = _NODE(
    code="start-name-reserved",
    message="Container {container} is not created: the container runtime of node {node} is stuck or too slow.",
    cause="The runtime did not finish an earlier attempt to create the container: {error}. Slow disks are the usual "
    "reason.",
    remedy="Look at the disk load of the node; restart the container runtime if it does not recover.",
    commands=("kubectl describe node {node}", _RUNTIME_LOG),
)
SECCOMP_APPARMOR = _START(
    code="start-seccomp-apparmor",
    message="Container {container} cannot start: its security profile is not on node {node}.",
    cause="The template asks for a seccomp or AppArmor profile that the node does not have: {error}.",
    remedy="Install the profile on every node that may run the pod, or use RuntimeDefault.",
    commands=(_EDIT,),
)
POSTSTART = _START(
    code="start-poststart",
    message="Container {container} is killed because its postStart hook fails.",
    cause="The container started, but the hook did not succeed, and a container whose postStart hook fails is killed: "
    "{error}.",
    remedy="Run the hook by hand in the container and correct it, or do its work in the command or an init container.",
    commands=("kubectl -n {namespace} logs {pod} -c {container} --previous --tail=100", _EDIT),
)
PRESTART_INTERNAL = _NODE(
    code="start-prestart-internal",
    message="Container {container} cannot start: the kubelet of node {node} fails to prepare it.",
    cause="A resource manager of the kubelet (CPU, memory, devices) refused: {error}. The fault is the node's.",
    remedy="Look at the kubelet's log on the node.",
    commands=(
        "kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host journalctl -u kubelet -n 100",
    ),
)
STUCK_CREATING = _START(
    code="start-stuck-creating",
    message="The containers of the pod are not created on node {node}: {why}.",
    cause="The pod has a node, and its containers still wait to be created. {stage}",
    remedy="Look at the kubelet and the container runtime of the node. Deleting the pod lets another node try.",
    commands=(
        "kubectl describe node {node}",
        "kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host journalctl -u kubelet -n 100",
    ),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=10),
)
