from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.kube import access
from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.pacing import Pacing
from diagnostics.kube.refusals import Request
from diagnostics.kube.resources import EVENTS, PODS
from diagnostics.kube.watch import Change, ChangeKind, lines, watch
from tests.kube.conftest import Kubeconfig
from tests.kube.server import RESET, Answer, Script, chunked, recorded

PATH = "/api/v1/pods"
REQUEST = Request("https://c.example", PATH, {})


def told(kind: str, version: str, **fields: object) -> bytes:
    document = {"type": kind, "object": {"kind": "Pod", "metadata": {"resourceVersion": version}, **fields}}
    return json.dumps(document).encode() + b"\n"


def follow(cluster: Access) -> Iterator[Change]:
    return watch(cluster, PODS, "100", timeout_seconds=20)


def test_changes_come_with_their_versions(script: Script, cluster: Access) -> None:
    script.on(
        PATH, chunked(told("ADDED", "101"), told("MODIFIED", "102"), told("DELETED", "103"), told("BOOKMARK", "110"))
    )

    changes = list(follow(cluster))

    assert [(change.kind, change.resource_version) for change in changes] == [
        (ChangeKind.ADDED, "101"),
        (ChangeKind.MODIFIED, "102"),
        (ChangeKind.DELETED, "103"),
        (ChangeKind.BOOKMARK, "110"),
    ]
    assert json.loads(changes[0].object) == {"kind": "Pod", "metadata": {"resourceVersion": "101"}}
    assert dict(script.asked[0].params) == {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": "100",
        "timeoutSeconds": "20",
    }


def test_a_watch_may_be_of_one_namespace_and_some_labels(script: Script, cluster: Access) -> None:
    script.on("/api/v1/namespaces/shop/events", chunked())

    assert list(watch(cluster, EVENTS, "1", "shop", timeout_seconds=1, label_selector="a=b")) == []
    assert script.asked[0].params["labelSelector"] == "a=b"


def test_a_change_is_told_before_the_next_one_comes(script: Script, cluster: Access) -> None:
    seen = threading.Event()

    def write(handler: object) -> None:
        send = handler.wfile.write  # type: ignore[attr-defined]
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        line = told("ADDED", "101")
        send(b"%x\r\n%s\r\n" % (len(line), line))
        assert seen.wait(30)
        send(b"0\r\n\r\n")

    script.on(PATH, Answer(write=write))
    changes = follow(cluster)

    assert next(changes).resource_version == "101"
    seen.set()
    assert list(changes) == []


def test_a_stream_without_chunks_is_told_as_it_comes_too(script: Script, cluster: Access) -> None:
    def write(handler: object) -> None:
        send = handler.wfile.write  # type: ignore[attr-defined]
        send(b"HTTP/1.1 200 OK\r\n\r\n" + told("ADDED", "101"))
        script.closing.wait()
        handler.close_connection = True  # type: ignore[attr-defined]

    script.on(PATH, Answer(write=write))

    assert next(iter(follow(cluster))).resource_version == "101"


@pytest.mark.parametrize("answer", ["410-watch-old-rv", "410-watch-events-old-rv"])
def test_a_version_that_is_too_old_is_expired(script: Script, cluster: Access, answer: str) -> None:
    body = recorded(answer).body
    script.on(PATH, chunked(told("ADDED", "101"), body))
    changes = follow(cluster)

    assert next(changes).resource_version == "101"
    with pytest.raises(ReadFailed, match="too old") as caught:
        next(changes)
    assert caught.value.kind == FailureKind.EXPIRED


def test_a_refusal_is_raised_when_the_watch_is_opened(script: Script, cluster: Access) -> None:
    script.on(PATH, recorded("403-watch"))

    with pytest.raises(ReadFailed) as caught:
        follow(cluster)

    assert (caught.value.kind, caught.value.grant) == (FailureKind.FORBIDDEN, "watch pods")


def test_a_version_from_the_future_brings_nothing(script: Script, cluster: Access) -> None:
    script.on(PATH, recorded("504-watch-rv-too-large"))

    assert list(follow(cluster)) == []


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (chunked(told("ADDED", "101"), told("ADDED", "102")[:40]), FailureKind.TRUNCATED),
        (chunked(told("ADDED", "101"), told("ADDED", "102")[:40], cut=True), FailureKind.UNREACHABLE),
        (chunked(told("ADDED", "101"), cut=True), FailureKind.UNREACHABLE),
        (chunked(told("ADDED", "101"), b'{"type":"PARTY","object":{"metadata":{}}}\n'), FailureKind.NOT_KUBERNETES),
        (chunked(told("ADDED", "101"), b'{"type":"ADDED","object":{}}\n'), FailureKind.NOT_KUBERNETES),
        (chunked(told("ADDED", "101"), b'{"type":"ERROR","object":{}}\n'), FailureKind.NOT_KUBERNETES),
        (chunked(told("ADDED", "101"), b"<html>\n"), FailureKind.NOT_KUBERNETES),
    ],
)
def test_what_was_complete_is_told_before_the_stream_breaks(
    script: Script, cluster: Access, end: Answer, kind: FailureKind
) -> None:
    script.on(PATH, end)
    changes = follow(cluster)

    assert next(changes).resource_version == "101"
    with pytest.raises(ReadFailed) as caught:
        next(changes)
    assert caught.value.kind == kind


def test_a_connection_that_is_reset_at_once(script: Script, cluster: Access) -> None:
    script.on(PATH, RESET)

    with pytest.raises(ReadFailed) as caught:
        follow(cluster)

    assert caught.value.kind == FailureKind.UNREACHABLE


def test_a_server_that_talks_on_after_the_time_out_is_left(script: Script, kubeconfig: Kubeconfig) -> None:
    clock = [0.0]
    script.on(PATH, chunked(told("ADDED", "101"), told("ADDED", "102"), told("ADDED", "103")))

    with access.load(kubeconfig(script.address), pacing=Pacing(monotonic=lambda: clock[0])) as cluster:
        changes = watch(cluster, PODS, "100", timeout_seconds=20)
        next(changes)
        clock[0] = 30.5
        assert list(changes) == []


def test_a_server_that_falls_silent_is_not_waited_for_longer(
    script: Script, cluster: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.kube.watch.GRACE", 0.1)
    script.on(PATH, script.hang)

    with pytest.raises(ReadFailed) as caught:
        watch(cluster, PODS, "100", timeout_seconds=0)

    assert caught.value.kind == FailureKind.TIMEOUT


def test_another_thread_can_end_a_watch(script: Script, cluster: Access) -> None:
    def write(handler: object) -> None:
        line = told("ADDED", "101")
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        handler.wfile.write(head + b"%x\r\n%s\r\n" % (len(line), line))  # type: ignore[attr-defined]
        script.closing.wait()

    script.on(PATH, Answer(write=write))
    changes = watch(cluster, PODS, "100", timeout_seconds=600)
    next(changes)
    ended: list[ReadFailed] = []

    def wait_for_the_next() -> None:
        try:
            next(changes)
        except ReadFailed as failure:
            ended.append(failure)

    waiting = threading.Thread(target=wait_for_the_next)
    waiting.start()
    changes.stop()
    waiting.join(30)

    assert len(ended) == 1
    changes.stop()  # Once more does no harm.


def test_a_line_that_never_ends_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.kube.watch.LONGEST_LINE", 1000)

    with pytest.raises(ReadFailed) as caught:
        list(lines(REQUEST, (b"x" * 100 for _ in range(1000))))

    assert caught.value.kind == FailureKind.NOT_KUBERNETES


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and bool(line.strip()))), st.data())
def test_lines_are_the_same_wherever_the_parts_end(expected: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in expected)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))) | {0, len(stream)})

    assert list(lines(REQUEST, (stream[a:b] for a, b in pairwise(cuts)))) == expected
