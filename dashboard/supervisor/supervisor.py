"""Starts programs stage by stage, keeps them running until told to stop, and stops them in reverse order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from dashboard.supervisor.console import Console
from dashboard.supervisor.keeper import Keeper
from dashboard.supervisor.program import Program

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Stages = Sequence[Sequence[Program]]


async def supervise(stages: Stages, console: Console, when_up: Callable[[], None]) -> None:
    """Runs the programs until one of `STOP_SIGNALS` comes; the second one kills what has not stopped yet.

    A stage starts when every program of the one before is ready; once all are, `when_up` is called. Raises
    `StartFailed` if a program does not get going; whatever was started is stopped by then.
    """
    keepers = [[Keeper(program, console) for program in stage] for stage in stages]
    stopping = _stop_on_signal(keepers)
    running = asyncio.create_task(_run(keepers, when_up))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()  # Raises what ended it: without a signal nothing else does.
        console.say("\nStopping.")
        console.hush()
    finally:
        running.cancel()
        stopped.cancel()
        await asyncio.gather(running, stopped, return_exceptions=True)
        await _stop(keepers)


async def _run(keepers: list[list[Keeper]], when_up: Callable[[], None]) -> None:
    for stage in keepers:
        await _start(stage)
    when_up()
    async with asyncio.TaskGroup() as keeping:
        for keeper in _flat(keepers):
            keeping.create_task(keeper.keep())


async def _start(stage: list[Keeper]) -> None:
    try:
        async with asyncio.TaskGroup() as starting:
            for keeper in stage:
                starting.create_task(keeper.start())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None  # One reason is enough to say why nothing runs.


async def _stop(keepers: list[list[Keeper]]) -> None:
    for stage in reversed(keepers):
        await asyncio.gather(*(keeper.stop() for keeper in stage))


def _stop_on_signal(keepers: list[list[Keeper]]) -> asyncio.Event:
    """An event that the first stop signal sets; from the second on, everything is killed."""
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            for keeper in _flat(keepers):
                keeper.kill()
        stopping.set()

    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # As nohup asks for.
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stopping


def _flat(keepers: list[list[Keeper]]) -> list[Keeper]:
    return [keeper for stage in keepers for keeper in stage]
