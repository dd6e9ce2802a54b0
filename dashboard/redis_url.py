"""One Redis address in the dialect of each library that uses it.

Celery wants `redis+socket://` and refuses `unix://`; channels_redis and redis-py want `unix://` and refuse the other.
Each use has its own database number, so that none of them can flush or count another's keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

BROKER, LAYER, CACHE = 0, 1, 2  # Added to the database number of the URL.
# How long the channel layer waits for an answer. It blocks for up to 5 s until there is a message, which is also
# redis-py's default: then every listener on a quiet system would be cut off.
LAYER_TIMEOUT = 30.0
LONGEST_SOCKET_PATH = 107  # sockaddr_un.sun_path, less its closing zero.


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis server: over TCP (`server` is `redis://…` or `rediss://…` without a path) or over a unix socket."""

    server: str = ""
    socket: str = ""
    database: int = 0

    @classmethod
    def parse(cls, text: str) -> RedisUrl:
        """Raises `ValueError` for what is not `redis://`, `rediss://` or `unix://`."""
        parts = urlsplit(text)
        try:
            if parts.scheme == "unix" and parts.path:
                return cls(socket=parts.path, database=int(parse_qs(parts.query).get("db", ["0"])[0]))
            if parts.scheme in {"redis", "rediss"} and parts.hostname:
                server = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
                return cls(server=server, database=int(parts.path.strip("/") or 0))
        except ValueError:
            raise ValueError("its database is not a number, as in redis://host:6379/0") from None
        raise ValueError("is not redis://HOST[:PORT][/N], rediss://HOST[:PORT][/N] or unix:///PATH[?db=N]")

    @classmethod
    def of_socket(cls, path: Path) -> RedisUrl:
        """Raises `ValueError` where the path is longer than the system allows a socket's to be."""
        if len(str(path).encode()) > LONGEST_SOCKET_PATH:
            raise ValueError(f"{path.parent} is too long a path to hold a unix socket; name a shorter one")
        return cls(socket=str(path))

    @property
    def tls(self) -> bool:
        """Whether the server is spoken to over TLS."""
        return self.server.startswith("rediss://")

    def for_celery(self) -> str:
        """The broker's URL."""
        if self.socket:
            return f"redis+socket://{self.socket}?{urlencode({'virtual_host': self.database + BROKER})}"
        return f"{self.server}/{self.database + BROKER}"

    def for_queues(self) -> str:
        """The broker's database for redis-py, to look at the queues in it."""
        return self._for_redis_py(BROKER)

    def for_channels(self) -> dict[str, Any]:
        """An entry of the channel layer's `hosts`."""
        return {"address": self._for_redis_py(LAYER), "socket_timeout": LAYER_TIMEOUT}

    def for_cache(self) -> str:
        """The cache's URL."""
        return self._for_redis_py(CACHE)

    def _for_redis_py(self, use: int) -> str:
        if self.socket:
            return f"unix://{self.socket}?db={self.database + use}"
        return f"{self.server}/{self.database + use}"
