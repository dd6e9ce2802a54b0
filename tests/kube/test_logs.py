from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.kube.access import Access
from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.logs import KEPT_BYTES, LINE_BYTES, READ_BYTES, clean, tail, tail_of
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.wanted import LogWanted
from tests.kube.server import RESET, Answer, Script, chunked, recorded, text_answer

PATH = "/api/v1/namespaces/shop/pods/api-1/log"
STAMP = b"2026-11-23T03:25:20.123456789Z "
GONE = text_answer("unable to retrieve container logs for containerd://0f6a")
LINES = text_answer(b"2026-11-23T03:25:20.1Z Traceback\n2026-11-23T03:25:20.2Z KeyError: 'DATABASE_URL'\n")


def read(cluster: Access, *, previous: bool = True) -> ContainerLog:
    return tail(cluster, "shop", "api-1", "app", previous=previous)


def wanted(*, previous_first: bool) -> LogWanted:
    return LogWanted("shop", "api-1", "uid-1", "app", previous_first=previous_first)


def previous_of(script: Script) -> list[str]:
    return [asked.params["previous"] for asked in script.asked]


def test_the_tail_of_a_log(script: Script, cluster: Access) -> None:
    script.on(PATH, LINES)

    assert read(cluster) == ContainerLog(lines=("Traceback", "KeyError: 'DATABASE_URL'"), previous=True)
    assert dict(script.asked[0].params) == {
        "container": "app",
        "previous": "true",
        "tailLines": "200",
        "timestamps": "true",
    }


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (GONE, "the node no longer has it"),
        (recorded("204-log-unscheduled-pod"), "the container wrote nothing"),
        (text_answer(""), "the container wrote nothing"),
        (recorded("404-log-pod"), "the pod is gone"),
        (
            recorded("400-log-no-previous"),
            'previous terminated container "web" in pod "multi-app-5b7997ff59-b9k2f" not found',
        ),
        (
            recorded("400-log-waiting-image"),
            'container "api" in pod "multi-app-5b7997ff59-b9k2f" is waiting to start: image can\'t be pulled',
        ),
        (recorded("400-log-no-such-container"), "container zzz is not valid for pod multi-app-5b7997ff59-b9k2f"),
    ],
)
def test_why_there_is_no_log_is_said(script: Script, cluster: Access, answer: Answer, missing: str) -> None:
    script.on(PATH, answer)

    assert read(cluster) == ContainerLog(previous=True, missing=missing)
    assert len(script.asked) == 1


@pytest.mark.parametrize("answer", [recorded("500-log-node-down"), recorded("429-apf"), RESET])
def test_a_log_that_fails_is_asked_for_once(script: Script, cluster: Access, answer: Answer) -> None:
    script.on(PATH, answer)

    assert read(cluster).missing
    assert len(script.asked) == 1


def test_a_node_that_is_down_is_named_as_the_reason(script: Script, cluster: Access) -> None:
    script.on(PATH, recorded("500-log-node-down"))

    assert "no route to host" in read(cluster).missing


def test_a_log_that_does_not_come_in_time(script: Script, cluster: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.kube.logs.TIMEOUT", 0.2)
    script.on(PATH, script.hang)

    assert read(cluster).missing == "the node did not send it in time"


@pytest.mark.parametrize(
    ("answer", "kind"), [("403-log", FailureKind.FORBIDDEN), ("401-bad-token", FailureKind.UNAUTHORIZED)]
)
def test_what_is_no_fault_of_the_log_is_raised(script: Script, cluster: Access, answer: str, kind: FailureKind) -> None:
    script.on(PATH, recorded(answer))

    with pytest.raises(ReadFailed) as caught:
        tail_of(cluster, wanted(previous_first=True))

    assert caught.value.kind == kind


@pytest.mark.parametrize("first", [True, False])
def test_one_request_is_enough_where_the_run_has_a_log(script: Script, cluster: Access, first: bool) -> None:
    script.on(PATH, LINES)

    assert tail_of(cluster, wanted(previous_first=first)).previous is first
    assert len(script.asked) == 1


@pytest.mark.parametrize(("first", "order"), [(True, ["true", "false"]), (False, ["false", "true"])])
def test_the_other_run_is_asked_where_it_has_none(
    script: Script, cluster: Access, first: bool, order: list[str]
) -> None:
    script.on(PATH, GONE, LINES)

    found = tail_of(cluster, wanted(previous_first=first))

    assert (found.previous, len(found.lines)) == (not first, 2)
    assert previous_of(script) == order


def test_where_neither_run_has_one_the_current_runs_reason_counts(script: Script, cluster: Access) -> None:
    waiting, never = recorded("400-log-waiting-image"), recorded("400-log-no-previous")

    script.on(PATH, never, waiting)
    assert "waiting to start" in tail_of(cluster, wanted(previous_first=True)).missing
    script.on(PATH, waiting, never)
    assert "waiting to start" in tail_of(cluster, wanted(previous_first=False)).missing
    assert len(script.asked) == 4


def test_a_very_long_line_is_cut(script: Script, cluster: Access) -> None:
    body = STAMP + b"first\n" + STAMP + b"x" * (2 << 20) + b"\n" + STAMP + b"last\n"
    script.on(PATH, text_answer(body))

    assert read(cluster).lines == ("first", "x" * LINE_BYTES, "last")


def test_a_log_that_never_ends_is_left(script: Script, cluster: Access) -> None:
    line = STAMP + b"y" * 1000 + b"\n"
    sent: list[int] = []

    def write(handler: object) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")  # type: ignore[attr-defined]
        while not script.closing.is_set():
            try:
                handler.wfile.write(line * 100)  # type: ignore[attr-defined]
            except OSError:
                return
            sent.append(len(line) * 100)

    script.on(PATH, Answer(write=write))

    found = read(cluster)

    assert sum(map(len, found.lines)) <= KEPT_BYTES
    assert sum(sent) >= READ_BYTES


def test_a_log_that_breaks_off_is_missing(script: Script, cluster: Access) -> None:
    script.on(PATH, chunked(STAMP + b"one\n", cut=True))

    assert read(cluster).missing


# What becomes of the bytes


def test_the_end_of_a_long_log_is_kept() -> None:
    lines = [b"%05d" % number + b"z" * 995 for number in range(300)]

    kept = clean([STAMP + line + b"\n" for line in lines])

    assert kept[-1].startswith("00299")
    assert len(kept) == KEPT_BYTES // 1000


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (STAMP + b"plain", "plain"),
        (b"2026-11-23T04:25:20+01:00 offset", "offset"),
        (STAMP + b"2026-11-23 03:25:20 its own time stays", "2026-11-23 03:25:20 its own time stays"),
        (b"without a timestamp", "without a timestamp"),
        (STAMP + b"\x1b[31;1mred\x1b[0m \x1b]0;title\x07rest\x1b[K", "red rest"),
        (STAMP + b"10%\r50%\r100%\r", "100%"),
        (STAMP + b"caf\xe9 \xff ok", "caf\ufffd \ufffd ok"),
        (STAMP + b"nul\x00 bell\x07\ttab", "nul bell\ttab"),
        (STAMP + "é".encode() * 3000, "é" * (LINE_BYTES // 2)),
        (STAMP + b"x" + "é".encode() * 3000, "x" + "é" * (LINE_BYTES // 2 - 1)),
        (STAMP + b"DB_PASSWORD=Zq9xSecret77", "DB_PASSWORD=[redacted]"),
        (STAMP + b"x" * (LINE_BYTES - 14) + b" token=Zq9xSecret77", "x" * (LINE_BYTES - 14) + " token=[redact"),
    ],
)
def test_a_line_is_made_fit_to_be_read(sent: bytes, shown: str) -> None:
    assert clean([sent]) == (shown,)


def test_empty_lines_stay() -> None:
    assert clean([STAMP + b"a\n" + STAMP + b"\n" + STAMP + b"b\n"]) == ("a", "", "b")


def test_a_key_that_spans_lines_is_redacted() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\n%b\n%b\n-----END PRIVATE KEY-----\n" % (b"QUJD" * 16, b"QUI=")
    lines = clean([STAMP + line + b"\n" for line in key.splitlines()])

    assert lines == ("-----BEGIN PRIVATE KEY-----", "[redacted]", "[redacted]", "-----END PRIVATE KEY-----")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300)))
def test_any_bytes_become_bounded_clean_lines(parts: list[bytes]) -> None:
    for line in clean(parts):
        assert len(line.encode()) <= LINE_BYTES
        assert not set(line) & set("\x00\x1b\r\n")


@settings(deadline=None)
@given(st.text(alphabet="abc \n", max_size=200), st.integers(1, 50))
def test_where_the_parts_end_makes_no_difference(text: str, size: int) -> None:
    data = text.encode()

    assert clean(data[start : start + size] for start in range(0, len(data), size)) == clean([data] if data else [])
