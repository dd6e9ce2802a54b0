"""Exit codes, windows and last words."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.rules.exits import (
    duration,
    exits,
    explain_end,
    failing_since,
    memory_limit,
    recent,
    restarts,
    signal_of,
    times,
    wants_log,
)
from diagnostics.rules.signatures import LastWords
from diagnostics.snapshot.pods import Terminated
from tests.rules.crashing import NAME, NOW, at, container, ended, event, status, suspect


@pytest.mark.parametrize(
    ("end", "signal"),
    [
        (Terminated(exit_code=1), 0),
        (Terminated(exit_code=137), 9),
        (Terminated(exit_code=139), 11),
        (Terminated(exit_code=143), 15),
        (Terminated(exit_code=0, signal=9), 9),
        (Terminated(exit_code=255), 0),
        (Terminated(exit_code=128), 0),
    ],
)
def test_the_signal_behind_a_code(end: Terminated, signal: int) -> None:
    assert signal_of(end) == signal


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ended(3, ran=2), "exits with code 3 at start"),
        (ended(3, ran=300), "exits with code 3 after 5m"),
        (ended(139, ran=0), "is ended by SIGSEGV at start"),
        ({"exitCode": 0, "signal": 40}, "is ended by signal 40"),
        ({"exitCode": 1, "startedAt": "1970-01-01T00:00:00Z", "finishedAt": at(seconds=1)}, "exits with code 1"),
    ],
)
def test_how_it_ended_in_words(end: dict[str, Any], words: str) -> None:
    of = suspect(status(end))
    last = container(of).last_end
    assert last is not None
    assert exits(last) == words


def test_the_past_tense() -> None:
    assert exits(Terminated(exit_code=2), past=True) == "exited with code 2"
    assert exits(Terminated(exit_code=134), past=True) == "was ended by SIGABRT"
    assert (times(1), times(3)) == ("once", "3 times")


def test_no_run_is_shorter_than_nothing() -> None:
    end = Terminated(started_at=NOW, finished_at=NOW.replace(hour=3))
    assert duration(end) is not None
    assert str(duration(end)) == "0:00:00"


@pytest.mark.parametrize(
    ("container_status", "news"),
    [
        (status(ended()), True),
        (status(ended(), now="waiting"), True),
        (status(ended(), now="running"), True),  # Not ready yet: the loop runs between two crashes.
        (status(ended(), now="running", ready=True), True),
        (status(ended(), now="running", ready=True, restarts=1), False),  # Came back at once, and is well.
        (status(ended(137, "OOMKilled"), now="running", ready=True, restarts=1), True),
        (status(ended(ago=16 * 60), now="running"), False),
        (status(ended(), now="waiting", state={"waiting": {"reason": "ImagePullBackOff"}}), False),
        (status(now="running"), False),
        (status({"exitCode": 1}, now="running"), False),  # No time: nobody knows how old that is.
    ],
)
def test_what_is_news(container_status: dict[str, Any], news: bool) -> None:
    of = container(suspect(container_status))
    assert recent(of) is news
    assert wants_log(of) is (news or (not container_status["ready"] and "running" in container_status["state"]))


@pytest.mark.parametrize(
    "gone",
    [
        {"metadata": {"deletionTimestamp": at(seconds=1)}},
        {"reason": "Evicted"},
    ],
)
def test_no_log_of_what_goes_away(gone: dict[str, Any]) -> None:
    assert not wants_log(container(suspect(status(ended()), **gone)))


def test_no_log_of_what_never_started() -> None:
    assert not wants_log(container(suspect(status(ended(128, "StartError")))))


def test_failing_since_the_first_sign() -> None:
    back_off = event("BackOff", "Back-off restarting failed container app in pod", ago=900)
    pulling = event("BackOff", 'Back-off pulling image "x"', ago=1800)
    of = suspect(status(ended(ago=60), lastState={"terminated": ended(ago=300)}), events=[back_off, pulling])
    assert f"{failing_since(container(of)):%H:%M:%S}" == "03:45:00"
    assert failing_since(container(suspect(status({"exitCode": 1})))) is None


def test_restarts_in_words() -> None:
    assert restarts(container(suspect(status(ended(), restarts=0)))) == ""
    assert restarts(container(suspect(status(ended(), restarts=1)))) == " (1 restart in 10m)"
    assert restarts(container(suspect(status(ended(), restarts=5), startTime=None))) == " (5 restarts)"


def test_which_memory_limit_binds() -> None:
    own = [{"name": "app", "resources": {"limits": {"memory": "64Mi"}}}]
    shared = {"resources": {"limits": {"memory": "1Gi"}}}
    limit = memory_limit(container(suspect(containers=own, spec=shared)))
    assert limit is not None
    assert (limit.quantity, limit.of_pod) == ("64Mi", False)
    limit = memory_limit(container(suspect(spec=shared)))
    assert limit is not None
    assert (limit.quantity, limit.of_pod) == ("1Gi", True)
    assert memory_limit(container(suspect())) is None


def test_an_end_explained() -> None:
    assert explain_end(container(suspect(status(now="running")))) is None
    told = explain_end(container(suspect(status(ended(3)), log=['ERROR: relation "orders" does not exist'])))
    assert told is not None
    assert told.words == "exits with code 3 at start: the database has no relation orders"
    assert told.signature == "exit 3 db-migration orders"
    assert [item.source for item in told.evidence] == ["log", "pod", "pod"]
    silent = explain_end(container(suspect(status(ended(3, "")), log="forbidden")))
    assert silent is not None
    assert silent.words == "exits with code 3 at start; there is no log (forbidden)"
    assert len(silent.evidence) == 1


def test_an_end_for_memory_explained() -> None:
    own = [{"name": "app", "resources": {"limits": {"memory": "64Mi"}}}]
    shared = {"resources": {"limits": {"memory": "1Gi"}}}
    words = []
    for of in (
        suspect(status(ended(137, "OOMKilled")), containers=own),
        suspect(status(ended(137, "OOMKilled")), spec=shared),
        suspect(status(ended(137, "OOMKilled"))),
    ):
        told = explain_end(container(of))
        assert told is not None
        words.append(told.words)
    assert words == [
        "is killed for memory at its limit of 64Mi",
        "is killed for memory at the pod's limit of 1Gi",
        "is killed for memory",
    ]


def last_words(log: Any = None, **kwargs: Any) -> LastWords:
    """The last words of container app, which ended with code 1 unless said otherwise."""
    kwargs.setdefault("end", ended())
    return LastWords(
        container(suspect(status(kwargs.pop("end"), now=kwargs.pop("now", "terminated")), log=log, **kwargs))
    )


def test_the_termination_message_comes_first() -> None:
    said = last_words(["connection refused"], end=ended(message="license expired on 2026-05-01\n"))
    assert said.best is not None
    assert said.best.signature.id == "clock-license"
    assert [item.path for item in said.evidence] == [
        "status.containerStatuses[app].state.terminated.message",
        "log, line 1 of 1",
    ]


def test_a_message_that_is_the_runtimes_is_none_of_its_words() -> None:
    said = last_words(end=ended(128, "StartError", message="exec: no such file or directory"), log="")
    assert (said.best, said.missing) == (None, "the container wrote nothing")


def test_a_message_copied_from_the_log_is_quoted_once() -> None:
    said = last_words(["noise", "bad port"], end=ended(message="noise\nbad port\n"))
    assert [item.source for item in said.evidence] == ["pod"]
    assert said.words == "; it says “bad port”"


def test_a_complaint_is_worth_more_than_the_last_line() -> None:
    assert last_words(["cannot find shard 7", "bye"]).words == "; it says “cannot find shard 7”"
    assert last_words(["ERROR shard 7", "cannot go on", "bye"]).words == "; it says “ERROR shard 7”"
    assert last_words(["hello", "bye."]).words == "; it says “bye”"


def test_why_there_are_no_words() -> None:
    gone = "unable to retrieve container logs for containerd://1"
    assert last_words([gone]).words == "; there is no log (the node no longer has it)"
    assert last_words().words == "; there is no log (not read)"
    assert last_words(["debug: x"]).words == "; its log holds only debug lines"
    running = last_words(["listening"], now="running")
    assert running.words == "; there is no log (only that of the run since then is left)"
    assert last_words(["boom"], now="running", previous=True).words == "; it says “boom”"
    assert last_words(["waiting for db"], now="running", end=None).words == "; it says “waiting for db”"


def test_the_signature_is_the_same_in_every_pod_and_run() -> None:
    assert last_words(
        [f"shard 7 not found by {NAME} at 10.1.2.3 after 17ms, id 0b6f6a0e-3f7e-4f7b-9c41-1234567890ab"]
    ).signature == ("shard # not found by <pod> at <ip> after #ms, id <uid>")
    assert last_words(["2026-11-23T03:52:45Z ERROR bad block 0xdeadbeef"]).signature == "<time> ERROR bad block <hex>"
    assert last_words(["dial tcp 10.1.2.3:5432: connection refused"]).signature == "conn-refused <ip>:5432"
    assert last_words(["dial tcp 127.0.0.1:6379: connection refused"]).signature == "conn-refused 127.0.0.1:6379"
    assert last_words(["cannot go on"], spec={"nodeName": ""}).signature == "cannot go on"
    assert last_words(["hello", "bye"]).signature == ""
    assert last_words(["panic: no shard 12"]).signature == "panic: no shard #"
    assert last_words([]).signature == ""


def test_the_tail_is_bounded() -> None:
    said = last_words([f"line {n} " + "x" * 590 for n in range(40)])
    (tail,) = said.evidence
    assert tail.path == "log, lines 35-40 of 40"
    assert len(tail.value) <= 4100
    (one,) = last_words(["y" * 5000]).evidence
    assert one.path == "log, line 1 of 1"
    assert len(one.value) == 601


def test_two_signatures_of_one_line_are_quoted_once() -> None:
    said = last_words(["Traceback (most recent call last):", '  File "/a.py", line 1', "KeyError: 'DATABASE_URL'"])
    (quoted,) = said.evidence
    assert quoted.value == "KeyError: 'DATABASE_URL'\n    at /a.py:1"
