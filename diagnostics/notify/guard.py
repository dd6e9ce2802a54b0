"""Where requests may go: an address of the internet, or of a network that the operator has listed; never anywhere else.

People type the addresses of receivers, so Sickbay must not be talked into asking its own neighbours (SSRF). A name is
resolved once, every address that it has is checked, and the connection goes to an address that was checked: a name that
answers differently a moment later gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
PORTS = {"http": 80, "https": 443}

# Never, listed or not: metadata services and the link, whole groups, nobody, and what is no host's address.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "ff00::/8"),
    )
)
# Only where the operator lists them, though `is_global` has said otherwise at times.
_SHARED = ip_network("100.64.0.0/10")
# IPv6 addresses that lead to the IPv4 address in their last four bytes.
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("::/96"))


class NotAllowed(Exception):
    """The address must not be asked. The text says why, and what an operator can do."""


class NotResolved(Exception):
    """The name has no address, now."""


@dataclass(frozen=True, slots=True)
class Guard:
    """`allowed` are private networks that may be asked; `own` are (address, port) of our database and its like."""

    allowed: tuple[Network, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()

    def check_url(self, url: str) -> None:
        """Raises NotAllowed for an address that could never be asked, whatever its name resolves to."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise NotAllowed(f"not an address: {error}") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise NotAllowed("an address begins with https:// or http:// and a host")
        if parts.username is not None or parts.password is not None:
            raise NotAllowed("an address with a user name or password in it is not asked; use the settings for them")
        if port == 0 or any(character <= " " or character == "\x7f" for character in url):
            raise NotAllowed("not an address: it has blanks, control characters or no port that can be")
        if not url.isascii():
            raise NotAllowed(
                "an address has ASCII characters alone: write the host as xn--..., the rest percent-encoded"
            )
        if literal := _literal(parts.hostname):
            self._check(literal, port or PORTS[parts.scheme])

    def resolve(self, host: str, port: int) -> str:
        """The address to connect to. Raises NotAllowed if any address of the host is, NotResolved if it has none."""
        found = [_address(text) for text in _addresses(host, port)]
        for address in found:
            self._check(address, port)
        return str(found[0])

    def check_address(self, address: str, port: int) -> None:
        """Raises NotAllowed for an address, such as 10.0.0.7, that must not be asked."""
        self._check(_address(address), port)

    def _check(self, address: Address, port: int) -> None:
        for meant in (address, *_embedded(address)):
            if any(meant in network for network in _NEVER):
                raise NotAllowed(f"{address} is never asked")
            if (str(meant), port) in self.own:
                raise NotAllowed(f"{address}:{port} is a server of Sickbay itself or of a cluster, and no receiver")
            if (not meant.is_global or meant in _SHARED) and not any(meant in network for network in self.allowed):
                raise NotAllowed(f"{address} is a private address; if it is meant, add it to OUTBOUND_ALLOW_CIDRS")


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotResolved(f"{host} has no address: {error}") from error
    return [str(entry[4][0]) for entry in found]


def _address(text: str) -> Address:
    return ip_address(text.partition("%")[0])  # A link-local one carries its interface.


def _literal(host: str) -> Address | None:
    try:
        return _address(host)
    except ValueError:
        return None


def _embedded(address: Address) -> Iterator[Address]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, translated (NAT64), 6to4, Teredo."""
    if not isinstance(address, IPv6Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if any(address in network for network in _TRANSLATED) and int(address) > 1:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def own_servers(servers: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Every (address, port) of servers that no notice may go to, for `Guard.own`; names that do not resolve are none."""
    found: set[tuple[str, int]] = set()
    for host, port in servers:
        try:
            found.update((str(_address(text)), port) for text in _addresses(host, port))
        except NotResolved:
            continue
    return frozenset(found)
