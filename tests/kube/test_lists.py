from __future__ import annotations

import msgspec
import pytest

from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.lists import Page, decoded, pages
from diagnostics.kube.resources import BY_NAME, PODS, SECRETS
from diagnostics.snapshot.cluster import Malformed
from diagnostics.snapshot.pods import LeanPod
from tests.kube.server import Answer, Script, json_answer, list_of, recorded, text_answer

PATH = "/api/v1/pods"
OFFERED = msgspec.json.decode(recorded("410-continue-expired").body)["metadata"]["continue"]


def pod(name: str) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "shop"}}


def read(cluster: Access) -> list[Page]:
    return list(pages(cluster, PODS))


def names(found: list[Page]) -> list[str]:
    return [item.metadata.name for page in found for _, item in decoded(PODS, page.items, LeanPod, [])]


def failing(cluster: Access) -> ReadFailed:
    with pytest.raises(ReadFailed) as caught:
        read(cluster)
    return caught.value


def test_pages_follow_one_another(script: Script, cluster: Access) -> None:
    script.on(PATH, list_of(pod("a"), pod("b"), token="t1"), list_of(pod("c"), token="t2"), list_of(pod("d")))

    found = read(cluster)

    assert names(found) == ["a", "b", "c", "d"]
    assert [dict(asked.params) for asked in script.asked] == [
        {"limit": "500"},
        {"limit": "500", "continue": "t1"},
        {"limit": "500", "continue": "t2"},
    ]


def test_a_namespace_a_selector_and_a_limit_are_asked_for(script: Script, cluster: Access) -> None:
    path = "/apis/apps/v1/namespaces/shop/deployments"
    script.on(path, list_of())

    list(pages(cluster, BY_NAME["deployments"], "shop", label_selector="app in (a, b)", limit=10))

    assert script.paths() == [path]
    assert dict(script.asked[0].params) == {"limit": "10", "labelSelector": "app in (a, b)"}


def test_a_namespaces_name_cannot_lead_elsewhere(script: Script, cluster: Access) -> None:
    with pytest.raises(ReadFailed):
        list(pages(cluster, PODS, "../../../version?"))

    assert script.paths() == ["/api/v1/namespaces/..%2F..%2F..%2Fversion%3F/pods"]


def test_secrets_are_asked_for_as_metadata_only(script: Script, cluster: Access) -> None:
    script.on("/api/v1/secrets", list_of())

    list(pages(cluster, SECRETS))

    assert script.asked[0].headers["Accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize(
    "answer", [recorded("200-list-in-missing-namespace"), json_answer({"kind": "PodList", "items": None})]
)
def test_a_list_may_be_empty(script: Script, cluster: Access, answer: Answer) -> None:
    script.on(PATH, answer)

    assert names(read(cluster)) == []


def test_a_list_that_expires_halfway_goes_on_with_the_token_that_is_offered(script: Script, cluster: Access) -> None:
    script.on(
        PATH,
        list_of(pod("a"), version="100", token="t1"),
        recorded("410-continue-expired"),
        list_of(pod("b"), version="900"),
    )

    found = read(cluster)

    assert names(found) == ["a", "b"]
    assert script.asked[-1].params["continue"] == OFFERED
    # A watch from here tells of everything that changed while the list was read.
    assert {page.resource_version for page in found} == {"100"}


def test_it_may_expire_again_further_on(script: Script, cluster: Access) -> None:
    expired = recorded("410-continue-expired")
    script.on(PATH, list_of(token="t1"), expired, list_of(pod("b"), token="t2"), expired, list_of(pod("c")))

    assert names(read(cluster)) == ["b", "c"]


@pytest.mark.parametrize(
    "answers",
    [
        (recorded("410-continue-expired"),),  # At once, so that there is nothing to go on with.
        (list_of(token="t1"), recorded("410-watch-old-rv")),
        (list_of(token="t1"), text_answer("gone", 410)),
        (list_of(token="t1"), recorded("410-continue-expired"), recorded("410-continue-expired")),
    ],
)
def test_it_is_expired_where_nothing_helps(script: Script, cluster: Access, answers: tuple[Answer, ...]) -> None:
    script.on(PATH, *answers)

    assert failing(cluster).kind in (FailureKind.EXPIRED, FailureKind.NOT_KUBERNETES)
    assert len(script.asked) == len(answers)


def test_a_list_that_does_not_go_on(script: Script, cluster: Access) -> None:
    script.on(PATH, list_of(pod("a"), token="t1"))

    assert failing(cluster).kind == FailureKind.NOT_KUBERNETES
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"kind":"PodList","items":[{"metadata":', FailureKind.TRUNCATED),
        (b"", FailureKind.NOT_KUBERNETES),
        (b"<html>Sign in</html>", FailureKind.NOT_KUBERNETES),
        (b"{}", FailureKind.NOT_KUBERNETES),
        (b'{"kind":"\xff\xfe"}', FailureKind.TRUNCATED),
        (b"[1, 2]", FailureKind.NOT_KUBERNETES),
        (b'{"kind":"Status","status":"Success"}', FailureKind.NOT_KUBERNETES),
        (b'{"kind":"PodList","items":{}}', FailureKind.NOT_KUBERNETES),
    ],
)
def test_a_success_that_is_no_list(script: Script, cluster: Access, body: bytes, kind: FailureKind) -> None:
    script.on(PATH, Answer(body))

    failure = failing(cluster)

    assert failure.kind == kind
    assert script.address in str(failure)


def test_one_malformed_object_costs_only_itself() -> None:
    malformed: list[Malformed] = []
    items = [
        msgspec.Raw(item)
        for item in (
            b'{"metadata":{"name":"good","namespace":"shop"}}',
            b'{"metadata":{"name":"bad","namespace":"shop"},"status":{"containerStatuses":[{"name":"app","restartCount":"x"}]}}',
            b'{"metadata":{"name":7}}',
            b'{"metadata":{"name":"\xff\xfe"}}',
            b'{"metadata":{"name":"last"}}',
        )
    ]

    found = [item.metadata.name for _, item in decoded(PODS, items, LeanPod, malformed)]

    assert found == ["good", "last"]
    assert [(item.resource, item.namespace, item.name) for item in malformed] == [
        ("pods", "shop", "bad"),
        ("pods", None, ""),
        ("pods", None, ""),
    ]
    assert "containerStatuses[0].restartCount" in malformed[0].error
