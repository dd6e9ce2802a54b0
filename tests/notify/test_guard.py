"""Where no request goes, however the address is written, and what an operator can open."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import Any

import pytest

from diagnostics.notify.guard import Guard, NotAllowed, NotResolved, own_servers

LISTED = Guard(allowed=(ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("169.254.0.0/16")))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; what is not listed resolves as it does for the C library, without asking anybody."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: Any) -> Any:
        if host not in known:
            return real(host, port, flags=socket.AI_NUMERICHOST, **options)
        return [entry for address in known[host] for entry in real(address, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "0.0.0.0"),  # noqa: S104 - refused, not bound
        *("169.254.169.254", "100.100.100.200", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "fd00:ec2::254"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "::127.0.0.1", "2002:7f00:1::"),
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1"),  # Decimal, hexadecimal, octal and short 127.0.0.1.
    ],
)
def test_private_and_special_addresses_are_not_asked(host: str, names: dict[str, list[str]]) -> None:
    with pytest.raises(NotAllowed):
        Guard().resolve(host, 443)


@pytest.mark.parametrize("host", ["1.1.1.1", "2606:4700::1111"])
def test_the_internet_is(host: str) -> None:
    assert Guard().resolve(host, 443) == host


def test_one_bad_address_of_a_name_is_enough(names: dict[str, list[str]]) -> None:
    names["rebinds.example"] = ["1.1.1.1", "127.0.0.1"]
    with pytest.raises(NotAllowed, match="OUTBOUND_ALLOW_CIDRS"):
        Guard().resolve("rebinds.example", 443)


def test_what_is_listed_is_asked_but_never_the_metadata_service(names: dict[str, list[str]]) -> None:
    assert LISTED.resolve("10.1.2.3", 80) == "10.1.2.3"
    assert LISTED.resolve("127.0.0.1", 80) == "127.0.0.1"
    for host in ("169.254.169.254", "::ffff:169.254.169.254", "192.168.1.1"):
        with pytest.raises(NotAllowed):
            LISTED.resolve(host, 80)


def test_our_own_servers_are_no_receivers(names: dict[str, list[str]]) -> None:
    names["postgres"] = ["10.0.0.5"]
    guard = Guard(LISTED.allowed, own_servers([("postgres", 5432), ("unknown", 6379)]))
    assert guard.resolve("10.0.0.5", 443) == "10.0.0.5"
    with pytest.raises(NotAllowed, match="server of Sickbay"):
        guard.resolve("10.0.0.5", 5432)


def test_a_name_without_address_may_have_one_later(names: dict[str, list[str]]) -> None:
    with pytest.raises(NotResolved, match=r"nowhere\.example"):
        Guard().resolve("nowhere.example", 443)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://1.1.1.1/", "file:///etc/passwd", "//1.1.1.1/", "https://", "hooks.example", "gopher://1.1.1.1:70/_"),
        *("https://user:word@1.1.1.1/", "https://user@1.1.1.1/", "https://1.1.1.1:99999/", "https://1.1.1.1:0/"),
        *("https://1.1.1.1/\r\nX: y", "https://1.1.1.1/a b", "https://[::1/", "http://127.0.0.1/", "http://[::1]/"),
        *("https://bücher.example/", "https://1.1.1.1/ü"),
    ],
)
def test_addresses_that_can_never_be_asked_are_refused_when_they_are_typed(url: str) -> None:
    with pytest.raises(NotAllowed):
        Guard().check_url(url)


def test_a_plain_address_is_taken() -> None:
    Guard().check_url("https://hooks.example:8443/services/T/B/x?y=1")
    LISTED.check_url("http://127.0.0.1:8065/hooks/x")
