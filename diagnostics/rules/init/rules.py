"""The codes of init containers and native sidecars, and what they say (catalogue B7)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import Rule, Severity, Stage

_INIT = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.INIT,
    references=("https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",),
)
_LOG = "kubectl -n {namespace} logs {pod} -c {container} --tail=100"

FAILED = _INIT(
    code="init-failed",
    message="Init container {container} {ended}{again}, so the pod's other containers never start.",
    cause="Init containers run one after the other, and each has to end with code 0 before the next starts. {why}",
    remedy="{mend}",
    commands=("kubectl -n {namespace} logs {pod} -c {container} --previous --tail=100", _LOG),
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=3),
)
RUNNING_LONG = _INIT(
    code="init-running-long",
    severity=Severity.MEDIUM,
    message="Init container {container} has been running since {began}, and the pod's other containers wait for it.",
    cause="It has not failed; it has not ended either. {said}",
    remedy="Read its log: most often it waits for something that does not come up. A long migration or download may "
    "simply need its time.",
    commands=(_LOG,),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
WAIT_DEPENDENCY = _INIT(
    code="init-wait-dependency",
    message="{hedge}Init container {container} waits for {host}{fact}, so the pod's other containers never start.",
    cause="{tells}. {why}",
    remedy="{advice}",
    commands=(
        "kubectl -n {service_namespace} get service {service}",
        "kubectl -n {service_namespace} get endpointslices -l kubernetes.io/service-name={service}",
        _LOG,
    ),
    explains=("init-running-long",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=5),
)
SIDECAR = _INIT(
    code="sidecar-init-not-started",
    stage=Stage.PROBE,  # Why the sidecar crashes or is killed says more; this is what is left to say.
    message="Sidecar {container} runs but does not count as started, so the containers after it do not start.",
    cause="A native sidecar (an init container with restartPolicy Always) holds the others back until its startup "
    "probe succeeds and its postStart hook has ended. {probe}",
    remedy="Repair what its startup probe asks for, or correct the probe.",
    commands=(_LOG,),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
