"""The codes of HorizontalPodAutoscalers (catalogue B11) and what they say.

Reasons and messages are those of k8s.io/kubernetes pkg/controller/podautoscaler (horizontal.go, replica_calculator.go,
metrics/client.go).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

_DESCRIBE = "kubectl -n {namespace} describe hpa {name}"
_AUTOSCALER = partial(
    Rule,
    severity=Severity.MEDIUM,
    stage=Stage.WORKLOAD,
    verify=("kubectl -n {namespace} get hpa {name}",),
    references=("https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/",),
    rests_on=("horizontalpodautoscalers",),
)

NO_METRICS = _AUTOSCALER(
    code="hpa-no-metrics",
    message="HorizontalPodAutoscaler {name} cannot tell how many pods {target} needs: {why}.",
    cause="{explained} Meanwhile {target} keeps the number of pods that it has, whatever the load.",
    remedy="{mend}",
    commands=("kubectl get apiservice {api_service}", "kubectl -n {namespace} top pods", _DESCRIBE),
    visible_after=timedelta(minutes=3),
    notify_after=timedelta(minutes=15),
)
TARGET = _AUTOSCALER(
    code="hpa-target",
    message="HorizontalPodAutoscaler {name} scales nothing: {why}.",
    cause="{explained}",
    remedy="{mend}",
    commands=(_DESCRIBE, "kubectl -n {namespace} get hpa"),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
MAXED = _AUTOSCALER(
    code="hpa-maxed",
    message="HorizontalPodAutoscaler {name} has {target} at its maximum of {most} pods, and would have more{usage}.",
    cause="What it measures asks for more pods than spec.maxReplicas allows, for {age} by now: each pod carries more "
    "than it is meant to.",
    remedy="Raise {limit} if the cluster has room for more pods; else see where the load comes from, or why a pod "
    "uses so much.",
    commands=(_DESCRIBE, "kubectl -n {namespace} top pods"),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
