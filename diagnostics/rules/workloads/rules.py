"""The codes of workloads that are short of what they should be (catalogue B11) and what they say.

They are consequences: the engine hangs them under whatever fails in the workload's pods, and only where nothing does
they stand for themselves.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_DEPLOYMENTS = "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"
_STATEFUL_SETS = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
_DAEMON_SETS = "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"
_DESCRIBE = "kubectl -n {namespace} describe {workload}"
_GET = "kubectl -n {namespace} get {workload} -o wide"
_STATUS = "kubectl -n {namespace} rollout status {workload} --timeout=5s"
_HISTORY = "kubectl -n {namespace} rollout history {workload}"
_UNDO = "kubectl -n {namespace} rollout undo {workload}"

_WORKLOAD = partial(Rule, stage=Stage.WORKLOAD, commands=(_DESCRIBE,), verify=(_GET, _STATUS))
_DEPLOYMENT = partial(_WORKLOAD, references=(_DEPLOYMENTS,))
_STATEFUL_SET = partial(_WORKLOAD, references=(_STATEFUL_SETS,))
_DAEMON_SET = partial(_WORKLOAD, references=(_DAEMON_SETS,))

PROGRESS_DEADLINE = _DEPLOYMENT(
    code="deploy-progress-deadline",
    severity=Severity.CRITICAL,
    message="The rollout of {workload_name} is stuck: {updated} of {wanted} pods are of the new revision, {available} "
    "are available, and nothing moved for {deadline}.",
    cause="The new revision's pods did not become available before progressDeadlineSeconds ran out. {said}",
    remedy="See what the newest pods wait for; go back to the revision before where that still served.",
    commands=(_UNDO, _HISTORY, _DESCRIBE),
)
UNAVAILABLE = _DEPLOYMENT(
    code="deploy-unavailable",
    severity=Severity.HIGH,
    message="Only {available} of {wanted} pods of {workload_name} are available.",
    cause="No rollout is under way, and no cause was found in the pods themselves: they are ready for less than "
    "minReadySeconds, or are made and lost too fast to be seen failing.",
    remedy="Look at the pods and at the events of {workload_name}.",
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=15),
)
OBSERVED_STALE = _DEPLOYMENT(
    code="deploy-observed-stale",
    severity=Severity.HIGH,
    message="{workload_name} was changed{by}, and its controller has not taken notice for {age}.",
    cause="The object is at generation {generation}, the controller has seen generation {observed}: the "
    "kube-controller-manager does not run, is not the leader anywhere, or cannot write.",
    remedy="Look at kube-controller-manager and at its lease: when was it last renewed, and by whom?",
    commands=("kubectl -n kube-system get lease kube-controller-manager -o yaml", _DESCRIBE),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=15),
)
PAUSED = _DEPLOYMENT(
    code="deploy-paused",
    severity=Severity.LOW,
    message="The rollout of {workload_name} is paused: {updated} of {replicas} pods are of the new revision.",
    cause="spec.paused is set, so changes of the template are not rolled out, and its pods differ.",
    remedy="Resume the rollout, or undo the change.",
    commands=("kubectl -n {namespace} rollout resume {workload}", _UNDO),
    visible_after=timedelta(hours=1),
    notify_after=NEVER,
)
MIXED = _DEPLOYMENT(
    code="rollout-mixed",
    severity=Severity.MEDIUM,
    message="{workload_name} runs two revisions at once: {updated} of {replicas} pods are of the new one, and the "
    "rollout has not moved for {age}.",
    cause="The rollout neither goes on nor has it failed yet: its progressDeadlineSeconds is long.",
    remedy="See what the newest pods wait for, or go back.",
    commands=(_STATUS, _UNDO),
    visible_after=timedelta(minutes=15),
    notify_after=timedelta(minutes=30),
)
ORDINAL_BLOCKED = _STATEFUL_SET(
    code="sts-ordinal-blocked",
    severity=Severity.HIGH,
    message="Pod {blocking} of {workload_name} is not ready and holds up {held_up}.",
    cause="With pod management policy OrderedReady the pods of a StatefulSet are made and replaced one after another, "
    "each only when the one before is ready.{revision}",
    remedy="Mend {blocking}. A pod of a revision that has been replaced since is not replaced by itself: it has to "
    "be deleted by hand.",
    commands=("kubectl -n {namespace} describe pod {blocking}", "kubectl -n {namespace} delete pod {blocking}"),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
NOT_SCHEDULED = _DAEMON_SET(
    code="ds-not-scheduled",
    severity=Severity.HIGH,
    message="{workload_name} has no pod on {missing} of the {wanted} nodes that it should run on.",
    cause="The DaemonSet controller counts the nodes that the template may run on and finds no pod there.",
    remedy="See the events of {workload_name}: what refuses or removes its pods?",
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=10),
)
MISSCHEDULED = _DAEMON_SET(
    code="ds-misscheduled",
    severity=Severity.LOW,
    message="{workload_name} runs on {count} node{s} that it should not run on.",
    cause="The node selector, the tolerations or the nodes' labels changed after the pods were started there.",
    remedy="Delete those pods, or correct the node selector or tolerations.",
    commands=(_DESCRIBE, "kubectl get nodes --show-labels"),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
STUCK = _DAEMON_SET(
    code="ds-stuck",
    severity=Severity.HIGH,
    message="The rollout of {workload_name} is stuck: {updated} of {wanted} pods are of the new revision, and "
    "{blocking} is not ready.",
    cause="A DaemonSet replaces no further pods while as many as maxUnavailable allows are not ready.",
    remedy="Mend or delete the pods that are not ready; they are replaced by the new revision.",
    commands=(_DESCRIBE, "kubectl -n {namespace} describe pod {blocking}", _UNDO),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
SELECTS_ALL = _WORKLOAD(
    code="deploy-selects-all",
    severity=Severity.HIGH,
    stage=Stage.GATED,
    message="{kind} {workload_name} has an empty selector, so that its controller makes no pods.",
    cause="An empty selector selects every pod of the namespace, also those of others; the controller does nothing with "
    "such a {kind}.",
    remedy="Make it anew with a selector that its template's labels meet; the selector of one that exists is fixed.",
    commands=("kubectl -n {namespace} get {workload} -o yaml",),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/",),
)
STS_CONFLICT = _STATEFUL_SET(
    code="sts-conflict",
    severity=Severity.MEDIUM,
    message="{what} of {workload_name} belongs to another controller, so that its retention policy does not hold.",
    cause="persistentVolumeClaimRetentionPolicy lets the StatefulSet delete its claims, but not those that another "
    "controller owns: they stay or go with that one.",
    remedy="Remove the other owner from the claim's metadata.ownerReferences, or do without the retention policy.",
    commands=("kubectl -n {namespace} get pvc {claim} -o yaml", _DESCRIBE),
    notify_after=timedelta(minutes=5),
)
