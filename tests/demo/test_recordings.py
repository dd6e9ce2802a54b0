from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.demo.discovery import RECORDED
from diagnostics.demo.recordings import NoRecording, load
from diagnostics.demo.times import instant, shift
from tests.clusters import SMALL

CAPTURED_AT = datetime(2026, 11, 23, 3, 53, 34, tzinfo=UTC)


def test_a_cluster_is_loaded_as_it_was_captured() -> None:
    recording = load(SMALL)
    assert recording.captured_at == CAPTURED_AT
    assert len(recording.store.objects("nodes")) == 7
    assert {each["metadata"]["namespace"] for each in recording.store.objects("pods")} == {
        folder.name for folder in SMALL.iterdir() if (folder / "namespace.json").is_file()
    }


def test_one_namespace_comes_with_the_cluster_beside_it() -> None:
    recording = load(SMALL / "64-istio")
    assert [each["metadata"]["namespace"] for each in recording.store.objects("pods")] == ["64-istio"]
    assert len(recording.store.objects("nodes")) == 7
    assert recording.captured_at == CAPTURED_AT


def test_a_lone_namespace_is_as_old_as_the_last_that_happened_in_it(tmp_path: Path) -> None:
    shutil.copytree(SMALL / "01-crash-traceback", tmp_path / "alone")
    recording = load(tmp_path / "alone")
    assert recording.store.objects("nodes") == []
    assert CAPTURED_AT - timedelta(minutes=2) < recording.captured_at <= CAPTURED_AT


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_a_recording_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoRecording, match="holds no captured namespace"):
        load(tmp_path / folder)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "broken")
    (tmp_path / "broken" / "64-istio" / "pods.json").write_text('{"kind": "PodList"')
    with pytest.raises(NoRecording, match=r"64-istio/pods\.json"):
        load(tmp_path / "broken")


def test_nothing_that_says_when(tmp_path: Path) -> None:
    (tmp_path / "namespace.json").write_text('{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"x"}}')
    with pytest.raises(NoRecording, match=r"no captured-at\.txt"):
        load(tmp_path)


def test_with_a_now_every_time_moves_by_as_much() -> None:
    now = CAPTURED_AT + timedelta(days=30, seconds=5)
    frozen, moved = load(SMALL).store, load(SMALL, now=now).store
    for resource in ("pods", "events", "nodes"):
        before = json.dumps(frozen.objects(resource)).encode()
        assert shift(before, now - CAPTURED_AT) == json.dumps(moved.objects(resource)).encode()
        assert b"2026-11-23T" not in json.dumps(moved.objects(resource)).encode()


def test_log_lines_move_too() -> None:
    query = {"container": "worker", "timestamps": "true"}
    recording = load(SMALL, now=CAPTURED_AT + timedelta(days=1))
    pod = recording.store.objects("pods", "01-crash-traceback")[0]
    text = recording.logs.read(pod, None, query, CAPTURED_AT)
    assert text is not None
    assert text.startswith(b"2026-11-24T03:")


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        (b'"2026-11-23T23:59:59Z"', b'"2026-11-24T00:00:00Z"'),
        (b"2026-11-23T03:53:31.482910377Z boom", b"2026-11-23T03:53:32.482910377Z boom"),
        (b"certificate expired at 2026-05-01T00:00:00Z: renew", b"certificate expired at 2026-05-01T00:00:01Z: renew"),
        (b"on 2026-05-01, or 2026-05-01T10:00:00+02:00", b"on 2026-05-01, or 2026-05-01T10:00:00+02:00"),
    ],
)
def test_times_move_wherever_they_stand(text: bytes, moved: bytes) -> None:
    assert shift(text, timedelta(seconds=1)) == moved


def test_times_as_kubernetes_writes_them() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC)
    assert instant(at) == "2026-01-02T03:04:05Z"
    assert instant(at, microseconds=True) == "2026-01-02T03:04:05.000060Z"
    assert instant(at, nanoseconds=True) == "2026-01-02T03:04:05.000060000Z"


def test_the_demos_own_recording_is_consistent() -> None:
    store = load(RECORDED).store
    uids = {each["metadata"]["uid"] for name in ("deployments", "replicasets", "jobs") for each in store.objects(name)}
    nodes = {each["metadata"]["name"] for each in store.objects("nodes")}
    namespaces = {each["metadata"]["name"] for each in store.objects("namespaces")}
    for pod in store.objects("pods"):
        assert pod["metadata"]["namespace"] in namespaces
        assert pod["spec"].get("nodeName", "lab-node-1") in nodes
        for owner in pod["metadata"].get("ownerReferences", ()):
            assert owner["uid"] in uids or owner["kind"] not in ("ReplicaSet", "Job")
        assert "managedFields" not in pod["metadata"]


def test_the_demos_own_recording_is_small() -> None:
    size = sum(path.stat().st_size for path in RECORDED.rglob("*") if path.is_file())
    assert size < 4_000_000
