"""The rules of readiness and probes (catalogue B9, and the mesh's sidecar of B13)."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_EVENTS = "kubectl -n {namespace} get events --field-selector involvedObject.name={pod},reason=Unhealthy"
_LOGS = "kubectl -n {namespace} logs {pod} -c {container} --tail=100"
_REFERENCE = ("https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",)
_VERIFY = ("kubectl -n {namespace} get pod {pod} -o wide",)


def _probe_rule(
    code: str,
    cause: str,
    remedy: str,
    severity: Severity = Severity.HIGH,
    clocks: tuple[int, int] = (2, 5),
) -> Rule:
    """A rule about a readiness probe; the clocks are minutes until it is visible and until it is sent."""
    return Rule(
        code=code,
        severity=severity,
        stage=Stage.PROBE,
        message="Container {container} runs but is not ready: {met}.",
        cause=cause,
        remedy=remedy,
        commands=(_LOGS, _EVENTS),
        verify=_VERIFY,
        references=_REFERENCE,
        visible_after=timedelta(minutes=clocks[0]),
        notify_after=timedelta(minutes=clocks[1]),
    )


REFUSED = _probe_rule(
    "probe-refused",
    "No process of the container accepts connections on the port that the readiness probe asks.{elsewhere}",
    "If it listens on another port, correct the probe's port; if it listens on localhost only, let it bind all "
    "addresses; else read its log for what it waits for.",
)
HTTP_STATUS = _probe_rule(
    "probe-http-status",
    "The application answers its readiness probe, and says that it is not ready.{status_means}",
    "Read the application's log for why it is not ready, or correct the probe's path or scheme.",
)
TIMEOUT = _probe_rule(
    "probe-timeout",
    "The readiness probe gets no answer in time: the process hangs, is short of CPU, or needs longer than "
    "timeoutSeconds allows.",
    "See what it does (thread dump, CPU limit); raise timeoutSeconds if the answer is only slow.",
    Severity.MEDIUM,
    (3, 10),
)
EXEC = _probe_rule(
    "probe-exec",
    "The command of the readiness probe fails in the container.",
    "Run the command by hand in the container, and mend what it misses or the command itself.",
)
GRPC = _probe_rule(
    "probe-grpc",
    "The server does not answer gRPC's health protocol with SERVING on that port.",
    "Register the gRPC health service and set it to SERVING, or correct the port or service name of the probe.",
)
TLS = _probe_rule(
    "probe-tls",
    "Probe and server do not agree on TLS: one of them speaks plain HTTP.",
    "Set the probe's scheme to what the port serves.",
)
PORT_UNDECLARED = Rule(
    code="probe-port-undeclared",
    severity=Severity.HIGH,
    stage=Stage.PROBE,
    message="The {probe} probe of container {container} asks port {port}, and the container declares no port of that name.",
    cause="A probe may name a port only if the container declares it; the name is misspelt, or the port was removed.",
    remedy="Declare the port under that name, or let the probe name one that is declared: {declared}.",
    commands=("kubectl -n {namespace} edit {workload}",),
    verify=_VERIFY,
    references=_REFERENCE,
    explains=("probe-*", "ready-no-cause"),
    notify_after=timedelta(minutes=2),
)
REDIRECT = Rule(
    code="probe-redirect",
    severity=Severity.LOW,
    stage=Stage.PROBE,
    message="A probe of container {container} is redirected to another host, and counts as passed without asking it.",
    cause="The kubelet follows no redirect to another host: it warns and takes the answer for success.",
    remedy="Let the probe ask a path that answers itself.",
    commands=(_EVENTS,),
    verify=_VERIFY,
    references=_REFERENCE,
    visible_after=timedelta(minutes=10),
    notify_after=NEVER,
)
MESH = _probe_rule(
    "probe-mesh",
    "The mesh took over this probe: the kubelet asks the sidecar, which asks the application. The sidecar does not "
    "answer, or the application does not.",
    "See whether the sidecar is ready first; then ask the application's own path.",
)
MESH_SIDECAR = Rule(
    code="mesh-sidecar-not-ready",
    severity=Severity.HIGH,
    stage=Stage.PROBE,
    message="The mesh sidecar {container} is not ready: {met}.",
    cause="The sidecar proxy has no configuration from the mesh's control plane, or cannot reach it; until it has, the "
    "pod gets no traffic although the application may be well.",
    remedy="See whether the control plane runs and is reachable from the pod (istiod: port 15012), and what the "
    "sidecar's log says.",
    commands=(_LOGS, "kubectl -n istio-system get pods -l app=istiod"),
    verify=_VERIFY,
    references=_REFERENCE,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
NO_CAUSE = Rule(
    code="ready-no-cause",
    severity=Severity.MEDIUM,
    stage=Stage.PROBE,
    message="Container {container} runs but is not ready, and {met}.",
    cause="{why}",
    remedy="Run the readiness probe by hand, and read the container's log.",
    commands=(_LOGS, _EVENTS),
    verify=_VERIFY,
    references=_REFERENCE,
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
)
PARTIAL_MESH = Rule(
    code="ready-partial-mesh",
    severity=Severity.MEDIUM,
    stage=Stage.PROBE,
    message="{side} {container} is not ready while {others} is, and {met}.",
    cause="A pod of a mesh gets traffic only while its application and its sidecar are both ready; one of them is. {why}",
    remedy="Run the readiness probe of {container} by hand, and read its log.",
    commands=(_LOGS, _EVENTS),
    verify=_VERIFY,
    references=_REFERENCE,
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=5),
)
FLAPPING = Rule(
    code="ready-flapping",
    severity=Severity.MEDIUM,
    stage=Stage.PROBE,
    message="Container {container} is ready by turns: {met} ({failures} failures in {span}), and it recovers in between.",
    cause="The readiness probe failed before and after the pod's latest change of readiness, at {turned}. Of its changes "
    "the API keeps only the latest; that there were more is concluded from the failures, {threshold} of which in a row "
    "make the pod unready.",
    remedy="Compare the moments with load, garbage collection and CPU throttling; raise timeoutSeconds or "
    "failureThreshold if the answers are only slow.",
    commands=(_EVENTS, _LOGS),
    verify=_VERIFY,
    references=_REFERENCE,
    explains=("probe-*", "ready-no-cause", "ready-partial-mesh"),
    notify_after=timedelta(minutes=15),
)
SAME_PROBE = Rule(
    code="probe-liveness-equals-readiness",
    severity=Severity.LOW,
    stage=Stage.PROBE,
    message="Liveness and readiness probe of container {container} are the same ({asks}): whatever makes it unready for "
    "{budget} s also kills it.",
    cause="The process was up and answered badly or late, as it does when it is overloaded or lacks a dependency; killing "
    "it mends neither, and the rest of its replicas get its load.",
    remedy="Let the liveness probe ask only whether the process itself works, and leave dependencies to readiness.",
    commands=("kubectl -n {namespace} edit {workload}", _EVENTS),
    verify=_VERIFY,
    references=_REFERENCE,
    notify_after=NEVER,
)
BUDGET = Rule(
    code="probe-budget",
    severity=Severity.LOW,
    stage=Stage.PROBE,
    message="Container {container} was killed {ran} after its start, as soon as its liveness probe allows "
    "({delay} s + {failures} x {period} s = {budget} s), and nothing listened yet.",
    cause="Without a startup probe, liveness is asked from the start; a program that needs longer than that to listen is "
    "killed while it starts, however well it is.",
    remedy="If it only starts slowly, give it a startupProbe whose periodSeconds x failureThreshold covers the slowest "
    "start.",
    commands=("kubectl -n {namespace} edit {workload}", _LOGS),
    verify=_VERIFY,
    references=_REFERENCE,
    notify_after=NEVER,
)
GATE = Rule(
    code="ready-gate",
    severity=Severity.HIGH,
    stage=Stage.PROBE,
    message="All containers are ready, but the readiness gate {gates} is not.",
    cause="Another controller (often that of a load balancer) has to set this condition on the pod, and has not: it "
    "does not run, does not know the pod, or its own health check fails.",
    remedy="Look at the controller that owns the gate: is it running, and does it have the pod among its targets?",
    commands=("kubectl -n {namespace} describe pod {pod}",),
    verify=_VERIFY,
    references=("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate",),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=5),
)
