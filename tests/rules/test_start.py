from __future__ import annotations

from typing import Any

import pytest

from diagnostics.rules.model import Confidence
from diagnostics.rules.start import container_command, container_start, stuck_creating, wants_log
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import ContainerLog
from tests.rules.pods import codes, event, found, pod, suspect, waiting

OCI = "failed to create containerd task: OCI runtime create failed: runc create failed: "


def refused(error: str, reason: str = "RunContainerError", **container: Any) -> Suspect:
    document = pod(waiting(reason, error))
    document["spec"]["containers"][0] |= container
    return suspect(document)


def ended(code: int, *lines: str, reason: str = "Error", state: dict[str, Any] | None = None, **end: Any) -> Suspect:
    """A container in back-off whose last run took a second and wrote those lines."""
    document = pod(state or waiting("CrashLoopBackOff"))
    run = {
        "exitCode": code,
        "reason": reason,
        "startedAt": "2026-11-23T03:58:00Z",
        "finishedAt": "2026-11-23T03:58:01Z",
    }
    document["status"]["containerStatuses"][0] |= {"restartCount": 4, "lastState": {"terminated": {**run, **end}}}
    return suspect(document, logs={("u1", "app"): ContainerLog(lines=lines, previous=True)})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OCI + 'exec: "serve": executable file not found in $PATH: unknown', "start-command-not-found"),
        (OCI + 'exec: "/bin/serve": stat /bin/serve: no such file or directory: unknown', "start-command-not-found"),
        ("crun: executable file `serve` not found in $PATH: No such file or directory", "start-command-not-found"),
        (OCI + 'exec: "/bin/serve": permission denied: unknown', "start-permission"),
        ("crun: open executable: Permission denied: permission denied: unknown", "start-permission"),
        (OCI + "exec /bin/serve: exec format error: unknown", "start-exec-format"),
        (OCI + "exec /bin/serve: argument list too long", "start-args-too-long"),
        (OCI + "container init was OOM-killed (memory limit too low?)", "start-oom-init"),
        (OCI + "apparmor failed to apply profile: no such file", "start-seccomp-apparmor"),
        ("failed to generate spec: apparmor profile web not found", "start-seccomp-apparmor"),
        (OCI + "error gathering device information while adding custom device", "start-device"),
        ("CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=0", "start-device"),
        (OCI + "failed to write 100000 to cpu.cfs_quota_us: invalid argument", "start-cgroup"),
        ("context deadline exceeded", "start-name-reserved"),
        (OCI + "read-only file system: unknown", "start-readonly-rootfs"),
        (OCI + 'error during container init: chdir to cwd ("/x") set in config.json failed', "start-workdir"),
        (OCI + 'error mounting "/a" to rootfs at "/b": mount /a:/b: no such device: unknown', "start-mount-type"),
        ("/etc/app.conf: Are you trying to mount a directory onto a file (or vice-versa)?", "start-mount-type"),
        (OCI + "something new", "config-other"),
    ],
)
def test_the_words_of_the_runtime_tell_why_nothing_starts(error: str, code: str) -> None:
    assert codes(container_start, refused(error)) == [code]


def test_the_run_that_never_was_tells_the_same_while_the_kubelet_backs_off() -> None:
    of = ended(128, reason="StartError", message=OCI + 'exec: "serve": executable file not found in $PATH: unknown')
    (finding,) = found(container_start, of)
    assert finding.rule.code == "start-command-not-found"
    assert finding.evidence[0].path == "status.containerStatuses[app].lastState.terminated.message"


@pytest.mark.parametrize("state", [{"running": {}}, waiting("ImagePullBackOff", "x")])
def test_a_start_that_failed_once_is_not_held_against_what_came_after(state: dict[str, Any]) -> None:
    assert codes(container_start, ended(128, reason="StartError", message="x", state=state)) == []


def test_it_fails_since_the_first_event_about_its_start_not_about_its_image() -> None:
    pulling = event("Failed", "Error: ImagePullBackOff", container="app", firstTimestamp="2026-11-23T03:10:00Z")
    failing = event("Failed", "Error: exec format error", container="app", firstTimestamp="2026-11-23T03:20:00Z")
    of = suspect(pod(waiting("RunContainerError", "exec format error")), [pulling, failing])
    (finding,) = found(container_start, of)
    assert f"{finding.since:%H:%M}" == "03:20"


def test_where_the_status_holds_no_message_the_event_tells() -> None:
    told = event("Failed", 'Error: exec: "serve": executable file not found in $PATH', container="app")
    (finding,) = found(container_start, suspect(pod(waiting("RunContainerError")), [told]))
    assert finding.rule.code == "start-command-not-found"
    assert codes(container_start, suspect(pod(waiting("RunContainerError")))) == ["config-other"]


@pytest.mark.parametrize(
    ("container", "path", "origin"),
    [
        ({"command": ["serve"]}, "command", "The template sets the command"),
        ({"args": ["serve"]}, "args", "The template sets the arguments"),
        ({}, "image", "The template names no command"),
    ],
)
def test_the_offender_is_where_the_command_comes_from(container: dict[str, Any], path: str, origin: str) -> None:
    (finding,) = found(container_start, refused('exec: "serve": no such file or directory', **container))
    assert finding.offender is not None
    assert finding.offender.path == f"spec.template.spec.containers[app].{path}"
    assert str(finding.params["origin"]).startswith(origin)


def test_a_working_directory_that_the_template_does_not_set_is_only_likely() -> None:
    error = OCI + "error during container init: mkdir /srv: not a directory"
    (guess,) = found(container_start, refused(error))
    (sure,) = found(container_start, refused(error, workingDir="/srv"))
    assert (guess.confidence, sure.confidence) == (Confidence.LIKELY, Confidence.CERTAIN)
    assert guess.offender is not None
    assert guess.offender.path == "spec.template.spec.containers[app].image"


@pytest.mark.parametrize(
    ("error", "why"),
    [("not a directory", "is a file, or lies below one"), ("permission denied", "is closed to the container's user")],
)
def test_what_is_wrong_with_a_working_directory(error: str, why: str) -> None:
    (finding,) = found(container_start, refused(f'chdir to cwd ("/srv") set in config.json failed: {error}'))
    assert finding.params["why"] == why


def test_a_limit_that_is_not_set_is_called_so() -> None:
    (finding,) = found(container_start, refused("container init was OOM-killed"))
    assert finding.params["limit"] == "not set"


def test_an_unread_node_has_no_platform() -> None:
    (finding,) = found(container_start, refused("exec format error"))
    assert finding.params["platform"] == "platform not read"


@pytest.mark.parametrize(
    ("at", "expected"), [("2026-11-23T03:58:00Z", ["start-poststart"]), ("2026-11-23T03:57:59Z", [])]
)
def test_a_hook_is_blamed_for_the_run_that_it_ended_alone(at: str, expected: list[str]) -> None:
    of = ended(137)
    told = event("FailedPostStartHook", "PostStartHook failed", container="app", lastTimestamp=at)
    again = suspect(_document(of), [told])
    assert codes(container_start, again) == expected


def test_a_hook_without_a_run_or_a_time_is_not_blamed() -> None:
    told = event("FailedPostStartHook", "PostStartHook failed", container="app")
    timeless = event("FailedPostStartHook", "x", container="app", lastTimestamp=None, firstTimestamp=None)
    assert codes(container_start, suspect(pod(waiting("CrashLoopBackOff")), [told])) == []
    assert codes(container_start, suspect(_document(ended(137)), [timeless])) == []


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        (127, "sh: serve: not found", "start-command-not-found"),
        (127, "/run.sh: line 3: serve: command not found", "start-command-not-found"),
        (127, "env: 'python3': No such file or directory", "start-command-not-found"),
        (126, "/run.sh: line 2: /bin/serve: Permission denied", "start-permission"),
        (1, "exec /bin/serve: exec format error", "start-exec-format"),
        (1, "standard_init_linux.go:228: exec user process caused: exec format error", "start-exec-format"),
        (126, "/bin/serve: cannot execute binary file: Exec format error", "start-exec-format"),
        (1, "exec /usr/bin/java: argument list too long", "start-args-too-long"),
    ],
)
def test_the_last_line_tells_which_command_could_not_be_run(code: int, line: str, expected: str) -> None:
    (finding,) = found(container_command, ended(code, "starting", line))
    assert finding.rule.code == expected
    assert (finding.evidence[0].path, finding.evidence[0].value) == ("previous log, line 2 of 2", line)


@pytest.mark.parametrize(
    ("code", "line"),
    [(1, "sh: serve: not found"), (127, "bye"), (1, "config key db: not found"), (0, "exec format error")],
)
def test_an_ordinary_crash_is_no_start_error(code: int, line: str) -> None:
    assert codes(container_command, ended(code, line)) == []


def test_a_line_long_before_the_end_is_not_the_reason() -> None:
    assert codes(container_command, ended(127, "sh: serve: not found", *("shutting down",) * 5)) == []


def test_the_log_of_a_long_run_is_wanted_for_a_shells_exit_code_only() -> None:
    long: dict[str, Any] = {"startedAt": "2026-11-23T03:00:00Z"}
    wanted = [wants_log(ended(code, **long).containers[0]) for code in (127, 126, 1)]
    assert wanted == [True, True, False]
    assert wants_log(ended(1).containers[0])
    assert not wants_log(suspect(pod({"running": {}})).containers[0])


@pytest.mark.parametrize(
    ("state", "events", "stuck"),
    [
        (waiting("ContainerCreating"), [], True),
        (waiting("ContainerCreating"), [event("Scheduled", "x", lastTimestamp="2026-11-23T03:30:00Z")], True),
        (waiting("ContainerCreating"), [event("Scheduled", "x")], False),
        (waiting("ContainerCreating"), [event("Pulling", "x", lastTimestamp="2026-11-23T03:30:00Z")], False),
        (waiting("ImagePullBackOff"), [], False),
        ({"running": {}}, [], False),
    ],
)
def test_silence_is_told_only_where_nothing_else_is(state: dict[str, Any], events: list[Any], *, stuck: bool) -> None:
    for ready in (True, False, None):
        expected = ["start-stuck-creating"] if stuck else []
        assert codes(stuck_creating, suspect(pod(state, ready_to_start=ready), events)) == expected


def test_a_second_container_with_a_reason_of_its_own_breaks_the_silence() -> None:
    document = pod(waiting("ContainerCreating"))
    document["spec"]["containers"].append({"name": "side"})
    document["status"]["containerStatuses"].append({"name": "side", "state": waiting("ErrImagePull")})
    assert codes(stuck_creating, suspect(document)) == []


@pytest.mark.parametrize("check", [container_start, container_command, stuck_creating])
def test_a_pod_that_goes_away_is_left_alone(check: Any) -> None:
    document = pod(waiting("RunContainerError", "x"))
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    assert codes(check, suspect(document)) == []


def _document(of: Suspect) -> dict[str, Any]:
    """The JSON of a suspect's container statuses in a pod, to give it events."""
    document = pod(waiting("CrashLoopBackOff"))
    end = of.containers[0].status.last_state.terminated
    assert end is not None
    assert end.started_at is not None
    run = {"exitCode": end.exit_code, "reason": end.reason, "startedAt": end.started_at.isoformat()}
    document["status"]["containerStatuses"][0]["lastState"] = {"terminated": run}
    return document
