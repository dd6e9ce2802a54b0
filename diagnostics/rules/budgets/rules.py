"""The codes of PodDisruptionBudgets (catalogue B10 and B11) and what they say.

Sources: k8s.io/kubernetes pkg/controller/disruption (status, conditions and events), pkg/registry/core/pod/storage
(the eviction subresource: HTTP 429 for a budget that is used up, 500 for a pod with two of them).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_DESCRIBE = "kubectl -n {namespace} describe pdb {name}"
_BUDGET = partial(
    Rule,
    stage=Stage.WORKLOAD,
    commands=(_DESCRIBE, "kubectl -n {namespace} get pods -l {selector} -o wide"),
    verify=("kubectl -n {namespace} get pdb {name}",),
    references=("https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",),
    rests_on=("poddisruptionbudgets",),
)

VIOLATED = _BUDGET(
    code="pdb-violated",
    severity=Severity.MEDIUM,
    message="PodDisruptionBudget {name} is not met: it wants {desired} healthy, and {healthy} of {expected} pods are"
    "{and_so}.",
    cause="{explained} Until then no pod of it may be evicted, so nodes with its pods cannot be drained.",
    remedy="{mend}",
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
OVERLAP = _BUDGET(
    code="pdb-overlap",
    severity=Severity.LOW,
    message="PodDisruptionBudget {name} does not work: {why}.",
    cause="{explained}",
    remedy="{mend}",
    visible_after=timedelta(minutes=10),
    notify_after=NEVER,
)
BLOCKED = _BUDGET(
    code="drain-blocked",
    stage=Stage.TRAFFIC,
    severity=Severity.MEDIUM,
    message="{node_word} {node} cannot be drained: {why}.",
    cause="{explained}",
    remedy="{mend}",
    commands=(
        "kubectl -n {budget_namespace} describe pdb {budget}",
        "kubectl get pods --all-namespaces -o wide --field-selector spec.nodeName={node}",
        "kubectl describe node {node}",
    ),
    verify=("kubectl get node {node}",),
    visible_after=timedelta(minutes=10),
    notify_after=timedelta(minutes=30),
    references=(
        "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/",
        "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    ),
)
