from __future__ import annotations

import pytest

from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.health import cluster_uid, failing_checks, server_version
from tests.kube.server import Answer, Script, json_answer, recorded, text_answer


def test_the_servers_version(script: Script, cluster: Access) -> None:
    script.on("/version", json_answer({"major": "1", "minor": "36", "gitVersion": "v1.36.2"}))

    assert server_version(cluster) == "v1.36.2"


@pytest.mark.parametrize("answer", [recorded("401-bad-token"), text_answer("v1"), json_answer({}), json_answer([])])
def test_a_version_that_is_not_told(script: Script, cluster: Access, answer: Answer) -> None:
    script.on("/version", answer)

    assert server_version(cluster) is None


def test_a_server_that_is_ready(script: Script, cluster: Access) -> None:
    script.on("/readyz", text_answer("[+]ping ok\n[+]etcd ok\nreadyz check passed\n"))

    assert failing_checks(cluster) == ()
    assert dict(script.asked[0].params) == {"verbose": ""}


def test_the_checks_that_fail_are_named(script: Script, cluster: Access) -> None:
    body = "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/start-apiextensions-informers failed: not finished\n"
    script.on("/readyz", text_answer(body + "readyz check failed\n", 500))

    assert failing_checks(cluster) == ("etcd", "poststarthook/start-apiextensions-informers")
    assert len(script.asked) == 1


def test_a_server_that_is_not_ready_without_saying_why(script: Script, cluster: Access) -> None:
    script.on("/readyz", text_answer("no", 503))

    assert failing_checks(cluster) == ("readyz",)


def test_readiness_that_may_not_be_asked(script: Script, cluster: Access) -> None:
    script.on("/readyz", recorded("403-pods-all"))

    with pytest.raises(ReadFailed) as caught:
        failing_checks(cluster)

    assert (caught.value.kind, caught.value.grant) == (FailureKind.FORBIDDEN, "get /readyz")


def test_a_cluster_is_known_by_its_first_namespace(script: Script, cluster: Access) -> None:
    path = "/api/v1/namespaces/kube-system"
    script.on(path, json_answer({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "2f6c"}}))

    assert cluster_uid(cluster) == "2f6c"


@pytest.mark.parametrize(
    "answer", [recorded("403-pods-all"), recorded("404-pod"), json_answer({}), text_answer("hello")]
)
def test_a_cluster_that_does_not_tell_which_it_is(script: Script, cluster: Access, answer: Answer) -> None:
    script.on("/api/v1/namespaces/kube-system", answer)

    assert cluster_uid(cluster) == ""


def test_no_answer_is_not_taken_for_a_cluster_without_identity(script: Script, cluster: Access) -> None:
    script.on("/api/v1/namespaces/kube-system", recorded("401-bad-token"))

    with pytest.raises(ReadFailed):
        cluster_uid(cluster)
