"""The codes of what refuses to let a pod be created (catalogue B2), and what they say.

Beside the quotas, see `quota_rules`. None of them has a pod to look at: they are about the workload that wants one.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

EVENTS = "kubectl -n {namespace} get events --field-selector reason=FailedCreate"
GET = "kubectl -n {namespace} get {workload}"
EDIT = "kubectl -n {namespace} edit {workload}"

REFUSED = partial(
    Rule,
    severity=Severity.CRITICAL,
    stage=Stage.GATED,
    verify=(GET, EVENTS),
    notify_after=timedelta(minutes=2),
    references=("https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",),
)
_WEBHOOKS = ("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",)

SERVICE_ACCOUNT = REFUSED(
    code="create-sa-missing",
    message="{workload_name} gets no pods: ServiceAccount {service_account} does not exist in namespace {namespace}.",
    cause="Each pod runs under a ServiceAccount of its own namespace, and the API server admits none whose account is "
    "missing. {instead}",
    remedy="Create the ServiceAccount, or correct serviceAccountName in the template.",
    commands=("kubectl -n {namespace} create serviceaccount {service_account}", EDIT),
    verify=("kubectl -n {namespace} get serviceaccounts", GET),
    references=("https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",),
)
POD_SECURITY = REFUSED(
    code="create-psa",
    message="Namespace {namespace} enforces Pod Security level {level}, which {workload_name}'s template breaks in "
    "{count}: {checks}.",
    cause="Pod Security admission refuses every pod that breaks the level its namespace enforces{source}.",
    remedy="Change what the evidence lists, field by field. Only where the pods really need these rights: give the "
    "namespace the level {sufficient}, which weakens it for everything in it.",
    commands=(EDIT, "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce={sufficient} --overwrite"),
    verify=("kubectl get namespace {namespace} --show-labels", GET),
    references=("https://kubernetes.io/docs/concepts/security/pod-security-standards/",),
)
WEBHOOK_DENIED = REFUSED(
    code="create-webhook-denied",
    message="Admission webhook {webhook} refuses {workload_name}'s {what}: {said}.",
    together="Admission webhook {webhook} refuses {sufferers}. Of one it says: {said}.",
    cause="A policy of this cluster was asked about the pods and said no; the words are the policy's own.",
    remedy="Change the template as the policy asks, or have whoever runs the policy make an exception.",
    commands=(EDIT,),
    references=_WEBHOOKS,
)
GATEKEEPER = REFUSED(
    code="create-gatekeeper-denied",
    message="Gatekeeper constraint {constraint} refuses {workload_name}'s {what}: {said}.",
    cause="A constraint of Gatekeeper was asked about the pods and said no.",
    remedy="Change the template as the constraint asks. While that is done, its enforcementAction can be dryrun or its "
    "match can leave this namespace out.",
    commands=("kubectl get constraints", EDIT),
    references=("https://open-policy-agent.github.io/gatekeeper/website/docs/howto/",),
)
KYVERNO = REFUSED(
    code="create-kyverno-denied",
    message="Kyverno policy {policy_named} refuses {workload_name}'s {what}{by_rule}: {said}.",
    cause="A policy of Kyverno was asked about the pods and said no.",
    remedy="Change the template as the policy asks, or allow this workload in a PolicyException.",
    commands=("kubectl get clusterpolicy {policy} -o yaml", EDIT),
    references=("https://kyverno.io/docs/",),
)
POLICY = REFUSED(
    code="create-vap-denied",
    message="{policy_kind} {policy} refuses {workload_name}'s {what}: {said}.",
    cause="The policy applies to them through binding {binding}; the API server evaluates it itself.",
    remedy="Change the template as the policy asks, or narrow what the binding applies to.",
    commands=(EDIT, "kubectl get validatingadmissionpolicy {policy} -o yaml"),
    verify=("kubectl get validatingadmissionpolicybinding {binding} -o yaml", GET),
    references=("https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",),
)
WEBHOOK_DOWN = REFUSED(
    code="create-webhook-down",
    message="{workload_name} gets no {what}: admission webhook {webhook} cannot be asked because {backend} {failure}.",
    together="{sufferers} are not created: admission webhook {webhook} cannot be asked because {backend} {failure}.",
    cause="The API server must ask the webhook{configured} before it admits a pod, and refuses the pod when it gets no "
    "answer (failurePolicy Fail). {behind}",
    remedy="Bring the webhook's backend back. Only if that takes long: set its failurePolicy to Ignore, which admits "
    "pods unchecked; leave kube-system out of what it is asked about.",
    commands=(
        "kubectl -n {service_namespace} get endpointslices -l kubernetes.io/service-name={service}",
        "kubectl -n {service_namespace} describe service {service}",
        "kubectl get {configuration_kind} {configuration} -o yaml",
    ),
    explains=("svc-no-endpoints",),  # Of the Service that it names.
    notify_after=timedelta(minutes=1),
    references=_WEBHOOKS,
)
DEADLOCK = REFUSED(
    code="webhook-deadlock",
    message="Admission webhook {webhook} keeps its own backend {workload_name} from being created: it cannot be asked "
    "because {backend} {failure}.",
    together="Admission webhook {webhook} keeps its own backend, {sufferers}, from being created: it cannot be asked "
    "because {backend} {failure}.",
    cause="The webhook{configured} must be asked about its own pods before they are admitted, and there is nobody to "
    "ask: {workload_name} is what Service {service} stands for. This does not resolve itself.",
    remedy="Delete the webhook's configuration so that its pods can start, then let its installer put it back with its "
    "own namespace left out. Until then pods are admitted unchecked.",
    commands=(
        "kubectl get {configuration_kind} {configuration} -o yaml > webhook-backup.yaml",
        "kubectl delete {configuration_kind} {configuration}",
    ),
    explains=("create-webhook-down",),
    notify_after=timedelta(minutes=1),
    references=_WEBHOOKS,
)
PRIORITY_CLASS = REFUSED(
    code="create-priorityclass",
    message="{workload_name} gets no pods: PriorityClass {priority_class} does not exist.",
    cause="The template names a PriorityClass that the cluster does not have. {instead}",
    remedy="Create the PriorityClass, or correct priorityClassName in the template.",
    commands=("kubectl get priorityclasses", EDIT),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",),
)
RUNTIME_CLASS = REFUSED(
    code="create-runtimeclass",
    message="{workload_name} gets no pods: RuntimeClass {runtime_class} does not exist.",
    cause="The template names a RuntimeClass that the cluster does not have. {instead}",
    remedy="Create the RuntimeClass, or correct runtimeClassName in the template.",
    commands=("kubectl get runtimeclasses", EDIT),
    references=("https://kubernetes.io/docs/concepts/containers/runtime-class/",),
)
NAMESPACE_TERMINATING = REFUSED(
    code="create-ns-terminating",
    severity=Severity.MEDIUM,
    message="{workload_name} gets no {what} because namespace {namespace} is being deleted.",
    cause="Nothing new is let into a namespace that is being deleted{since_when}; the workload goes with it.",
    remedy="If the deletion is meant, wait for it. If not, nothing stops it: deploy into another namespace.",
    commands=("kubectl get namespace {namespace} -o yaml",),
    verify=("kubectl get namespace {namespace}",),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",),
)
INVALID = REFUSED(
    code="create-invalid",
    message="The API server finds the {what} of {workload_name} invalid: {said}.",
    cause="The pods that the template makes break the API's own rules; the workload was accepted because these are "
    "checked only when a pod is created, or because a webhook changes the pods on their way.",
    remedy="Correct {wrong} in the template, or in what changes the pods (an injector, an operator).",
    commands=(EDIT,),
    references=("https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",),
)
FORBIDDEN = REFUSED(
    code="create-forbidden",
    message="{who} may not create the {resource} of {workload_name}{detail}.",
    cause="The controller asks under its own identity, and no role gives it the right.",
    remedy="Give it a Role with that verb in namespace {namespace}; for one of Kubernetes' own controllers, restore the "
    "cluster's default roles.",
    commands=("kubectl -n {namespace} auth can-i create {resource} --as={user}",),
    references=("https://kubernetes.io/docs/reference/access-authn-authz/rbac/",),
)
PLACEMENT = REFUSED(
    code="create-placement",
    severity=Severity.HIGH,
    stage=Stage.WORKLOAD,  # Whatever its pods failed of there is the cause.
    message="DaemonSet {workload_name} keeps failing on node {node}: {said}.",
    cause="Its pod there ended or was rejected by the node; the controller deletes it and makes the next one.",
    remedy="See what the node has against the pod; leave the node out of the DaemonSet if it is not meant for it.",
    commands=("kubectl describe node {node}", EDIT),
    verify=("kubectl -n {namespace} get {workload} -o wide", EVENTS),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
    references=("https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",),
)
TIMEOUT = REFUSED(
    code="create-timeout",
    severity=Severity.HIGH,
    message="{workload_name} gets no {what} because the control plane did not answer in time: {said}.",
    cause="The API server or its database is overloaded or unwell; the template is not at fault.",
    remedy="Look at the health of the API server and etcd. The controller goes on trying.",
    commands=("kubectl get --raw '/readyz?verbose'",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/reference/using-api/health-checks/",),
)
OTHER = REFUSED(
    code="create-other",
    message="{workload_name} gets no {what}; the API server says: {said}.",
    cause="The controller's request for a pod was refused for a reason that is not known here.",
    remedy="Read the whole message in the evidence; the words after the pod's name are those of whoever refused.",
    commands=(EDIT,),
)
