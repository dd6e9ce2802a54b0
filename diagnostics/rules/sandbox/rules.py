"""The codes of a pod's sandbox and network, and what they say (catalogue B4)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_POD = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.SANDBOX,
    notify_after=timedelta(minutes=2),
)
# Faults of a node's network: every new pod there waits.
_NETWORK = partial(
    _POD,
    severity=Severity.CRITICAL,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
    verify=("kubectl describe node {node}", "kubectl -n {namespace} get pod {pod} -o wide"),
)
_NODE = partial(_POD, visible_after=timedelta(minutes=1), notify_after=timedelta(minutes=5))
_ON_NODE = "kubectl get pods -A -o wide --field-selector spec.nodeName={node}"
_SYSTEM_PODS = "kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={node}"
_IN_NODE = "kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host "
_RUNTIME_LOG = _IN_NODE + "journalctl -u containerd -n 100"
_EDIT = "kubectl -n {namespace} edit {workload}"

AWS_NO_IP = _NETWORK(
    code="cni-aws-no-ip",
    message="Node {node} has no free IP address for the pod: the AWS network plugin could not get one.",
    together="No IP address is free on {place} for {sufferers}: the AWS network plugin could not get one.",
    cause="Each instance type holds a fixed number of addresses, and they come from the subnet. One of the two is used "
    "up.",
    remedy="Enable prefix delegation (ENABLE_PREFIX_DELEGATION), add a subnet with free addresses, or use larger "
    "instances.",
    commands=(_ON_NODE, "kubectl -n kube-system logs daemonset/aws-node -c aws-node --tail=100"),
)
AWS_IPAMD_DOWN = _NETWORK(
    code="cni-aws-ipamd-down",
    message="{hedge}The AWS network plugin on node {node} does not answer, so the pod gets no network.",
    together="{hedge}The AWS network plugin on {place} does not answer, so {sufferers} get no network.",
    cause="The plugin asks the aws-node pod of its node for an address, and that pod is not running or not ready.",
    remedy="Look at the aws-node pod of this node; deleting it starts it afresh.",
    commands=(_SYSTEM_PODS, "kubectl -n kube-system logs daemonset/aws-node -c aws-node --tail=100"),
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=2),
)
AWS_NETPOL = _NETWORK(
    code="cni-aws-netpol",
    severity=Severity.HIGH,
    message="The AWS network policy agent on node {node} does not set up the pod's network.",
    together="The AWS network policy agent on {place} does not set up the network of {sufferers}.",
    cause="The network plugin hands new pods to the network policy agent in the aws-node pod, and that failed: {error}.",
    remedy="Look at the agent's container (aws-eks-nodeagent) in the aws-node pod of this node.",
    commands=(_SYSTEM_PODS, "kubectl -n kube-system logs daemonset/aws-node -c aws-eks-nodeagent --tail=100"),
    notify_after=timedelta(minutes=5),
)
AWS_IAM = _NETWORK(
    code="cni-aws-iam",
    message="The AWS network plugin on node {node} lacks permissions: {error}.",
    together="The AWS network plugin on {place} lacks permissions, so {sufferers} get no addresses: {error}.",
    cause="The role of the node, or of service account aws-node, does not allow what the plugin has to do, so new pods "
    "get no addresses.",
    remedy="Attach the policy AmazonEKS_CNI_Policy to that role.",
    commands=("kubectl -n kube-system get serviceaccount aws-node -o yaml",),
    visible_after=timedelta(),
    notify_after=timedelta(minutes=2),
)
RANGE_EXHAUSTED = _NETWORK(
    code="cni-range-exhausted",
    message="{hedge}Node {node} has no free pod IP address left{range}.",
    together="{hedge}No pod IP address is left on {place} for {sufferers}{range}.",
    cause="Every address of the node's pod network is taken: too many pods for its size, or addresses that were never "
    "given back after a restart of the node.",
    remedy="Delete pods that nobody needs there, or drain the node and clear its stale leases "
    "(/var/lib/cni/networks). In the long run give nodes a larger pod network.",
    commands=(
        _ON_NODE,
        "kubectl get node {node} -o jsonpath='{{.spec.podCIDR}}'",
        _IN_NODE + "ls /var/lib/cni/networks",
    ),
)
UNINITIALISED = _NETWORK(
    code="cni-uninitialised",
    message="Node {node} has no working network plugin, so the pod gets no network.",
    together="No network plugin works on {place}, so {sufferers} get no network.",
    cause="The container runtime has found no CNI configuration on the node: {error}. The plugin's DaemonSet has not "
    "run there, or its pod is failing.",
    remedy="Look for the network plugin's pod on this node and see why it is not ready.",
    commands=(_SYSTEM_PODS, _IN_NODE + "ls /etc/cni/net.d"),
)
AGENT_DOWN = _NETWORK(
    code="cni-agent-down",
    message="The network agent on node {node} does not answer, so the pod gets no network.",
    together="The network agent on {place} does not answer, so {sufferers} get no network.",
    cause="The network plugin needs its agent on the same node, and it is not there: {error}.",
    remedy="Look at the agent's pod on this node (cilium, calico-node, kube-flannel) and restart it.",
    commands=(_SYSTEM_PODS,),
    visible_after=timedelta(seconds=30),
)
UNAUTHORISED = _NETWORK(
    code="cni-unauthorised",
    message="{hedge}The network plugin on node {node} is not allowed to talk to the API server.",
    together="{hedge}The network plugin on {place} is not allowed to talk to the API server, so {sufferers} get no "
    "network.",
    cause="Its token is not accepted: {error}. Most often the token has expired because the plugin's agent was not "
    "running to renew it.",
    remedy="Restart the plugin's agent on this node; it writes a new token.",
    commands=(_SYSTEM_PODS,),
    visible_after=timedelta(seconds=30),
)
MISSING_BINARY = _NETWORK(
    code="cni-missing-binary",
    message="{hedge}Network plugin {plugin} is not installed on node {node}.",
    together="{hedge}Network plugin {plugin} is not installed on {place}, so {sufferers} get no network.",
    cause="The node's CNI configuration names the plugin {plugin}, and its program is not in /opt/cni/bin.",
    remedy="Install the CNI plugins on the node again, or correct its configuration in /etc/cni/net.d.",
    commands=(_IN_NODE + "ls /opt/cni/bin",),
    notify_after=timedelta(minutes=5),
)
RUNTIME_HANDLER = _POD(
    code="sandbox-runtime-handler",
    message="Node {node} has no runtime handler {handler}, which {wanted} asks for.",
    cause="The container runtime of the node was not configured with the handler {handler}.",
    remedy="Install and configure the handler on the node, or give the RuntimeClass a scheduling.nodeSelector that "
    "keeps its pods on nodes that have it.",
    commands=("kubectl get runtimeclass {runtime_class} -o yaml", _EDIT),
)
PAUSE_IMAGE = _NODE(
    code="sandbox-pause-image",
    message="Node {node} cannot get the pause image, without which no pod starts there.",
    together="The pause image cannot be had on {place}, without which {sufferers} do not start.",
    cause="Every pod's sandbox is a container of the pause image, and the node could not pull it: {error}.",
    remedy="Let the node reach the registry of the pause image, or preload the image and name it in the container "
    "runtime's configuration.",
    commands=(_RUNTIME_LOG,),
)
NAME_RESERVED = _NODE(
    code="sandbox-name-reserved",
    message="The container runtime of node {node} is stuck at an earlier attempt to create the pod's sandbox.",
    together="The container runtime on {place} is stuck at earlier attempts to create the sandboxes of {sufferers}.",
    cause="The runtime still holds the name of the sandbox from an attempt that never ended: {error}. Slow disks or a "
    "hanging network plugin are the usual reasons.",
    remedy="Look at the disk load and the network plugin of the node; restart the container runtime if it does not "
    "recover.",
    commands=(_RUNTIME_LOG,),
)
LIMIT_TOO_LOW = _POD(
    code="sandbox-limit-too-low",
    message="The pod's memory limit of {limit} is too low even to set up its sandbox.",
    cause="Already the sandbox runs out of memory. Neither the network nor the node is at fault: with a limit this low "
    "nothing can start.",
    remedy="Raise the memory limit; below some 10 MiB hardly anything starts.",
    commands=("kubectl -n {namespace} set resources {workload} -c {limited} --limits=memory=64Mi",),
)
TIMEOUT = _NODE(
    code="sandbox-timeout",
    message="Node {node} does not finish setting up the pod's sandbox in time.",
    together="The sandboxes of {sufferers} are not set up in time on {place}.",
    cause="The container runtime or the network plugin needed too long: {error}. The node is overloaded, its disk is "
    "slow, or the plugin hangs.",
    remedy="Look at the load of the node and at the pods of its network plugin.",
    commands=(_SYSTEM_PODS, _RUNTIME_LOG),
    visible_after=timedelta(minutes=2),
)
USERNS = _POD(
    code="sandbox-userns",
    message="Node {node} cannot give the pod a user namespace of its own (hostUsers: false).",
    cause="User namespaces need support of the kernel, of the container runtime and of the volumes' file systems: "
    "{error}.",
    remedy="Set hostUsers: true, or use nodes with a newer kernel and container runtime.",
    commands=("kubectl get nodes -o wide", _EDIT),
)
POD_CGROUP = _NODE(
    code="pod-cgroup",
    message="Node {node} cannot prepare the pod's cgroup or directories.",
    together="The cgroups or directories of {sufferers} cannot be prepared on {place}.",
    cause="Before anything of the pod starts, the kubelet failed: {error}. The fault is the node's: its disk, or its "
    "cgroup set-up.",
    remedy="Look at the kubelet's log and the disk of the node.",
    commands=("kubectl describe node {node}", _IN_NODE + "journalctl -u kubelet -n 100"),
)
CHANGED_LOOP = _POD(
    code="sandbox-changed-loop",
    message="The pod's sandbox on node {node} has been destroyed and made again {times} times since {began}.",
    together="The sandboxes of {sufferers} on {place} are destroyed and made again, again and again.",
    cause="Something on the node ends the sandbox each time: the container runtime restarts, or the sandbox is killed "
    "for memory.",
    remedy="Look at the container runtime's log and the kernel's log of the node.",
    commands=(_RUNTIME_LOG, _IN_NODE + "dmesg"),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=10),
)
DNS_TRUNCATED = _POD(
    code="dns-config-truncated",
    severity=Severity.LOW,
    stage=Stage.TRAFFIC,  # The pod runs; names may resolve otherwise than meant.
    message="Part of the pod's DNS settings was left out: {error}.",
    cause="A resolv.conf holds at most three name servers and a limited search list. What is beyond that the kubelet "
    "drops.",
    remedy="Shorten dnsConfig in the template, or the resolv.conf of the node that it is merged with.",
    commands=(_EDIT,),
    visible_after=timedelta(minutes=10),
    notify_after=NEVER,
)
DNS_MISSING = _POD(
    code="dns-cluster-missing",
    severity=Severity.CRITICAL,
    stage=Stage.TRAFFIC,
    message="The kubelet of node {node} does not know the cluster's DNS, so the pod cannot resolve Services.",
    together="The kubelet on {place} does not know the cluster's DNS, so {sufferers} cannot resolve Services.",
    cause="The pod asks for dnsPolicy ClusterFirst, and the kubelet has no clusterDNS configured; it falls back to the "
    "node's own name servers.",
    remedy="Set clusterDNS in the kubelet's configuration of the node and restart the kubelet.",
    commands=("kubectl get --raw /api/v1/nodes/{node}/proxy/configz",),
    notify_after=timedelta(minutes=3),
)
