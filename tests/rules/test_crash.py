"""The ladder of a container's end: memory, probes, signals, words, codes; and what is no crash at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.crash import crash, restarts_before
from diagnostics.rules.dependencies.names import is_loopback, service_of
from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload
from tests.rules.crashing import OWNER, at, codes, ended, event, judge, node_event, status, suspect

LIMITED = [{"name": "app", "resources": {"limits": {"memory": "64Mi"}}}]
HTTP = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "failureThreshold": 2}
KILLING = "Container app failed liveness probe, will be restarted"
REFUSED = "dial tcp 10.0.0.1:8080: connect: connection refused"


def probed(*kinds: str) -> list[dict[str, Any]]:
    """Container app with those probes."""
    return [{"name": "app", **{f"{kind}Probe": HTTP for kind in kinds}}]


def only(of: Suspect) -> Finding:
    """The one finding about its crash."""
    (found,) = judge(crash, of)
    return found


def sentence(of: Suspect) -> str:
    """What is said of its crash."""
    found = only(of)
    return Texts(of, found).sentence(found.rule.message)


# What is no crash.


@pytest.mark.parametrize(
    "of",
    [
        suspect(status(ended()), metadata={"deletionTimestamp": at(seconds=5)}),
        suspect(status(ended()), phase="Succeeded"),
        suspect(status(ended(137)), phase="Failed", reason="Evicted"),
        suspect(status(ended(0, "Completed"), restarts=2)),
        suspect(status(ended(0, "Completed")), spec={"restartPolicy": "OnFailure"}),
        suspect(status(now="running")),
        suspect(status(ended(), name="prepare"), containers=[], spec={"initContainers": [{"name": "prepare"}]}),
    ],
    ids=["terminating", "succeeded", "evicted", "finished-twice", "finished-as-meant", "never-ended", "init"],
)
def test_quiet(of: Suspect) -> None:
    assert codes(crash, of) == []


def job(of: Suspect, *conditions: tuple[str, str, str]) -> Suspect:
    """The pod as one of Job backup, with those Jobs: (name, condition, when)."""
    for name, condition, when in conditions:
        done = {"type": condition, "status": "True", "lastTransitionTime": when}
        owner = [{"kind": "CronJob", "name": "nightly", "uid": "c", "controller": True}] if name != "backup" else []
        document = {
            "metadata": {"name": name, "namespace": "shop", "ownerReferences": owner},
            "status": {"conditions": [done]},
        }
        of.snapshot.jobs[("shop", name)] = msgspec.convert(document, Workload)
    return Suspect(of.snapshot, of.pod, of.snapshot.owners.top(of.pod.metadata))


def failed_run(name: str) -> Suspect:
    """A failed pod of that Job."""
    owner = {**OWNER, "kind": "Job", "name": name, "uid": "j"}
    return suspect(
        status(ended(), restarts=0),
        spec={"restartPolicy": "Never"},
        phase="Failed",
        metadata={"ownerReferences": [owner]},
        log=["boom"],
    )


def test_a_failed_attempt_of_a_job_that_completed_is_history() -> None:
    assert codes(crash, job(failed_run("backup"), ("backup", "Complete", at(minutes=1)))) == []
    assert codes(crash, job(failed_run("backup"), ("backup", "Failed", at(minutes=1)))) == ["crash-app-unknown"]
    assert codes(crash, job(failed_run("backup"))) == ["crash-app-unknown"]


def test_a_failed_run_is_history_once_a_newer_one_passed() -> None:
    failed, passed = ("nightly-1", "Failed", at(hours=2)), ("nightly-2", "Complete", at(hours=1))
    assert codes(crash, job(failed_run("nightly-1"), failed, passed)) == []
    passed_before = ("nightly-0", "Complete", at(hours=3))
    assert codes(crash, job(failed_run("nightly-1"), failed, passed_before)) == ["crash-app-unknown"]


def test_a_native_sidecar_is_judged_as_one() -> None:
    of = suspect(
        initContainerStatuses=[status(ended(), name="mesh")],
        spec={"initContainers": [{"name": "mesh", "restartPolicy": "Always"}, {"name": "prepare"}]},
    )
    (found,) = judge(crash, of)
    assert (found.rule.code, found.container) == ("crash-sidecar", "mesh")


def test_a_sidecar_that_finished_once_is_quiet() -> None:
    assert (
        codes(crash, suspect(status(ended(0, "Completed"), restarts=1, name="envoy"), containers=[{"name": "envoy"}]))
        == []
    )


# Memory.


def test_killed_at_the_limit() -> None:
    of = suspect(status(ended(137, "OOMKilled")), containers=LIMITED)
    found = only(of)
    assert sentence(of) == "Container app used more memory than its limit of 64Mi and was killed (5 restarts in 10m)."
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.containers[app].resources.limits.memory"
    commands = Texts(of, found).commands(found.rule.commands)
    assert commands[0] == "kubectl -n shop set resources deployment/cart -c app --limits=memory=128Mi"
    assert len(commands) == 2


def test_a_late_word_of_the_runtime() -> None:
    """137 reads Error at first; a run before it that was killed for memory makes memory likely, no other does."""
    before = {"terminated": ended(137, "OOMKilled", ago=300)}
    found = only(suspect(status(ended(137), lastState=before), containers=LIMITED))
    assert (found.rule.code, found.confidence) == ("crash-oom-limit", Confidence.LIKELY)
    assert found.evidence[1].path == "status.containerStatuses[app].lastState.terminated.reason"
    other = {"terminated": ended(1, "OOMKilled", ago=300)}
    assert only(suspect(status(ended(137), lastState=other), containers=LIMITED)).rule.code == "crash-sigkill-unknown"
    assert only(suspect(status(ended(1), lastState=before), containers=LIMITED)).rule.code == "crash-app-unknown"


def test_killed_at_the_limit_of_the_pod() -> None:
    of = suspect(status(ended(137, "OOMKilled")), spec={"resources": {"limits": {"memory": "1Gi"}}})
    found = only(of)
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.resources.limits.memory"
    assert Texts(of, found).commands(found.rule.commands)[0] == (
        'kubectl -n shop patch deployment/cart -p \'{"spec":{"template":{"spec":{"resources":{"limits":{"memory":"2Gi"}}}}}}\''
    )


def test_a_limit_that_is_no_quantity_is_not_doubled() -> None:
    of = suspect(
        status(ended(137, "OOMKilled")), containers=[{"name": "app", "resources": {"limits": {"memory": "lots"}}}]
    )
    assert only(of).params["suggested"] is None


@pytest.mark.parametrize("code", [0, 1, 143])
def test_a_child_killed_for_memory(code: int) -> None:
    assert only(suspect(status(ended(code, "OOMKilled")), containers=LIMITED)).rule.code == "crash-oom-child"
    assert only(suspect(status(ended(code, "OOMKilled")))).confidence is Confidence.LIKELY


@pytest.mark.parametrize(("ago", "code"), [(90, "crash-oom-node"), (130, "crash-sigkill-unknown")])
def test_the_node_killed_for_memory_at_that_moment(ago: float, code: str) -> None:
    of = suspect(status(ended(137)), events=[node_event("SystemOOM", ago=ago)])
    assert only(of).rule.code == code


@pytest.mark.parametrize("involved", [{}, {"uid": "n1"}, {"uid": "node-uid"}])
def test_node_events_by_whatever_uid(involved: dict[str, Any]) -> None:
    assert (
        only(suspect(status(ended(137)), events=[node_event("OOMKilling", **involved)])).rule.code == "crash-oom-node"
    )


def test_events_of_other_nodes_prove_nothing() -> None:
    other = node_event("SystemOOM", name="n2")
    timeless = {**node_event("SystemOOM"), "firstTimestamp": None, "lastTimestamp": None}
    assert only(suspect(status(ended(137)), events=[other, timeless])).rule.code == "crash-sigkill-unknown"


def test_no_limit_and_no_node() -> None:
    of = suspect(status(ended(137, "OOMKilled")), spec={"nodeName": ""})
    found = only(of)
    assert found.rule.code == "crash-oom-node"
    assert found.offender is not None
    assert found.offender.kind == "Deployment"


# Probes.


def test_the_killing_event_of_this_run() -> None:
    of = suspect(
        status(ended(143, ran=40)),
        containers=probed("liveness"),
        events=[
            event("Killing", KILLING, ago=62),
            event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", ago=62),
        ],
    )
    found = only(of)
    assert (found.rule.code, found.confidence, found.signature) == ("crash-liveness", Confidence.CERTAIN, "status 503")
    assert found.ruled_out == ()


def test_an_older_killing_event_of_the_same_loop() -> None:
    killing = event("Killing", KILLING, ago=700)
    assert (
        only(suspect(status(ended(137, ran=40)), containers=probed("liveness"), events=[killing])).confidence
        is Confidence.CERTAIN
    )


def test_a_killing_event_of_long_ago_explains_no_crash_of_its_own() -> None:
    killing = event("Killing", KILLING, ago=700, count=9)
    of = suspect(status(ended(1)), containers=probed("liveness"), events=[killing], log=["boom"])
    assert only(of).rule.code == "crash-app-unknown"


@pytest.mark.parametrize(("times", "code"), [(1, "crash-app-unknown"), (2, "crash-liveness")])
def test_a_crash_between_two_kills(times: int, code: str) -> None:
    killing = event("Killing", KILLING, ago=70, count=times)
    found = only(suspect(status(ended(1, ran=0)), containers=probed("liveness"), events=[killing], log=["boom"]))
    assert found.rule.code == code


def test_a_killing_event_without_times() -> None:
    killing = {**event("Killing", KILLING), "firstTimestamp": None, "lastTimestamp": None}
    found = only(suspect(status(ended(137, ran=40)), containers=probed("liveness"), events=[killing]))
    assert found.confidence is Confidence.LIKELY


def test_the_startup_probe_before_the_liveness_probe() -> None:
    killing = event("Killing", "Container app failed startup probe, will be restarted", ago=62)
    of = suspect(status(ended(137, ran=10)), containers=probed("startup", "liveness"), events=[killing])
    found = only(of)
    assert found.rule.code == "crash-startup-probe"
    assert Texts(of, found).commands(found.rule.commands)[0].startswith("kubectl -n shop patch deployment/cart -p ")


def test_no_event_and_a_run_as_long_as_the_probe_allows() -> None:
    found = only(suspect(status(ended(137, ran=10)), containers=probed("liveness")))
    assert (found.rule.code, found.confidence) == ("crash-liveness", Confidence.LIKELY)
    assert (
        only(suspect(status(ended(137, ran=400)), containers=probed("liveness"))).rule.code == "crash-sigkill-unknown"
    )
    assert only(suspect(status(ended(1, ran=10)), containers=probed("liveness"))).rule.code == "crash-app-unknown"


def test_no_killing_event_but_a_failing_probe() -> None:
    unhealthy = event("Unhealthy", f"Liveness probe failed: {REFUSED}", ago=100)
    found = only(suspect(status(ended(137, ran=400)), containers=probed("liveness"), events=[unhealthy]))
    assert (found.confidence, found.signature) == (Confidence.LIKELY, "refused 8080")


def test_the_port_that_it_listens_on_instead() -> None:
    containers = [{**probed("liveness")[0], "ports": [{"containerPort": 9090}]}]
    killing = event("Killing", KILLING, ago=62)
    unhealthy = event("Unhealthy", f"Liveness probe failed: {REFUSED}", ago=62)
    of = suspect(status(ended(143, ran=40)), containers=containers, events=[killing, unhealthy])
    assert only(of).params["hint"] == " The container listens on port 9090."


# Signals from outside.


def test_the_kubelets_own_word_that_it_had_to_kill() -> None:
    exceeded = event("ExceededGracePeriod", "did not kill the pod in time", container=None)
    assert only(suspect(status(ended(137)), events=[exceeded])).rule.code == "crash-grace-exceeded"


@pytest.mark.parametrize(("ago", "found"), [(65, True), (90, False)])
def test_killed_a_grace_period_after_it_was_asked(ago: float, *, found: bool) -> None:
    killing = event("Killing", "Stopping container app", ago=ago)
    of = suspect(status(ended(137)), spec={"terminationGracePeriodSeconds": 5}, events=[killing])
    assert (only(of).rule.code == "crash-grace-exceeded") is found


def test_a_grace_event_of_another_container_or_without_time() -> None:
    other = event("Killing", "Stopping container side", ago=90, container="side")
    timeless = {**event("Killing", "Stopping container app"), "firstTimestamp": None, "lastTimestamp": None}
    assert only(suspect(status(ended(137)), events=[other, timeless])).rule.code == "crash-sigkill-unknown"


def test_what_was_ruled_out_of_a_sigkill() -> None:
    ruled_out = only(suspect(status(ended(137)))).ruled_out
    assert "out of memory: the reason is Error, not OOMKilled" in ruled_out
    assert "probe kill: no Killing event" in ruled_out
    assert any("node n1" in each for each in ruled_out)
    unread = only(suspect(status(ended(137)), unread=["events"])).ruled_out
    assert "probe kill: could not be checked, events are not readable" in unread


def test_a_status_that_the_kubelet_made_up() -> None:
    lost = ended(137, "ContainerStatusUnknown", message="could not be located")
    on_a_node, unbound = only(suspect(status(lost))), only(suspect(status(lost), spec={"nodeName": ""}))
    assert {on_a_node.rule.code, unbound.rule.code} == {"crash-status-unknown"}
    assert [found.offender and found.offender.kind for found in (on_a_node, unbound)] == ["Node", "Deployment"]


@pytest.mark.parametrize(
    ("reason", "now", "ago", "code"),
    [
        ("Unknown", "running", 62, "restart-node-reboot"),
        ("Unknown", "waiting", 62, "crash-exit-255"),
        ("Completed", "running", 62, "crash-exit-255"),
        ("Unknown", "running", 1000, "crash-exit-255"),
    ],
)
def test_back_after_a_reboot(reason: str, now: str, ago: float, code: str) -> None:
    of = suspect(status(ended(255, reason), now=now), events=[node_event("Rebooted", ago=ago)])
    assert only(of).rule.code == code


# What its log tells.


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        (1, "ModuleNotFoundError: No module named 'flask'", "crash-python-1"),
        (3, "ModuleNotFoundError: No module named 'flask'", "crash-app-unknown"),  # The code says 1.
        (2, "panic: boom", "crash-go-2"),
        (1, "panic: boom", "crash-app-unknown"),
        (0, "connection refused", "crash-exit-clean"),
        (1, "write: no space left on device", "crash-app-unknown"),
        (255, "dial tcp db:5432: connection refused", "crash-dependency"),
        (137, "dial tcp db:5432: connection refused", "crash-sigkill-unknown"),
        (139, "dial tcp db:5432: connection refused", "crash-segv"),
        (139, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "crash-oom-runtime"),
        (130, "boom", "crash-app-unknown"),
        (127, "sh: gunicornn: not found", "crash-exit-127"),
        (1, "sh: gunicornn: not found", "crash-app-unknown"),
    ],
)
def test_words_and_code(code: int, line: str, expected: str) -> None:
    assert only(suspect(status(ended(code, "Completed" if code == 0 else "Error")), log=[line])).rule.code == expected


def test_the_variable_that_is_missing() -> None:
    containers = [{"name": "app", "env": [{"name": "PORT"}, {"name": "LOG_LEVEL"}]}]
    of = suspect(status(ended()), containers=containers, log=["KeyError: 'DATABASE_URL'"])
    found = only(of)
    assert found.evidence[1].value == "PORT, LOG_LEVEL"
    assert Texts(of, found).commands(found.rule.commands)[0] == "kubectl -n shop set env deployment/cart -c app --list"


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("open /etc/app.yaml: no such file or directory", "volumeMounts"),
        ("unrecognized arguments: --verbos", "args"),
    ],
)
def test_a_file_or_an_argument(line: str, path: str) -> None:
    found = only(suspect(status(ended()), log=[line]))
    assert found.offender is not None
    assert found.offender.path == f"spec.template.spec.containers[app].{path}"


def test_sure_only_of_what_is_named() -> None:
    assert only(suspect(status(ended()), log=["operation not permitted"])).confidence is Confidence.LIKELY
    assert only(suspect(status(ended()), log=["open /a/b: permission denied"])).confidence is Confidence.CERTAIN


def test_the_service_that_does_not_answer() -> None:
    of = suspect(status(ended()), log=["dial tcp: lookup orders.prod.svc.cluster.local: no such host"])
    found = only(of)
    assert found.offender is not None
    assert (found.offender.kind, found.offender.namespace, found.offender.name) == ("Service", "prod", "orders")
    assert Texts(of, found).commands(found.rule.commands)[0] == "kubectl -n prod get services,endpointslices"


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("redis", ("redis", "shop")),
        ("redis.shop", ("redis", "shop")),
        ("redis.other", None),  # As well a domain.
        ("redis.other.svc", ("redis", "other")),
        ("pg-0.pg.shop.svc.cluster.local.", ("pg", "shop")),
        ("api.example.com", None),
        ("10.96.0.1", None),
        ("localhost", None),
        ("", None),
        ("_sip", None),
    ],
)
def test_from_a_host_to_its_service(host: str, service: tuple[str, str] | None) -> None:
    assert service_of(host, "shop", {}) == (service and service[::-1])


def test_the_pod_itself() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("LOCALHOST")
    assert not is_loopback("10.0.0.1")
    found = only(suspect(status(ended()), log=["dial tcp 127.0.0.1:6379: connection refused"]))
    assert found.params["why"] == "The address is the pod itself, and no container of this pod listens there."


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        ({"ports": [{"containerPort": 8080}]}, True),
        ({"ports": [{"containerPort": 9090}]}, False),
        ({"livenessProbe": {"tcpSocket": {"port": 8080}}}, True),
        ({"command": ["serve", ":8080"]}, True),
        ({"args": ["--port=18080"]}, False),
    ],
)
def test_who_holds_the_port(other: dict[str, Any], *, holds: bool) -> None:
    of = suspect(
        status(ended()),
        containers=[{"name": "app"}, {"name": "web", **other}],
        spec={"initContainers": [{"name": "prepare", **other}]},
        log=["listen tcp :8080: bind: address already in use"],
    )
    found = only(of)
    assert found.rule.code == ("port-conflict-in-pod" if holds else "crash-app-unknown")
    assert found.params.get("other") == ("web" if holds else None)


@pytest.mark.parametrize("container", [{"name": "app", "ports": [{"hostPort": 8080}]}, {"name": "app"}])
def test_a_port_of_the_node(container: dict[str, Any]) -> None:
    network = {} if "ports" in container else {"hostNetwork": True}
    of = suspect(status(ended()), containers=[container], spec=network, log=["OSError: address already in use"])
    assert only(of).rule.code == "port-conflict-host"


def test_the_grant_that_is_missing() -> None:
    line = (
        'nodes is forbidden: User "system:serviceaccount:shop:api" cannot list resource "nodes" in API group "" at the '
        "cluster scope"
    )
    of = suspect(status(ended()), log=[line])
    found = only(of)
    assert found.offender is not None
    assert (found.offender.kind, found.offender.name) == ("ServiceAccount", "api")
    assert len(Texts(of, found).commands(found.rule.commands)) == 1  # No Role can grant what has no namespace.


def test_the_read_only_root() -> None:
    containers = [{"name": "app", "securityContext": {"readOnlyRootFilesystem": True}}]
    lines = ["cannot create /run.pid: Read-only file system"]
    found = only(suspect(status(ended()), containers=containers, log=lines))
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.containers[app].securityContext.readOnlyRootFilesystem"
    assert only(suspect(status(ended()), log=lines)).rule.code == "crash-permission"


# Codes.


def test_the_runtimes_message_of_a_failed_start() -> None:
    of = suspect(status(ended(128, "StartError", message="mkdir /etc/passwd: not a directory"), now="waiting"))
    assert sentence(of) == ("Container app ends with code 128: mkdir /etc/passwd: not a directory (5 restarts in 10m).")


def test_an_unknown_signal_and_an_empty_reason() -> None:
    found = only(suspect(status({"exitCode": 0, "signal": 40})))
    assert found.params["why"] == "The process was ended by signal 40; nothing says who sent it."
    assert len(found.evidence) == 1


def test_which_log_is_meant() -> None:
    assert only(suspect(status(ended()), log=["boom"])).params["previous"] == "false"
    assert only(suspect(status(ended(), now="waiting"), log=["boom"], previous=True)).params["previous"] == "true"
    assert only(suspect(status(ended(), now="waiting"), log="forbidden")).params["previous"] == "true"


def test_no_patch_of_what_cannot_be_patched() -> None:
    of = suspect(
        status(ended(137, "OOMKilled")),
        spec={"resources": {"limits": {"memory": "1Gi"}}},
        metadata={"ownerReferences": []},
    )
    found = only(of)
    assert found.params["pod_patch"] is None
    assert Texts(of, found).commands(found.rule.commands) == (
        "kubectl -n shop top pod cart-6d9f8c7b5-x1z2y --containers",
    )


# History.


@pytest.mark.parametrize(
    ("restarts", "ago", "start", "ready", "expected"),
    [
        (4, 1200, 80, True, ["crash-flapping"]),
        (4, 1200, 80, False, ["crash-flapping"]),
        (2, 1200, 80, True, ["restart-historic"]),
        (4, 4000, 90, True, ["restart-historic"]),
        (4, 1200, 600, True, ["restart-historic"]),
        (4, 1200, None, True, ["restart-historic"]),
        (2, 4000, 600, False, []),
        (5, 60, 80, True, []),  # That is news.
    ],
)
def test_flapping_or_history(
    restarts: int, ago: float, start: float | None, *, ready: bool, expected: list[str]
) -> None:
    of = suspect(
        status(ended(1, ago=ago), now="running", restarts=restarts, ready=ready),
        startTime=at(minutes=start) if start else None,
    )
    assert codes(restarts_before, of) == expected


def test_no_history_of_what_goes_away_or_never_ended() -> None:
    old = status(ended(1, ago=4000), now="running", ready=True)
    assert codes(restarts_before, suspect(old, metadata={"deletionTimestamp": at(seconds=5)})) == []
    assert codes(restarts_before, suspect(status(now="running", ready=True))) == []
    assert codes(restarts_before, suspect(status(ended(1, ago=4000)))) == []
    init = {"initContainers": [{"name": "prepare"}]}
    assert codes(restarts_before, suspect(initContainerStatuses=[{**old, "name": "prepare"}], spec=init)) == []
