"""Running and not ready: what the probe met, and when that is nobody's news."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.probes import readiness, readiness_gate, redirected_probe
from diagnostics.rules.suspect import Suspect
from tests.rules.crashing import NOW, at, codes, event, judge, suspect

HTTP = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}
LATE = [{"type": "Ready", "status": "False", "lastTransitionTime": at(minutes=9)}]


def running(since: float = 600, **more: Any) -> dict[str, Any]:
    """The status of container app, running for that many seconds and not ready."""
    started = {"running": {"startedAt": at(seconds=since)}}
    return {"name": "app", "ready": False, "started": True, "state": started, **more}


def unready(said: str | None, probe: dict[str, Any] | None = None, **more: Any) -> Suspect:
    """The pod with that readiness probe (HTTP unless given), whose newest failure says that."""
    container = {
        "name": more.pop("name", "app"),
        "readinessProbe": HTTP if probe is None else probe,
        **more.pop("container", {}),
    }
    name = container["name"]
    events = [event("Unhealthy", said, container=name)] if said else []
    more.setdefault("conditions", LATE)
    return suspect(
        {**running(), "name": name}, containers=[container], events=[*events, *more.pop("events", [])], **more
    )


def only(of: Suspect) -> Finding:
    """The one finding about its readiness."""
    (found,) = judge(readiness, of)
    return found


def sentence(of: Suspect) -> str:
    """What is said of it."""
    found = only(of)
    return Texts(of, found).sentence(found.rule.message)


@pytest.mark.parametrize(
    ("said", "probe", "code", "met"),
    [
        (
            "HTTP probe failed with statuscode: 503",
            HTTP,
            "probe-http-status",
            "GET /ready on port 8080 answers HTTP 503",
        ),
        (
            "dial tcp 10.0.0.1:8080: connect: connection refused",
            HTTP,
            "probe-refused",
            "nothing accepts connections on port 8080",
        ),
        (
            "read tcp 10.0.0.1:1->10.0.0.2:2: read: connection reset by peer",
            HTTP,
            "probe-refused",
            "the connection to port 8080 breaks (connection reset by peer)",
        ),
        ('Get "http://10.0.0.1:8080/ready": EOF', HTTP, "probe-refused", "the connection to port 8080 breaks (EOF)"),
        (
            "dial tcp 10.0.0.1:5432: i/o timeout",
            {"tcpSocket": {"port": 5432}},
            "probe-timeout",
            "a connection to port 5432 is not answered within 1 s",
        ),
        (
            "command timed out",
            {"exec": {"command": ["check"]}},
            "probe-timeout",
            "its command check is not answered within 1 s",
        ),
        ("index missing\n", {"exec": {"command": ["check"]}}, "probe-exec", "its command says “index missing”"),
        ("connection refused", {"exec": {"command": ["check"]}}, "probe-exec", "its command says “connection refused”"),
        ("", {"exec": {"command": ["check"]}}, "probe-exec", "its command fails without a word"),
        (
            'exec: "check": executable file not found in $PATH',
            {"exec": {"command": ["check"]}},
            "probe-exec",
            "its command check is not in the image",
        ),
        (
            'service unhealthy (responded with "NOT_SERVING")',
            {"grpc": {"port": 9090}},
            "probe-grpc",
            'the gRPC health check on port 9090 fails: service unhealthy (responded with "NOT_SERVING")',
        ),
        (
            "http: server gave HTTP response to HTTPS client",
            {"httpGet": {"port": 8443, "scheme": "HTTPS"}},
            "probe-tls",
            "HTTPS GET / on port 8443 fails: http: server gave HTTP response to HTTPS client",
        ),
        (
            "dial tcp 10.0.0.1:15020: connect: connection refused",
            {"httpGet": {"port": 15020}},
            "probe-mesh",
            "nothing accepts connections on port 15020",
        ),
        (
            "HTTP probe failed with statuscode: 500",
            {"httpGet": {"port": 80, "path": "/app-health/app/readyz"}},
            "probe-mesh",
            "GET /app-health/app/readyz on port 80 answers HTTP 500",
        ),
        ("something new", HTTP, "ready-no-cause", "GET /ready on port 8080 fails: something new"),
    ],
)
def test_what_a_probe_met(said: str, probe: dict[str, Any], code: str, met: str) -> None:
    of = unready(f"Readiness probe failed: {said}", probe)
    assert only(of).rule.code == code
    assert met in sentence(of)


@pytest.mark.parametrize(
    ("status", "means"),
    [("503", "It serves"), ("404", "does not exist"), ("401", "asks for a login"), ("302", "A redirect"), ("418", "")],
)
def test_what_a_status_stands_for(status: str, means: str) -> None:
    cause = only(unready(f"Readiness probe failed: HTTP probe failed with statuscode: {status}")).params["status_means"]
    assert means in str(cause)
    assert bool(cause) is bool(means)


@pytest.mark.parametrize(
    "of",
    [
        unready("Readiness probe failed: x", phase="Pending"),
        unready("Readiness probe failed: x", metadata={"deletionTimestamp": at(seconds=3)}),
        suspect(running(), {**running(), "ready": True}, containers=[], conditions=LATE),
        suspect(running(10), containers=[{"name": "app", "readinessProbe": HTTP}]),  # Has 15 s.
        suspect(running(started=False), containers=[{"name": "app", "readinessProbe": HTTP}]),
        suspect({"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        suspect({**running(), "ready": True}),
        suspect({"name": "app", "state": {"running": {}}}),
        suspect(initContainerStatuses=[{**running(), "name": "init"}], spec={"initContainers": [{"name": "init"}]}),
    ],
    ids=["pending", "terminating", "no-container", "budget", "starting", "crashing", "ready", "timeless", "init"],
)
def test_quiet(of: Suspect) -> None:
    assert codes(readiness, of) == []


def test_the_clock_runs_from_the_loss_of_readiness_or_the_end_of_the_budget() -> None:
    assert only(unready("Readiness probe failed: x")).since == NOW - timedelta(minutes=9)
    never_ready = unready("Readiness probe failed: x", conditions=[])
    assert only(never_ready).since == NOW - timedelta(seconds=600 - 15)


def test_the_newest_word_of_the_right_probe() -> None:
    liveness = event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", ago=10)
    other = event("Unhealthy", "unexpected words", ago=5)
    of = unready("Readiness probe failed: HTTP probe failed with statuscode: 503", events=[liveness, other])
    assert only(of).signature == "status 503"


def test_an_event_of_long_ago_tells_nothing() -> None:
    old = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", ago=700)
    assert only(unready(None, events=[old])).rule.code == "ready-no-cause"


@pytest.mark.parametrize(
    ("more", "met"),
    [
        ({}, "no event of the last ten minutes says why"),
        ({"unread": ["events"]}, "why cannot be said without the events"),
        ({"container": {"readinessProbe": None}}, "it has no readiness probe that could fail"),
    ],
)
def test_no_cause(more: dict[str, Any], met: str) -> None:
    of = unready(None, **more)
    assert sentence(of) == f"Container app runs but is not ready, and {met}."
    assert only(of).confidence is Confidence.POSSIBLE


@pytest.mark.parametrize(
    ("log", "ports", "hint"),
    [
        (["boot", "listening on :9090", "GET /x 200"], [], " The container listens on port 9090."),
        (["listening on port 8080"], [{"containerPort": 9090}], ""),
        ([], [{"containerPort": 9090}], " The container listens on port 9090."),
        ([], [{"containerPort": 8080}], ""),
        ([], [], ""),
    ],
)
def test_the_port_that_it_listens_on_instead(log: list[str], ports: list[dict[str, Any]], hint: str) -> None:
    of = unready(
        "Readiness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused",
        container={"ports": ports},
        log=log,
    )
    assert only(of).params["elsewhere"] == hint


def test_a_port_by_its_name() -> None:
    ports = [{"name": "web", "containerPort": 8080}]
    named = {"httpGet": {"path": "/ready", "port": "web"}}
    of = unready("Readiness probe failed: connection refused", named, container={"ports": ports})
    assert "on port 8080" in sentence(of)
    by_number = {"httpGet": {"path": "/ready", "port": "8080"}}
    assert only(unready("Readiness probe failed: connection refused", by_number)).rule.code == "probe-refused"


@pytest.mark.parametrize("declared", ["web", ""])
def test_a_port_that_nobody_declares(declared: str) -> None:
    probe = {"httpGet": {"path": "/ready", "port": "wbe"}}
    of = unready(None, probe, container={"ports": [{"name": declared, "containerPort": 8080}]})
    assert only(of).rule.code == "probe-port-undeclared"
    assert only(of).evidence[1].value == (declared or "none")


@pytest.mark.parametrize(
    ("log", "said", "met", "confidence"),
    [
        (
            ["Envoy proxy is NOT ready: config not received from XDS server"],
            "x",
            "no configuration",
            Confidence.CERTAIN,
        ),
        (["x", "Envoy proxy is NOT ready: starting"], None, "does not come up", Confidence.CERTAIN),
        (["hello"], "HTTP probe failed with statuscode: 503", "answers HTTP 503", Confidence.CERTAIN),
        ([], None, "it does not say why", Confidence.LIKELY),
    ],
)
def test_the_meshs_sidecar(log: list[str], said: str | None, met: str, confidence: Confidence) -> None:
    of = unready(f"Readiness probe failed: {said}" if said else None, name="istio-proxy")
    if log:
        logs = suspect(log=log).snapshot.logs
        of.snapshot.logs = {(uid, "istio-proxy"): read for (uid, _), read in logs.items()}
    found = only(of)
    assert (found.rule.code, found.confidence) == ("mesh-sidecar-not-ready", confidence)
    assert met in str(found.params["met"])


def gated(**more: Any) -> Suspect:
    """A pod that waits for gate lb; gate other holds."""
    ready = {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": "lb is not there"}
    conditions = [ready, {"type": "other", "status": "True"}, *more.pop("more_conditions", [])]
    spec = {"readinessGates": [{"conditionType": "lb"}, {"conditionType": "other"}]}
    return suspect({**running(), "ready": True}, spec=spec, conditions=conditions, **more)


def test_a_gate_that_nobody_opens() -> None:
    (found,) = judge(readiness_gate, gated())
    assert found.params["gates"] == "lb"
    (told,) = judge(readiness_gate, gated(more_conditions=[{"type": "lb", "status": "True"}]))
    assert told.params["gates"] == "of the pod"


def test_no_gate() -> None:
    assert codes(readiness_gate, unready(None)) == []
    assert codes(readiness_gate, suspect(running())) == []
    assert codes(readiness_gate, gated(phase="Pending")) == []


def test_a_redirect_that_is_not_followed() -> None:
    warning = event("ProbeWarning", "Readiness probe warning: Probe terminated redirects, Response body: x")
    assert codes(redirected_probe, unready(None, events=[warning])) == ["probe-redirect"]
    assert codes(redirected_probe, unready(None, events=[{**warning, "lastTimestamp": at(hours=1)}])) == []
    assert codes(redirected_probe, unready(None, events=[{**warning, "message": "other"}])) == []
    assert codes(redirected_probe, unready(None, events=[warning], phase="Pending")) == []
