from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from diagnostics.rules.clues import LOOKED_AT, WORTH_SAYING, core
from diagnostics.rules.stages import began, bound_since, due_since, first_failed, without_sandbox_since
from tests.rules.pods import event, pod, suspect, waiting


def clock(moment: datetime | None) -> str:
    return f"{moment:%H:%M:%S}" if moment else ""


def test_a_container_that_ran_is_due_since_its_end() -> None:
    document = pod(waiting("ImagePullBackOff"))
    end = {"exitCode": 1, "finishedAt": "2026-11-23T03:45:00Z"}
    document["status"]["containerStatuses"][0]["lastState"] = {"terminated": end}
    assert clock(due_since(suspect(document).containers[0])) == "03:45:00"


def test_one_that_never_ran_is_due_since_those_before_it_were_done() -> None:
    document = pod(waiting("ImagePullBackOff"))
    document["spec"]["initContainers"] = [{"name": "first"}, {"name": "second"}]
    done = {"terminated": {"exitCode": 0, "finishedAt": "2026-11-23T03:40:00Z"}}
    document["status"]["initContainerStatuses"] = [{"name": "first", "state": done}]
    initialized = {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-11-23T03:41:00Z"}
    document["status"]["conditions"].append(initialized)
    first, second, app = suspect(document).containers
    assert [clock(due_since(container)) for container in (second, app)] == ["03:40:00", "03:41:00"]
    assert clock(due_since(first)) == "03:40:00"


def test_without_conditions_it_is_due_since_the_kubelet_took_it_on() -> None:
    document = pod(waiting("ErrImagePull"), ready_to_start=None)
    assert clock(due_since(suspect(document).containers[0])) == "03:30:01"
    del document["status"]["startTime"]
    assert clock(bound_since(suspect(document))) == "03:29:59"


@pytest.mark.parametrize(("ready", "expected"), [(False, "03:30:05"), (None, "03:31:00")])
def test_a_pod_is_without_its_sandbox_since_the_condition_or_the_first_event(
    *, ready: bool | None, expected: str
) -> None:
    of = suspect(pod(ready_to_start=ready), [event("FailedMount", "x")])
    assert clock(without_sandbox_since(of, *of.events())) == expected


def test_a_container_fails_since_the_first_end_or_event_that_is_known() -> None:
    document = pod({"terminated": {"exitCode": 1, "finishedAt": "2026-11-23T03:50:00Z"}})
    last = {"exitCode": 1, "finishedAt": "2026-11-23T03:40:00Z"}
    document["status"]["containerStatuses"][0]["lastState"] = {"terminated": last}
    earlier = event("BackOff", "Back-off restarting failed container", container="app")
    assert clock(first_failed(suspect(document).containers[0], [])) == "03:40:00"
    known = suspect(document, [earlier]).containers[0]
    assert clock(first_failed(known, known.events())) == "03:31:00"
    assert began([]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('rpc error: code = NotFound desc = failed to resolve reference "a": a: not found', "a: not found"),
        ("Error: container create failed: exec failed: unknown", "exec failed"),
        ("stopped. ", "stopped"),
        ("", ""),
        ("x" * 2 * WORTH_SAYING, "x" * WORTH_SAYING + "…"),
    ],
)
def test_the_core_of_an_error_is_what_its_wrappings_hold(text: str, said: str) -> None:
    assert core(text) == said


def test_a_huge_message_is_not_read_to_its_end() -> None:
    wrapping = "Error: "
    huge: Any = wrapping * LOOKED_AT + "the end"
    assert "the end" not in core(huge)
