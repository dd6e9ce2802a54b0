"""How often signing in by password may fail: ten times an account, and fifty an address, in a quarter of an hour.

Counted in the cache by windows of the clock. Every attempt counts before it is tried, so that many at the same time
are no way around it, and is taken back when it succeeds. Without Redis nothing is counted and nobody is kept out.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

WINDOW = 15 * 60  # Seconds.
PER_ACCOUNT, PER_ADDRESS = 10, 50

log = logging.getLogger(__name__)


class TooMany(Exception):
    """The attempt is not to be tried; `seconds` is how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Attempt:
    """One attempt to sign in by password."""

    def __init__(self, request: HttpRequest) -> None:
        """Counts it. Raises TooMany."""
        now = time.time()
        self._limits = dict(_limits(request, window := int(now // WINDOW)))
        try:
            too_many = [key for key, most in self._limits.items() if _counted(key) > most]
        except (RedisError, ValueError) as error:  # ValueError: Redis was emptied between two calls.
            log.warning("attempts to sign in are not counted: %s", error)
            return
        if too_many:
            raise TooMany((window + 1) * WINDOW - now)

    def succeeded(self) -> None:
        """Takes it back: only failures count."""
        try:
            for key in self._limits:
                cache.decr(key)
        except (RedisError, ValueError) as error:  # The same.
            log.warning("an attempt to sign in stays counted: %s", error)


def _limits(request: HttpRequest, window: int) -> Iterator[tuple[str, int]]:
    """Where it is counted, and the most that may be there. Names are hashed: people type passwords for them."""
    name = User.normalize_username(request.POST.get("username", "")).casefold()
    yield f"signin:{window}:account:{hashlib.sha256(name.encode()).hexdigest()}", PER_ACCOUNT
    if address := request.META.get("REMOTE_ADDR", ""):  # Blank behind a proxy that comes by a unix socket.
        yield f"signin:{window}:address:{_network(address)}", PER_ADDRESS


def _network(address: str) -> str:
    """What one customer is given: an IPv4 address, or the first 64 bits of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:  # A proxy may tell anything.
        return address
    if ip.version == 4 or ip.ipv4_mapped:
        return str(ip)
    return str(ip_network((int(ip), 64), strict=False))


def _counted(key: str) -> int:
    """One more than before. Kept for longer than its window, or it might end between these two calls."""
    cache.add(key, 0, timeout=2 * WINDOW)
    return cache.incr(key)
