"""Runs a command as a process of its own and reads what it cost from the kernel."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MEBIBYTE = 1024  # ru_maxrss is in KiB on Linux.


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost: wall-clock seconds, CPU seconds (user and system), peak resident memory in MiB."""

    wall: float
    cpu: float
    rss: float


def run(command: Sequence[str], env: Mapping[str, str]) -> Cost:
    """The cost of one run with its output thrown away. Raises RuntimeError when it fails: a fast failure is no result."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(command)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEBIBYTE)


def best(command: Sequence[str], env: Mapping[str, str], times: int = 3) -> Cost:
    """The cheapest of several runs by CPU: noise only ever adds."""
    return min((run(command, env) for _ in range(times)), key=lambda cost: cost.cpu)
