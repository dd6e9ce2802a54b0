from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest

from diagnostics.kube import access
from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.pacing import Pacing
from tests.kube.conftest import Kubeconfig, Naps
from tests.kube.server import RESET, Answer, Script, chunked, json_answer, raw, recorded, serve, text_answer

PODS = "/api/v1/pods"
FINE = json_answer({"kind": "PodList", "items": []})


def failing(cluster: Access, path: str = PODS) -> ReadFailed:
    with pytest.raises(ReadFailed) as caught:
        cluster.get(path)
    return caught.value


def test_an_answer_brings_its_bytes_and_the_servers_clock(script: Script, cluster: Access) -> None:
    script.on(PODS, FINE)

    answer = cluster.get(PODS, {"limit": "500", "labelSelector": "app=a,b!=c"})

    assert (answer.status, answer.data) == (200, FINE.body)
    assert answer.date == datetime(2026, 11, 23, 3, 52, 48, tzinfo=UTC)
    (asked,) = script.asked
    assert (asked.method, dict(asked.params)) == ("GET", {"limit": "500", "labelSelector": "app=a,b!=c"})
    assert asked.headers["Accept"] == "application/json"


def test_an_answer_without_a_date_has_none(script: Script, cluster: Access) -> None:
    script.on(PODS, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))

    assert cluster.get(PODS).date is None


def test_the_context_gives_name_namespace_and_server(script: Script, cluster: Access) -> None:
    assert (cluster.name, cluster.namespace, cluster.server) == ("lab", "shop", script.address)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ("401-bad-token", FailureKind.UNAUTHORIZED, "refused the credentials"),
        ("403-pods-all", FailureKind.FORBIDDEN, "may not list pods at the cluster scope"),
        ("404-path", FailureKind.NOT_FOUND, "404 page not found"),
        ("404-pod", FailureKind.NOT_FOUND, 'pods "nope" not found'),
        ("400-label-selector", FailureKind.BAD_REQUEST, "unable to parse requirement"),
        ("400-bad-continue", FailureKind.BAD_REQUEST, "invalid continue token"),
        ("410-continue-expired", FailureKind.EXPIRED, "too old"),
    ],
)
def test_what_trying_again_would_not_mend_is_asked_once(
    script: Script, cluster: Access, naps: Naps, answer: str, kind: FailureKind, says: str
) -> None:
    script.on(PODS, recorded(answer))

    failure = failing(cluster)

    assert failure.kind == kind
    assert says in str(failure)
    assert "\n" not in str(failure)
    assert naps.seconds == []


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ("503-metrics", FailureKind.UNAVAILABLE, "service unavailable (503)"),
        ("500-log-node-down", FailureKind.UNAVAILABLE, "no route to host (500)"),
        ("429-apf", FailureKind.THROTTLED, "Too many requests"),
        ("504-rv-too-large", FailureKind.UNAVAILABLE, "Too large resource version"),
    ],
)
def test_what_may_pass_is_tried_a_few_times(
    script: Script, cluster: Access, naps: Naps, answer: str, kind: FailureKind, says: str
) -> None:
    script.on(PODS, recorded(answer))

    failure = failing(cluster)

    assert failure.kind == kind
    assert says in str(failure)
    assert len(script.asked) == 4
    assert len(naps.seconds) == 3


@pytest.mark.parametrize("passing", [recorded("503-metrics"), RESET, raw(b""), chunked(b'{"kind"', cut=True)])
def test_a_fault_that_passes_is_not_noticed(script: Script, cluster: Access, passing: Answer) -> None:
    script.on(PODS, passing, FINE)

    assert cluster.get(PODS).data == FINE.body


def test_pauses_grow_and_differ(script: Script, kubeconfig: Kubeconfig, naps: Naps) -> None:
    script.on(PODS, recorded("503-metrics"))
    dice = iter((0.0, 1.0, 0.5))

    with access.load(kubeconfig(script.address), pacing=Pacing(sleep=naps, random=lambda: next(dice))) as cluster:
        failing(cluster)

    assert naps.seconds == pytest.approx([0.1, 0.4, 0.6])


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (recorded("429-apf"), 1.0),
        (text_answer("busy", 429, Retry_After="7"), 7.0),
        (text_answer("busy", 503, Retry_After="Mon, 23 Nov 2020 03:52:48 GMT"), 0.0),
        (recorded("504-rv-too-large"), 1.0),
    ],
)
def test_the_server_says_how_long_to_wait(
    script: Script, cluster: Access, naps: Naps, answer: Answer, seconds: float
) -> None:
    script.on(PODS, answer, FINE)

    cluster.get(PODS)

    assert naps.seconds == [seconds]


def test_a_wait_beyond_the_time_given_is_not_waited_for(script: Script, cluster: Access, naps: Naps) -> None:
    script.on(PODS, text_answer("busy", 429, Retry_After="3600"))

    failure = failing(cluster)

    assert (failure.kind, failure.retry_after) == (FailureKind.THROTTLED, 3600)
    assert naps.seconds == []


def test_an_odd_retry_after_is_none(script: Script, cluster: Access, naps: Naps) -> None:
    script.on(PODS, text_answer("busy", 429, Retry_After="soon"), FINE)

    cluster.get(PODS)

    assert 0 < naps.seconds[0] <= 0.2


@pytest.mark.parametrize(
    ("path", "answer", "grant", "namespace"),
    [
        (PODS, "403-pods-all", "list pods", None),
        ("/api/v1/namespaces/shop/pods", "403-pods-other-ns", "list pods", "shop"),
        ("/apis/apps/v1/namespaces/shop/deployments", "403-deployments", "list deployments.apps", "shop"),
        ("/api/v1/namespaces/shop/pods/api-1/log", "403-log", "get pods/log", "shop"),
        ("/api/v1/namespaces/shop", "403-pods-all", "get namespaces", None),
        ("/version", "403-pods-all", "get /version", None),
    ],
)
def test_forbidden_names_the_missing_grant(
    script: Script, cluster: Access, path: str, answer: str, grant: str, namespace: str | None
) -> None:
    script.on(path, recorded(answer))

    failure = failing(cluster, path)

    assert (failure.kind, failure.grant, failure.namespace) == (FailureKind.FORBIDDEN, grant, namespace)
    assert 'User "system:serviceaccount:default:viewer-one-ns" may not' in failure.message
    assert f"kubectl auth can-i {grant}" in failure.hint


@pytest.mark.parametrize(
    "answer",
    [
        text_answer("<html><title>Sign in</title></html>", 403, "text/html"),
        text_answer("  <!doctype html>", 404),
        text_answer("", 302, Location="https://login.example/?token=Zq9xSecret77"),
        raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    ],
)
def test_what_is_no_api_server_is_called_so(script: Script, cluster: Access, answer: Answer) -> None:
    script.on(PODS, answer)

    failure = failing(cluster)

    assert failure.kind == FailureKind.NOT_KUBERNETES
    assert script.address in str(failure)
    assert "Zq9xSecret77" not in str(failure)


def test_a_web_page_from_a_proxy_that_has_lost_its_server_is_a_server_error(script: Script, cluster: Access) -> None:
    script.on(PODS, text_answer("<html>\n<h1>502 Bad Gateway</h1>", 502, "text/html"))

    assert failing(cluster).kind == FailureKind.UNAVAILABLE


def test_a_forbidden_body_that_is_no_status_still_names_the_grant(script: Script, cluster: Access) -> None:
    script.on(PODS, text_answer("denied by the gateway", 403))

    failure = failing(cluster)

    assert (failure.kind, failure.grant) == (FailureKind.FORBIDDEN, "list pods")


def test_an_answer_that_ends_early_is_truncated(script: Script, cluster: Access) -> None:
    script.on(PODS, raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"kind":'))

    failure = failing(cluster)

    assert failure.kind == FailureKind.TRUNCATED
    assert len(script.asked) == 4


def test_a_connection_that_is_reset_is_unreachable(script: Script, cluster: Access) -> None:
    script.on(PODS, RESET)

    assert failing(cluster).kind == FailureKind.UNREACHABLE


def test_nobody_listens(kubeconfig: Kubeconfig, naps: Naps) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with access.load(kubeconfig(f"http://127.0.0.1:{port}"), pacing=Pacing(sleep=naps)) as cluster:
        failure = failing(cluster)

    assert failure.kind == FailureKind.UNREACHABLE
    assert failure.message == f"http://127.0.0.1:{port} cannot be reached: Connection refused."


def test_a_name_that_does_not_resolve(kubeconfig: Kubeconfig, naps: Naps) -> None:
    with access.load(kubeconfig("https://api.invalid:6443"), pacing=Pacing(sleep=naps)) as cluster:
        failure = failing(cluster)

    assert failure.kind == FailureKind.UNREACHABLE
    assert "cannot be resolved" in failure.message


def test_a_server_that_never_answers_costs_no_more_than_the_time_given(script: Script, cluster: Access) -> None:
    script.on(PODS, script.hang)

    with pytest.raises(ReadFailed, match="did not answer") as caught:
        cluster.get(PODS, timeout=0.2)

    assert caught.value.kind == FailureKind.TIMEOUT


def test_a_server_that_drips_is_given_up_too(script: Script, cluster: Access) -> None:
    def write(handler: object) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")  # type: ignore[attr-defined]
        while not script.closing.wait(0.02):
            handler.wfile.write(b" ")  # type: ignore[attr-defined]

    script.on(PODS, Answer(write=write))

    with pytest.raises(ReadFailed) as caught:
        cluster.get(PODS, timeout=0.3)

    assert caught.value.kind == FailureKind.TIMEOUT


def test_an_endless_answer_does_not_fill_the_memory(
    script: Script, cluster: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.kube.answers.LARGEST_ANSWER", 1 << 20)
    script.on(PODS, text_answer(b"x" * (3 << 20)))

    assert failing(cluster).kind == FailureKind.NOT_KUBERNETES


def test_a_budget_bounds_everything_together(script: Script, kubeconfig: Kubeconfig, naps: Naps) -> None:
    script.on(PODS, FINE)
    clock = [0.0]

    with access.load(
        kubeconfig(script.address), budget=3.0, pacing=Pacing(sleep=naps, monotonic=lambda: clock[0])
    ) as cluster:
        cluster.get(PODS)
        clock[0] = 3.5
        failure = failing(cluster)

    assert failure.kind == FailureKind.TIMEOUT


def test_statuses_that_are_answers_are_no_failures(script: Script, cluster: Access) -> None:
    script.on("/readyz", text_answer("[-]etcd failed", 500))

    assert cluster.get("/readyz", answers=(500,)).status == 500
    assert len(script.asked) == 1


def test_threads_share_one_access(script: Script, cluster: Access) -> None:
    script.on(PODS, FINE)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(cluster.get(PODS).data)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [FINE.body] * 8


def test_a_proxy_of_the_environment_is_used(
    script: Script, kubeconfig: Kubeconfig, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as proxy:
        # A proxy is asked with the whole address.
        proxy.on(PODS, FINE)
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        with access.load(kubeconfig(script.address), pacing=Pacing(sleep=naps)) as cluster:
            assert cluster.get(PODS).data == FINE.body
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with access.load(kubeconfig(script.address), pacing=Pacing(sleep=naps)) as cluster:
            script.on(PODS, FINE)
            cluster.get(PODS)

    assert proxy.paths() == [PODS]
    assert script.paths() == [PODS]


def test_a_proxy_that_does_not_answer_is_named(
    script: Script, kubeconfig: Kubeconfig, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{probe.getsockname()[1]}")
        with access.load(kubeconfig("https://api.example:6443"), pacing=Pacing(sleep=naps)) as cluster:
            failure = failing(cluster)

    assert failure.kind == FailureKind.UNREACHABLE
    assert "the proxy failed: Connection refused" in failure.message
