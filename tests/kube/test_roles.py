from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.kube import roles
from diagnostics.kube.access import Access
from diagnostics.kube.collect import FIELDS, Scope, enrich, sweep
from diagnostics.kube.grants import Grant, needed
from diagnostics.kube.health import failing_checks, server_version
from diagnostics.kube.resources import ALWAYS, BY_NAME, LOGS, NON_RESOURCES, RESOURCES, When
from diagnostics.kube.watch import watch
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.wanted import LogWanted, Wanted
from tests.kube.server import Asked, Script, chunked, json_answer, list_of, text_answer

SHIPPED = Path(__file__).parents[2] / "deploy" / "rbac"
OBSERVED = datetime(2026, 11, 23, tzinfo=UTC)
Permission = tuple[str, str, str]  # verb, group, resource


def permissions(documents: list[dict[str, Any]], kind: str) -> set[Permission]:
    return {
        (verb, group, resource)
        for document in documents
        if document["kind"] == kind
        for rule in document["rules"]
        for verb in rule["verbs"]
        for group in rule.get("apiGroups", [""])
        for resource in (*rule.get("resources", ()), *rule.get("nonResourceURLs", ()))
    }


def shipped(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((SHIPPED / name).read_text()))


def asked_for(asked: Asked) -> Permission:
    grant = needed(asked.path, asked.params)
    return grant.verb, grant.group, grant.resource


def used(asked: list[Asked]) -> set[Permission]:
    assert {request.method for request in asked} == {"GET"}
    return {asked_for(request) for request in asked}


def table() -> Iterator[Permission]:
    for resource in RESOURCES:
        if resource.when is not When.OPTED_IN:
            yield from ((verb, resource.group, resource.name) for verb in resource.verbs)
    yield "get", "", LOGS


@pytest.fixture
def everything_asked(script: Script, cluster: Access) -> list[Asked]:
    """Every request that this package can make, as far as any caller can lead it."""
    for resource in RESOURCES:
        for place in (None, "shop"):
            script.on(resource.path(place), list_of(kind="List"))
    script.on("/version", json_answer({"gitVersion": "v1.36.2"}))
    script.on("/readyz", text_answer("ok"))
    script.on("/api/v1/namespaces/shop/pods/api-1/log", text_answer("x\n"))
    sweep(cluster, Scope(), suspicious=lambda _, __: True)
    sweep(cluster, Scope(("shop",)), suspicious=lambda _, __: True)
    snapshot = Snapshot("lab", OBSERVED)
    log = LogWanted("shop", "api-1", "uid", "app", previous_first=True)
    enrich(cluster, snapshot, Wanted(logs=(log,), resources=frozenset((name, "shop") for name in FIELDS)))
    server_version(cluster)
    failing_checks(cluster)
    for resource in ALWAYS:
        script.on(resource.path(), chunked())
        list(watch(cluster, resource, "1", timeout_seconds=1))
    return script.asked


def test_the_shipped_roles_are_written_from_the_table() -> None:
    assert (SHIPPED / "clusterrole.yaml").read_text() == roles.cluster_role()
    assert (SHIPPED / "role.yaml").read_text() == roles.namespaced_role()


def test_writing_the_roles(tmp_path: Path) -> None:
    roles.main(tmp_path / "rbac")

    assert sorted(path.name for path in (tmp_path / "rbac").iterdir()) == ["clusterrole.yaml", "role.yaml"]


def test_the_cluster_role_grants_the_table_and_no_more() -> None:
    documents = shipped("clusterrole.yaml")
    granted = permissions(documents, "ClusterRole") | permissions(documents, "Role")

    assert granted == {*table(), *(("get", "", path) for path in NON_RESOURCES)}
    assert {verb for verb, _, _ in granted} <= {"get", "list", "watch"}
    assert "secrets" not in {resource for _, _, resource in granted}


def test_a_lease_is_read_in_one_namespace_only() -> None:
    documents = shipped("clusterrole.yaml")

    assert "leases" not in {resource for _, _, resource in permissions(documents, "ClusterRole")}
    (role,) = (document for document in documents if document["kind"] == "Role")
    assert role["metadata"]["namespace"] == "kube-system"


def test_the_namespaced_role_grants_what_is_in_namespaces() -> None:
    expected = {p for p in table() if p[2] == LOGS or (BY_NAME[p[2]].namespaced and not BY_NAME[p[2]].only_in)}

    assert permissions(shipped("role.yaml"), "Role") == expected


def test_each_role_is_bound() -> None:
    for name in ("clusterrole.yaml", "role.yaml"):
        documents = shipped(name)
        roles_in_file = [(d["kind"], d["metadata"]["name"]) for d in documents if "rules" in d]
        bound = [(d["roleRef"]["kind"], d["roleRef"]["name"]) for d in documents if "roleRef" in d]
        assert roles_in_file == bound


def test_whatever_is_asked_is_granted(everything_asked: list[Asked]) -> None:
    documents = shipped("clusterrole.yaml")

    assert used(everything_asked) <= permissions(documents, "ClusterRole")


def test_in_one_namespace_the_role_is_enough(script: Script, cluster: Access, everything_asked: list[Asked]) -> None:
    script.asked.clear()
    sweep(cluster, Scope(("shop",)), suspicious=lambda _, __: True)

    assert used(script.asked) - permissions(shipped("role.yaml"), "Role") == {("list", "", "nodes")}


def test_whatever_is_always_granted_is_asked(everything_asked: list[Asked]) -> None:
    always = {(verb, resource.group, resource.name) for resource in ALWAYS for verb in resource.verbs}

    assert always | {("get", "", LOGS)} <= used(everything_asked)


def test_secrets_are_never_asked_for(everything_asked: list[Asked]) -> None:
    assert not [asked.path for asked in everything_asked if "secrets" in asked.path]


@pytest.mark.parametrize(
    ("path", "grant", "question"),
    [
        ("/api/v1/pods", Grant("list", "pods"), "kubectl auth can-i list pods"),
        ("/api/v1/namespaces/a/pods/p/log", Grant("get", "pods/log", "", "a"), "kubectl auth can-i get pods/log -n a"),
        ("/api/v1/namespaces", Grant("list", "namespaces"), "kubectl auth can-i list namespaces"),
        (
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            Grant("get", "deployments/scale", "apps", "a"),
            "kubectl auth can-i get deployments.apps/scale -n a",
        ),
        ("/readyz", Grant("get", "/readyz"), "kubectl auth can-i get /readyz"),
    ],
)
def test_a_path_tells_the_grant_that_it_needs(path: str, grant: Grant, question: str) -> None:
    assert needed(path, {}) == grant
    assert grant.question == question


def test_only_what_is_in_the_table_can_be_wanted(cluster: Access) -> None:
    with pytest.raises(KeyError):
        enrich(cluster, Snapshot("lab", OBSERVED), Wanted(resources=frozenset({("widgets", None)})))
