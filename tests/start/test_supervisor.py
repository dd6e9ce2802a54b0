"""The supervisor over real processes: small shells that write, wait and die as they are told."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dashboard.supervisor import keeper
from dashboard.supervisor.console import CHUNK, Console
from dashboard.supervisor.keeper import TETHER, StartFailed
from dashboard.supervisor.program import FIRST_DELAY, LONGEST_DELAY, SETTLED_AFTER, Backoff, Probe, Program
from dashboard.supervisor.supervisor import supervise
from tests.servers import wait_for

FOR_EVER = "exec sleep 600"


def program(name: str, script: str, **options: object) -> Program:
    return Program(name=name, command=("sh", "-c", script), **options)  # type: ignore[arg-type]


def exists(path: Path) -> Probe:
    async def probe() -> bool:
        return path.exists()  # noqa: ASYNC240 - a local file, in a test

    return probe


class Stage:
    """Runs stages in this process, and sends it a signal once they are up and `meanwhile` has happened."""

    def __init__(self, log_dir: Path) -> None:
        self.shown = io.StringIO()
        self.log_dir = log_dir

    def run(self, stages: Sequence[Sequence[Program]], meanwhile: Callable[[], object] = lambda: None) -> str:
        console = Console(self.shown, self.log_dir, [program.name for stage in stages for program in stage])

        async def play() -> None:
            up = asyncio.Event()
            running = asyncio.create_task(supervise(stages, console, up.set))
            await asyncio.wait({running, asyncio.create_task(up.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await asyncio.to_thread(meanwhile)
                os.kill(os.getpid(), signal.SIGINT)
            await running

        try:
            asyncio.run(play())
        finally:
            console.close()
        return self.shown.getvalue()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "log")


def pid_in(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text().endswith("\n"), f"{path.name} to be written")
    return int(path.read_text())


def gone(pid: int) -> bool:
    """No such process, or one that has ended and waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_is_written_is_shown_with_its_writer_and_stored(stage: Stage) -> None:
    loud = program("web", f"echo one; echo two >&2; {FOR_EVER}")
    quiet = program("redis", f"echo three; {FOR_EVER}", shown=False)
    logs = stage.log_dir / "web.log", stage.log_dir / "redis.log"

    shown = stage.run(
        [[loud, quiet]], lambda: wait_for(lambda: all(log.read_text().count("\n") for log in logs), "logs")
    )

    assert "web   | one\nweb   | two\n" in shown
    assert "three" not in shown
    assert [log.read_text() for log in logs] == ["one\ntwo\n", "three\n"]


def test_a_stage_starts_when_the_one_before_is_ready_and_stops_before_it(stage: Stage, tmp_path: Path) -> None:
    diary, ready = tmp_path / "diary", tmp_path / "ready"
    told = "trap 'echo {0} stops >> {1}; exit' TERM; echo {0} starts >> {1}; {2}while :; do sleep 0.01; done"
    first = program("first", told.format("first", diary, f"sleep 0.2; touch {ready}; "), is_ready=exists(ready))
    second = program("second", told.format("second", diary, ""))

    stage.run([[first], [second]], lambda: wait_for(lambda: "second starts" in diary.read_text(), "the second"))

    assert diary.read_text().splitlines() == ["first starts", "second starts", "second stops", "first stops"]


def test_a_killed_program_comes_back_and_what_it_had_started_goes(stage: Stage, tmp_path: Path) -> None:
    leader, child = tmp_path / "leader", tmp_path / "child"
    parent = program("worker", f"sleep 600 & echo $! > {child}; echo $$ > {leader}; wait")
    first: list[int] = []

    def kill() -> None:
        first.extend([pid_in(leader), pid_in(child)])
        leader.unlink()
        os.kill(first[0], signal.SIGKILL)
        first.append(pid_in(leader))

    shown = stage.run([[parent]], kill)

    assert "worker ended (killed by SIGKILL); starting it again in 0.5 s\n" in shown
    assert first[2] != first[0]
    assert all(gone(pid) for pid in [*first, pid_in(child)])


def test_a_program_that_ends_by_itself_is_quoted(stage: Stage, tmp_path: Path) -> None:
    twice = tmp_path / "twice"
    script = f"test -e {twice} && {FOR_EVER}; sleep 0.2; echo 'no more memory'; exit 3"

    shown = stage.run(
        [[program("web", script)]], lambda: wait_for(lambda: "again" in stage.shown.getvalue(), "its end")
    )

    assert "web ended (exit code 3): no more memory; starting it again in 0.5 s\n" in shown


def test_one_that_cannot_start_ends_the_start_and_leaves_nothing(stage: Stage, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    good = program("redis", f"echo $$ > {pid}; {FOR_EVER}", is_ready=exists(pid))
    bad = program("web", "echo address already in use; exit 1", is_ready=exists(tmp_path / "never"))
    waiting = program("beat", FOR_EVER, is_ready=exists(tmp_path / "never"))

    with pytest.raises(StartFailed, match=r"^web could not start \(exit code 1\): address already in use$"):
        stage.run([[good], [bad, waiting]])

    assert gone(pid_in(pid))


def test_a_missing_command_is_named(stage: Stage, tmp_path: Path) -> None:
    missing = Program(name="redis", command=("/nowhere/redis-server",), is_ready=exists(tmp_path / "never"))

    with pytest.raises(StartFailed, match=r"/nowhere/redis-server: No such file or directory"):
        stage.run([[missing]])


def test_one_that_never_gets_ready_ends_the_start(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "READY_SECONDS", 0.2)

    with pytest.raises(StartFailed, match=r"^web is not ready after 0 s; see .*/web\.log$"):
        stage.run([[program("web", FOR_EVER, is_ready=exists(tmp_path / "never"))]])


def test_one_that_does_not_stop_is_killed(stage: Stage, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    deaf = program("web", f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.01; done", stop_seconds=0.1)

    stage.run([[deaf]], lambda: pid_in(pid))

    assert gone(pid_in(pid))


def test_a_second_signal_kills_what_has_not_stopped_yet(stage: Stage, tmp_path: Path) -> None:
    pid, asked = tmp_path / "pid", tmp_path / "asked"
    deaf = program("web", f"trap 'touch {asked}' TERM; echo $$ > {pid}; while :; do sleep 0.01; done", stop_seconds=600)

    def stop_twice() -> None:
        pid_in(pid)
        os.kill(os.getpid(), signal.SIGTERM)
        wait_for(asked.exists, "the first signal")  # The second is sent when this returns.

    stage.run([[deaf]], stop_twice)

    assert gone(pid_in(pid))


def test_a_tethered_command_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    tether = f"{sys.executable} -I -S {TETHER} $$ sh -c 'echo $$ > {pid}; {FOR_EVER}'"
    with subprocess.Popen(["sh", "-c", f"{tether} & wait"]) as starter:
        tethered = pid_in(pid)
        assert not gone(tethered)
        starter.kill()

    wait_for(lambda: gone(tethered), "the end of the tethered process")


def test_a_tether_whose_holder_is_gone_starts_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(TETHER), "1", "touch", str(tmp_path / "started")]

    assert subprocess.run(command, check=False, capture_output=True, text=True).stderr == "its supervisor is gone\n"
    assert not (tmp_path / "started").exists()


def test_the_wait_doubles_up_to_a_bound_and_is_forgotten_when_a_start_settles() -> None:
    backoff = Backoff()

    waits = [backoff.after(ran_seconds=0) for _ in range(9)]

    assert waits == [0.5, 1, 2, 4, 8, 16, LONGEST_DELAY, LONGEST_DELAY, LONGEST_DELAY]
    assert backoff.after(SETTLED_AFTER) == FIRST_DELAY
    assert backoff.after(0) == FIRST_DELAY * 2


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    console = Console(io.StringIO(), tmp_path, ["web"])

    async def write() -> str:
        pipe, to_write = os.pipe()
        following = asyncio.create_task(console.follow("web", pipe, shown=True))
        with os.fdopen(to_write, "wb") as written:
            await asyncio.to_thread(written.write, b"x" * (3 * CHUNK) + b"\nlast \xff")
        return await following

    assert asyncio.run(write()) == "last \ufffd"
    assert max(map(len, (tmp_path / "web.log").read_text().splitlines())) <= 2 * CHUNK
    console.close()


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, _: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_is_gone_stops_nothing(stage: Stage, tmp_path: Path) -> None:
    stage.shown = Gone()
    pid = tmp_path / "pid"

    stage.run([[program("web", f"echo hello; echo $$ > {pid}; {FOR_EVER}")]], lambda: pid_in(pid))

    assert gone(pid_in(pid))
    assert (stage.log_dir / "web.log").read_text() == "hello\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_unless_it_asks_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()

    async def write(console: Console) -> None:
        pipe, to_write = os.pipe()
        os.write(to_write, b"hello\n")
        os.close(to_write)
        await console.follow("web", pipe, shown=True)
        console.close()

    asyncio.run(write(Console(coloured, tmp_path, ["web"])))
    monkeypatch.setenv("NO_COLOR", "1")
    asyncio.run(write(Console(plain, tmp_path, ["web"])))

    assert coloured.getvalue() == "\x1b[36mweb |\x1b[0m hello\n"
    assert plain.getvalue() == "web | hello\n"
