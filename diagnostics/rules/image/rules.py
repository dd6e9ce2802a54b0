"""The codes of the image family (catalogue B5) and what they say."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_IMAGE = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.IMAGE,
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=2),
    references=("https://kubernetes.io/docs/concepts/containers/images/",),
)
_LOOK_AT_NODE = ("kubectl describe node {node}",)
# Creates the secret or replaces it; user and password come from the environment of whoever runs it.
_RENEW = (
    "kubectl -n {namespace} create secret docker-registry {pull_secret} --docker-server={docker_server} "
    '--docker-username="$REGISTRY_USER" --docker-password="$REGISTRY_PASSWORD" --dry-run=client -o yaml '
    "| kubectl apply -f -"
)
_EDIT = "kubectl -n {namespace} edit {workload}"

NOT_FOUND = _IMAGE(
    code="image-not-found",
    message="{hedge}Image {image} does not exist in the registry {registry}.",
    cause="The registry was reached and answered that it has no {version} of {repository}. The name or the tag is "
    "misspelt, or the image was never pushed or has been deleted.",
    remedy="Correct the image in the template or push what is missing. Where an older revision still serves, go back "
    "to it first.",
    commands=("kubectl -n {namespace} rollout undo {workload}", _EDIT),
    verify=("kubectl -n {namespace} rollout history {workload}", "kubectl -n {namespace} get pod {pod} -o wide"),
)
AUTH = _IMAGE(
    code="image-auth",
    message="{hedge}Registry {registry} refuses to hand out image {image}: {refusal}.",
    together="{hedge}Registry {registry} refuses to hand out images to {sufferers}: {refusal}.",
    cause="{credentials}",
    remedy="Give the pod's service account an image pull secret with valid credentials for {registry}; those that "
    "are already named have to be renewed. The command reads user and password from the shell's environment.",
    commands=(
        _RENEW,
        "kubectl -n {namespace} get serviceaccount {service_account} -o jsonpath='{{.imagePullSecrets}}'",
    ),
)
SECRET_MISSING = _IMAGE(
    code="image-secret-missing",
    message="Image pull secret {secrets} of the pod could not be read in namespace {namespace}, and registry "
    "{registry} refuses image {image}.",
    cause="The kubelet found no Secret of that name, so it asked the registry without its credentials.",
    remedy="Create the secret in this namespace (secrets are not shared between namespaces), or correct its name in "
    "imagePullSecrets of the template or of service account {service_account}.",
    commands=(_RENEW,),
    verify=("kubectl -n {namespace} get secrets", "kubectl -n {namespace} get pod {pod} -o wide"),
    explains=("image-auth", "image-not-found"),
    visible_after=timedelta(),
)
SECRET_BAD = _IMAGE(
    code="image-secret-bad",
    message="An image pull secret of the pod cannot be understood, so image {image} is not even asked for.",
    cause="The kubelet could not parse the secret ({secrets}): {error}. Its .dockerconfigjson is damaged, or was "
    "encoded once too often.",
    remedy="Create the secret again with kubectl create secret docker-registry instead of by hand.",
    commands=(_RENEW,),
    visible_after=timedelta(),
)
RATE_LIMIT = _IMAGE(
    code="image-rate-limit",
    message="Registry {registry} refuses image {image}: its pull rate limit is used up.",
    together="Registry {registry} refuses images to {sufferers}: its pull rate limit is used up.",
    cause="Registries count pulls per account, or per address where nobody signs in. {credentials} Nodes behind one "
    "address share one limit.",
    remedy="Wait for the limit to renew, pull with an account, or use a mirror. With pull policy IfNotPresent and a "
    "fixed tag a node pulls an image only once; here the policy is {pull_policy}.",
    commands=(_RENEW,),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
REGISTRY_UNREACHABLE = _IMAGE(
    code="image-registry-unreachable",
    message="Registry {registry} is not available to node {node}: {how}.",
    together="Registry {registry} is not available to {sufferers}: {how}.",
    cause="The node got no usable answer for image {image}: {how}. The registry is down, or a firewall, a proxy or a "
    "missing route stands between it and the node.",
    remedy="Ask the registry from the node itself. If it answers there, look at the proxy settings of the container "
    "runtime; if it does not, at the network and at the registry.",
    commands=(
        "kubectl get events -A --field-selector reason=Failed --sort-by=.lastTimestamp",
        "kubectl debug node/{node} -it --image=busybox -- wget -S -T 5 -O - https://{api}/v2/",
    ),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
REGISTRY_DNS = _IMAGE(
    code="image-registry-dns",
    message="Registry name {host} does not resolve on node {node}.",
    together="Registry name {host} does not resolve for {sufferers}.",
    cause="{resolver} The registry's name in image {image} is misspelt, or the node's own name server does not know "
    "it: nodes do not use the cluster's DNS.",
    remedy="Check the spelling of the registry's name first, then the name servers in the node's /etc/resolv.conf.",
    commands=(_EDIT, "kubectl debug node/{node} -it --image=busybox -- nslookup {host}"),
)
TLS = _IMAGE(
    code="image-tls",
    message="Node {node} does not accept the certificate of registry {registry}: {problem}.",
    together="The certificate of registry {registry} is not accepted for {sufferers}: {problem}.",
    cause="Image {image} is not pulled over a connection that cannot be trusted: {problem}.",
    remedy="{tls_remedy}",
    commands=("kubectl debug node/{node} -it --image=alpine/openssl -- s_client -connect {tls_endpoint} -showcerts",),
)
HTTP_REGISTRY = _IMAGE(
    code="image-http-registry",
    message="Registry {registry} speaks plain HTTP, but node {node} asks it over HTTPS.",
    together="Registry {registry} speaks plain HTTP, but is asked over HTTPS for {sufferers}.",
    cause="A container runtime uses HTTPS unless it was told otherwise for this registry, so image {image} cannot be "
    "pulled.",
    remedy="Serve the registry over TLS, or declare it as plain HTTP in the container runtime of every node "
    "(containerd: certs.d/{registry}/hosts.toml).",
    commands=("kubectl debug node/{node} -it --image=busybox -- ls /host/etc/containerd/certs.d",),
)
TIMEOUT = _IMAGE(
    code="image-timeout",
    severity=Severity.MEDIUM,
    message="Image {image} did not arrive on node {node} in time.",
    together="The images of {sufferers} do not arrive from registry {registry} in time.",
    cause="The pull was given up: {error}. The image is large, or the way from {registry} to the node is slow or "
    "interrupted.",
    remedy="Make the image smaller, mirror it near the cluster, or pull it ahead of time. Compare with the seconds "
    "that other images need on this node.",
    commands=("kubectl get events -A --field-selector reason=Pulled --sort-by=.lastTimestamp",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
PLATFORM = _IMAGE(
    code="image-platform",
    message="Image {image} has no build for {node_platform}.",
    cause="The image exists, but its manifest lists no entry for {platform}: it was built for other operating systems "
    "or processor architectures.",
    remedy="Build and push the image for {platform} as well, or keep the pod on nodes that it was built for with "
    "nodeSelector kubernetes.io/arch.",
    commands=(_EDIT,),
    verify=("kubectl get nodes -L kubernetes.io/arch,kubernetes.io/os",),
)
NO_SPACE = _IMAGE(
    code="image-no-space",
    message="Node {node} has no disk space left for image {image}.",
    together="No disk space is left on {place} for the images of {sufferers}.",
    cause="The image was found, but its layers could not be written: {error}.",
    remedy="Free space on the node's image file system (the kubelet removes unused images only above its threshold), "
    "or give its nodes larger disks.",
    commands=("kubectl debug node/{node} -it --image=busybox -- df -h /host",),
    verify=_LOOK_AT_NODE,
    notify_after=timedelta(minutes=3),
)
INVALID_NAME = _IMAGE(
    code="image-invalid-name",
    message='"{image}" is not a valid image name: {why}.',
    cause="The kubelet cannot even tell which registry to ask. The template holds the name exactly as it was applied.",
    remedy="Correct the name: lower-case letters in the repository, one tag after a colon, no variables that a "
    "pipeline should have filled in.",
    commands=(_EDIT,),
    visible_after=timedelta(),
    notify_after=timedelta(minutes=1),
)
NEVER_PULL = _IMAGE(
    code="image-never-pull",
    message="Image {image} is not on node {node}, and imagePullPolicy Never forbids to pull it.",
    cause="With imagePullPolicy Never a container starts only where the image has been loaded beforehand.",
    remedy="Set imagePullPolicy to IfNotPresent, or load the image onto every node that may run the pod.",
    commands=(_EDIT,),
    visible_after=timedelta(),
)
INSPECT = _IMAGE(
    code="image-inspect",
    message="The container runtime of node {node} cannot say whether it has image {image}.",
    together="The container runtime on {place} cannot say whether it has the images of {sufferers}.",
    cause="The kubelet asked its container runtime and got an error: {error}. The fault is the node's, not the "
    "image's.",
    remedy="Look at the container runtime on the node and restart it if it hangs.",
    commands=(
        "kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host systemctl status containerd",
    ),
    verify=_LOOK_AT_NODE,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
SIGNATURE = _IMAGE(
    code="image-signature",
    message="Node {node} does not accept the signature of image {image}.",
    cause="The container runtime's signature policy refused the image: {error}.",
    remedy="Sign the image with a key that the policy trusts, or correct the policy (policy.json) on the nodes.",
    commands=(_EDIT,),
    visible_after=timedelta(),
)
CORRUPT = _IMAGE(
    code="image-corrupt",
    message="Image {image} arrived damaged on node {node}, or in a form that it cannot unpack.",
    cause="The image was found, but its content was refused: {error}.",
    remedy="Remove what was stored of the image on the node and let it be pulled again. If every node refuses it, "
    "push the image again; images of the old schema 1 have to be rebuilt.",
    commands=("kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host crictl rmi {image}",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)
VOLUME = _IMAGE(
    code="image-volume",
    message="An image volume of container {container} cannot be mounted: {error}.",
    cause="The pod mounts the content of an OCI image as a volume, and that image could not be pulled or mounted on "
    "node {node}.",
    remedy="Correct the reference of the image volume in the template; its nodes need a runtime that supports image "
    "volumes.",
    commands=(_EDIT,),
    visible_after=timedelta(),
)
PULL_SLOW = _IMAGE(
    code="image-pull-slow",
    severity=Severity.MEDIUM,
    message="Image {image} has been pulling on node {node} since {began} and is not there yet.",
    cause="The kubelet began to pull and has reported neither success nor failure since. Nothing has crashed: the "
    "image is large, {registry} is slow, or the pull waits for its turn behind others.",
    remedy="Wait if the image is known to be large. Otherwise compare with other nodes, mirror the image near the "
    "cluster, or pull it ahead of time with a DaemonSet.",
    commands=("kubectl get events -A --field-selector reason=Pulled --sort-by=.lastTimestamp",),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
UNKNOWN = _IMAGE(
    code="image-unknown",
    message="Image {image} cannot be pulled on node {node}: {error}.",
    cause="{unknown}",
    remedy="Read the whole message in the evidence, then try the same pull on the node.",
    commands=("kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host crictl pull {image}",),
    notify_after=timedelta(minutes=3),
)
TAG_DRIFT = _IMAGE(
    code="image-tag-drift",
    severity=Severity.LOW,
    stage=Stage.TRAFFIC,
    message="Container {container} runs image {own} on node {node}, and other pods of {workload_name} run {other} on "
    "{other_node}, both as {image}.",
    cause="The tag was moved to another image between two pulls, so replicas of one revision run different code.",
    remedy="Name the image in the template by the digest that works (image@sha256:...), or by a tag that is never moved.",
    commands=(_EDIT,),
    verify=("kubectl -n {namespace} get pods -o jsonpath='{{.items[*].status.containerStatuses[*].imageID}}'",),
    visible_after=timedelta(minutes=10),
    notify_after=NEVER,
)
