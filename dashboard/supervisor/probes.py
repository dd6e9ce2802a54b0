"""Whether a starting program answers yet."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from typing import Any

from dashboard.supervisor.program import Probe
from dashboard.values import Address

ANSWER_SECONDS = 2.0


def redis_answers(socket_path: str) -> Probe:
    """Redis on a unix socket answers PING."""

    async def probe() -> bool:
        return await _says(asyncio.open_unix_connection(socket_path), b"PING\r\n", b"+PONG")

    return probe


def http_answers(address: Address, path: str) -> Probe:
    """The server at an address answers 200 to a GET."""
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> bool:
        return await _says(asyncio.open_connection(address.host, address.port), request, b"HTTP/1.1 200")

    return probe


async def _says(opening: Coroutine[Any, Any, tuple[StreamReader, StreamWriter]], request: bytes, answer: bytes) -> bool:
    """Whether what is sent over a new connection earns a line that begins with `answer`."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await opening
            try:
                writer.write(request)
                return (await reader.readline()).startswith(answer)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
