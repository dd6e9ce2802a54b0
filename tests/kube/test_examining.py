"""Whether a cluster can be read, step by step; nothing is asked that the shipped role does not grant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from diagnostics.demo.server import ClusterServer
from diagnostics.kube import access as accesses
from diagnostics.kube.access import Access
from diagnostics.kube.errors import ConfigurationError, FailureKind
from diagnostics.kube.examining import NOBODY, Right, Stage, readable, rights, way
from diagnostics.kube.pacing import Pacing
from tests.clusters import serving
from tests.kube.conftest import Kubeconfig
from tests.kube.server import Asked, Script, recorded, serve, text_answer
from tests.kube.test_roles import permissions, shipped, used

QUICK = Pacing(attempts=1)


def anywhere(address: str, port: int) -> None:
    """Everything may be asked."""


@pytest.fixture
def lab() -> Iterator[ClusterServer]:
    with serving(token="right") as server:
        yield server


def opened(address: str, kubeconfig: Kubeconfig, token: str = "right") -> Access:
    return accesses.load(kubeconfig(address, {"token": token}), pacing=QUICK)


def told(address: str, kubeconfig: Kubeconfig, token: str = "right") -> list[tuple[Stage, bool, str]]:
    with opened(address, kubeconfig, token) as access:
        return [(step.stage, step.passed, step.said) for step in way(access, anywhere)]


def test_the_way_to_a_cluster_that_answers(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    *steps, last = told(lab.url, kubeconfig)

    assert [(stage, passed) for stage, passed, _ in steps] == [
        (Stage.HOST, True),
        (Stage.PORT, True),
        (Stage.LOGIN, True),
    ]
    assert last[:2] == (Stage.VERSION, True)
    assert last[2].startswith("v1.")


def test_a_wrong_token_fails_where_one_logs_in(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    assert told(lab.url, kubeconfig, "wrong")[-1][:2] == (Stage.LOGIN, False)


def test_a_port_that_nobody_listens_on(kubeconfig: Kubeconfig) -> None:
    stage, passed, said = told("http://127.0.0.1:1", kubeconfig)[-1]

    assert (stage, passed) == (Stage.PORT, False)
    assert "Connection refused" in said


def test_a_name_that_has_no_address(kubeconfig: Kubeconfig) -> None:
    ((stage, passed, said),) = told("http://nowhere.invalid", kubeconfig)

    assert (stage, passed) == (Stage.HOST, False)
    assert "nowhere.invalid has no address" in said


def test_a_certificate_that_nobody_vouches_for(kubeconfig: Kubeconfig) -> None:
    with serve(certificate="server") as script:
        *before, last = told(script.address, kubeconfig)

    assert [stage for stage, passed, _ in before if passed] == [Stage.HOST, Stage.PORT]
    assert last[:2] == (Stage.CERTIFICATE, False)


def test_what_is_not_kubernetes(script: Script, kubeconfig: Kubeconfig) -> None:
    for answer in (text_answer("<html>", content_type="text/html"), recorded("404-path")):
        script.on("/version", answer)
        assert told(script.address, kubeconfig)[-1][:2] == (Stage.VERSION, False)


def test_a_version_that_may_not_be_read_does_not_stand_in_the_way(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    lab.access.forbid_path("/version")

    assert told(lab.url, kubeconfig)[-1] == (Stage.VERSION, True, "")


def refuse(address: str, port: int) -> None:
    raise ConfigurationError("not there")


def test_whether_anything_listens_where_nobody_may_ask_is_not_told(kubeconfig: Kubeconfig) -> None:
    with opened("http://127.0.0.1:1", kubeconfig) as access:
        last = list(way(access, refuse))[-1]

    assert (last.stage, last.passed, last.said) == (Stage.PORT, False, "not there")


def test_an_address_that_must_not_be_asked_is_not(script: Script, kubeconfig: Kubeconfig) -> None:
    with opened(script.address, kubeconfig) as access:
        last = list(way(access, refuse))[-1]

    assert (last.stage, last.passed, last.said) == (Stage.PORT, False, "not there")
    assert script.asked == []


def tried(server: ClusterServer, kubeconfig: Kubeconfig, *namespaces: str) -> list[Right]:
    with opened(server.url, kubeconfig) as access:
        return rights(access, namespaces)


def test_a_reader_with_every_right_lacks_none(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    found = tried(lab, kubeconfig)

    assert [str(right.failure) for right in found if right.failure] == []
    assert {"list pods", "watch pods", "get pods/log", "get configmaps"} <= {str(right.grant) for right in found}
    assert readable(found)


def test_missing_rights_are_found(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    lab.access.forbid("get", "pods/log")
    lab.access.forbid("list", "nodes")
    lab.access.forbid("watch", "events")

    missing = {str(right.grant) for right in tried(lab, kubeconfig) if right.missing}

    assert missing == {"get pods/log", "list nodes", "watch events"}


def test_a_reader_of_one_namespace_is_asked_there(lab: ClusterServer, kubeconfig: Kubeconfig) -> None:
    lab.access.only_namespaces("shop")

    assert not readable(tried(lab, kubeconfig))
    found = tried(lab, kubeconfig, "shop")
    assert readable(found)
    assert {right.grant.namespace for right in found if not right.failure} == {"shop"}


def test_nothing_is_asked_beyond_the_table(script: Script, kubeconfig: Kubeconfig) -> None:
    with opened(script.address, kubeconfig) as access:
        list(way(access, anywhere))
        found = rights(access, ())
        rights(access, ("shop",))

    documents = shipped("clusterrole.yaml")
    granted = permissions(documents, "ClusterRole") | permissions(documents, "Role") | {("get", "", "/version")}
    assert used(script.asked) <= granted
    assert [asked for asked in script.asked if not small(asked)] == []
    assert all(right.absent or NOBODY for right in found)


def small(asked: Asked) -> bool:
    """Whether hardly anything can come of it."""
    params = asked.params
    return params.get("limit") == "1" or params.get("timeoutSeconds") == "1" or NOBODY in asked.path or not params


def test_a_resource_that_an_older_server_does_not_know_is_not_missed(script: Script, kubeconfig: Kubeconfig) -> None:
    script.on("/api/v1/pods", recorded("403-pods-all"))
    with opened(script.address, kubeconfig) as access:
        found = {str(right.grant): right for right in rights(access, ())}

    assert found["list deployments.apps"].absent
    refused = found["list pods"].failure
    assert refused is not None
    assert refused.kind is FailureKind.FORBIDDEN
