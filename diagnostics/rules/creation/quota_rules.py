"""The codes of quotas and limits that refuse a pod (catalogue B2), and what they say."""

from __future__ import annotations

from diagnostics.rules.creation.rules import EDIT, EVENTS, GET, REFUSED
from diagnostics.rules.model import Severity

_QUOTAS = ("https://kubernetes.io/docs/concepts/policy/resource-quotas/",)

EXCEEDED = REFUSED(
    code="create-quota-exceeded",
    severity=Severity.HIGH,
    message="Quota {quota} lets {workload_name} have no more {what}: {arithmetic}.",
    cause="The quota counts everything in namespace {namespace}, and with one more it would be over its limit.{users}"
    "{room}",
    remedy="Raise the quota to what the workload needs, ask for less in the template, or scale something down.",
    commands=(
        "kubectl -n {namespace} describe quota {quota}",
        "kubectl -n {namespace} patch quota {quota} --type=merge -p {patch}",
    ),
    verify=("kubectl -n {namespace} describe quota {quota}", GET),
    references=_QUOTAS,
)
MISSING = REFUSED(
    code="create-quota-missing",
    message="Quota {quota} demands {demanded}, which the template of {workload_name} does not set.",
    cause="A quota over requests or limits admits only pods that state them, or else it could not count them.{hard}",
    remedy="Set it in the template, or let a LimitRange of the namespace fill it in for every container.",
    commands=(
        "kubectl -n {namespace} set resources {workload} -c {container_name} --requests={requests}",
        "kubectl -n {namespace} set resources {workload} -c {container_name} --limits={limits}",
        EDIT,
    ),
    verify=("kubectl -n {namespace} describe quota {quota}", GET),
    references=_QUOTAS,
)
LIMIT_RANGE = REFUSED(
    code="create-limitrange",
    message="{owner} does not let the pods of {workload_name} in: {said}.",
    cause="A LimitRange sets bounds on what each {per} may ask for, and the template is outside.{known}",
    remedy="Change the resources in the template to fit, or the bound if it is not meant for this workload.",
    commands=("kubectl -n {namespace} describe limitrange {limit_range}", EDIT),
    verify=("kubectl -n {namespace} describe limitranges", GET),
    references=("https://kubernetes.io/docs/concepts/policy/limit-range/",),
)
CLAIM = REFUSED(
    code="create-claim",
    message="{workload_name} gets no pods because its volume claim {claim} cannot be created: {said}.",
    cause="A StatefulSet makes the claims of a pod before the pod itself, and the API server refuses this one.",
    remedy="Change what refuses the claim (a quota, a LimitRange, a policy), or the size and class in "
    "volumeClaimTemplates.",
    commands=("kubectl -n {namespace} describe quota", EDIT),
    verify=("kubectl -n {namespace} get persistentvolumeclaims", EVENTS),
    references=("https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",),
)
