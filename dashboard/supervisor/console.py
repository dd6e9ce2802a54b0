"""What the processes write: stored in a log file each, shown line by line with the name of who wrote it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

LOG_BYTES = 5_000_000  # A file; one older file is kept beside it.
COLOURS = ("36", "32", "35", "33", "34", "96")  # ANSI, none of them red: nothing here knows what is bad.
CHUNK = 65_536


class Console:
    """The terminal and the log files of a supervisor."""

    def __init__(self, stream: TextIO, log_dir: Path, names: Iterable[str]) -> None:
        self._stream = stream
        self._log_dir = log_dir
        self._names = list(names)
        self._width = max(map(len, self._names), default=0)
        self._hushed = False
        self._coloured = stream.isatty() and "NO_COLOR" not in os.environ
        log_dir.mkdir(parents=True, exist_ok=True)
        self._files = {
            name: RotatingFileHandler(self.log_file(name), maxBytes=LOG_BYTES, backupCount=1) for name in self._names
        }

    def log_file(self, name: str) -> Path:
        """Where what a process writes is stored."""
        return self._log_dir / f"{name}.log"

    def say(self, text: str) -> None:
        """Shows the supervisor's own words."""
        with suppress(OSError):  # The terminal may be gone; what runs goes on, and stops in order.
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def hush(self) -> None:
        """From now on only stores what the processes write: how each takes its leave interests nobody."""
        self._hushed = True

    async def follow(self, name: str, pipe: int, *, shown: bool) -> str:
        """Stores, and shows if `shown`, what comes out of a pipe until it is closed. Returns the last line."""
        last, rest = "", b""
        output = await _reader(pipe)
        while chunk := await output.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > CHUNK:  # A line without an end is cut rather than kept growing.
                lines, rest = [*lines, rest], b""
            for line in lines:
                last = self._line(name, line, shown=shown) or last
        return (self._line(name, rest, shown=shown) if rest else "") or last

    def close(self) -> None:
        """Closes the log files."""
        for file in self._files.values():
            file.close()

    def _line(self, name: str, line: bytes, *, shown: bool) -> str:
        text = line.decode(errors="replace").rstrip()
        self._files[name].emit(logging.makeLogRecord({"msg": text}))
        if shown and text and not self._hushed:
            self.say(f"{self._prefix(name)} {text}")
        return text

    def _prefix(self, name: str) -> str:
        padded = f"{name:<{self._width}} |"
        return f"\x1b[{COLOURS[self._names.index(name) % len(COLOURS)]}m{padded}\x1b[0m" if self._coloured else padded


async def _reader(pipe: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(pipe, "rb"))
    return reader
