"""Keeps one program running: starts it, waits until it is ready, starts it again when it dies, stops it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from dataclasses import dataclass
from pathlib import Path

from dashboard.supervisor.console import Console
from dashboard.supervisor.program import Backoff, Program

TETHER = Path(__file__).with_name("tether.py")
READY_SECONDS = 60.0
PROBE_SECONDS = 0.1  # Between two looks at whether a starting program is ready.


class StartFailed(Exception):
    """A program that did not get going; the text is one line with its last words."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process and the task that follows its output, which ends with its last line."""

    process: Process
    output: asyncio.Task[str]

    async def ended(self) -> int:
        """Waits for the end. What the process had started would go on without its leader, so that ends too."""
        status = await self.process.wait()
        self.kill()
        return status

    def kill(self) -> None:
        """Kills the process and all that it started: each program leads a session, and so a group, of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def last_words(self) -> str:
        """How it ended, and its last line if it ended by itself: `(exit code 1): address already in use`."""
        status, last = await self.ended(), await self.output
        if status < 0:
            return f"(killed by {signal.Signals(-status).name})"
        return f"(exit code {status}){f': {last}' if last and status else ''}"


class Keeper:
    """One program and the process that runs it now."""

    def __init__(self, program: Program, console: Console) -> None:
        self.program = program
        self._console = console
        self._backoff = Backoff()
        self._running: Running | None = None

    async def start(self) -> None:
        """Starts the program and waits until it is ready; raises `StartFailed` if it ends or stays unready."""
        running = await self._spawn()
        name = self.program.name
        try:
            async with asyncio.timeout(READY_SECONDS):
                while running.process.returncode is None and not await self._is_ready():  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(PROBE_SECONDS)
        except TimeoutError:
            log_file = self._console.log_file(name)
            raise StartFailed(f"{name} is not ready after {READY_SECONDS:.0f} s; see {log_file}") from None
        if running.process.returncode is not None:
            raise StartFailed(f"{name} could not start {await running.last_words()}")

    async def keep(self) -> None:
        """Starts the program again whenever it ends, until this task is cancelled."""
        clock = asyncio.get_running_loop()
        running = self._running
        while running is not None:
            since = clock.time()
            await running.ended()
            delay = self._backoff.after(clock.time() - since)
            self._console.say(
                f"{self.program.name} ended {await running.last_words()}; starting it again in {delay:g} s"
            )
            await asyncio.sleep(delay)
            running = await self._spawn()

    async def stop(self) -> None:
        """Asks the process to stop, kills it if it takes too long, and leaves nothing of its group behind."""
        if self._running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._running.process.send_signal(self.program.stop_signal)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.program.stop_seconds):
                await self._running.process.wait()
        self._running.kill()
        await self._running.process.wait()  # A killed one, too, is not done with before its end was noticed.
        await self._running.output

    def kill(self) -> None:
        """Kills the process, if any, and all that it started."""
        if self._running is not None:
            self._running.kill()

    async def _spawn(self) -> Running:
        tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()))
        written, to_write = os.pipe()  # Not asyncio's: with that, an end counts only once grandchildren close it too.
        try:
            process = await asyncio.create_subprocess_exec(
                *tether,
                *self.program.command,
                cwd=self.program.directory,
                env={**os.environ, **self.program.environment},
                stdin=DEVNULL,
                stdout=to_write,
                stderr=STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(to_write)
        following = self._console.follow(self.program.name, written, shown=self.program.shown)
        self._running = Running(process, asyncio.create_task(following))
        return self._running

    async def _is_ready(self) -> bool:
        return self.program.is_ready is None or await self.program.is_ready()
