"""Parsers of what the environment holds: text in, value out, or a `ValueError` that says what would have been right."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from environ import Env

Network = IPv4Network | IPv6Network

SHORTEST_SECRET = 50  # What `manage.py check --deploy` asks for.
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, never bound
SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> Address:
        """The same as a browser on this machine would type it: a wildcard is no address to open."""
        return Address(WILDCARDS.get(self.host, self.host), self.port)


@dataclass(frozen=True, slots=True)
class MailServer:
    """What takes our mail; a blank host: nothing does."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    tls: bool = False  # Begun in plain text, then STARTTLS.
    ssl: bool = False  # TLS from the first byte.


def address(text: str) -> Address:
    """`127.0.0.1:8000`, `[::1]:8000`, or a bare `:8000` for every interface."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not HOST:PORT, as in 127.0.0.1:8000")
    return Address(host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104 - asked for by leaving the host out


def absolute_path(text: str) -> Path:
    """A path, made absolute, with `~` understood."""
    return Path(text).expanduser().absolute()


def words(text: str) -> list[str]:
    """A comma-separated list; blanks around and empty items are dropped."""
    return [word for word in (part.strip() for part in text.split(",")) if word]


def networks(text: str) -> list[Network]:
    """Networks or single addresses, separated by commas: `10.0.0.0/8,fd00::/8,192.0.2.7`."""
    return [ip_network(word) for word in words(text)]


def encryption_keys(text: str) -> list[str]:
    """Fernet keys, newest first, separated by commas."""
    keys = words(text)
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(
                f"key {number} of {len(keys)} is not 32 bytes in URL-safe base64; make one with python3 -c "
                "'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
            ) from None
    return keys


def yes_or_no(text: str) -> bool:
    """1, true, yes, on or their opposites; anything else is wrong rather than false."""
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return known[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither yes nor no; give 1 or 0") from None


def log_format(text: str) -> str:
    """`text` or `json`."""
    if text not in {"text", "json"}:
        raise ValueError(f"{text!r} is neither text nor json")
    return text


def seconds(text: str) -> int:
    """A whole number of seconds, at least one."""
    return _whole(text, "seconds, as in 600")


def days(text: str) -> int:
    """A whole number of days, at least one."""
    return _whole(text, "days, as in 90")


def _whole(text: str, unit: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number of {unit}")
    return int(text)


def base_path(text: str) -> str:
    """`/sickbay` for a product that lives below a path; `/` alone means the root."""
    path = text.rstrip("/")
    if path and not path.startswith("/"):
        raise ValueError(f"{text!r} does not begin with a slash, as in /sickbay")
    return path


def web_address(text: str) -> str:
    """`https://sickbay.example`, without a trailing slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.rstrip("/"):
        raise ValueError(f"{text!r} is not SCHEME://HOST[:PORT], as in https://sickbay.example")
    return f"{parts.scheme}://{parts.netloc}"


def secret_key(text: str) -> str:
    """A key long enough to sign sessions with."""
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"has {len(text)} characters; at least {SHORTEST_SECRET} random ones are needed")
    return text


def database(text: str) -> dict[str, Any]:
    """An entry of Django's DATABASES from `postgres://user:password@host/name` or `sqlite:////path`."""
    scheme = text.partition("://")[0]
    if scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ValueError("begins with neither postgres:// nor sqlite://")
    entry = Env.db_url_config(text)
    return sqlite(Path(entry["NAME"])) if entry["ENGINE"] == SQLITE else {**entry, "ENGINE": POSTGRESQL}


def mail_server(text: str) -> MailServer:
    """`smtp://host`, `smtp+tls://user:password@host` (STARTTLS) or `smtp+ssl://...`; what is reserved is escaped as %40."""
    ports = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
    scheme = text.partition("://")[0]
    entry = Env.email_url_config(text) if scheme in ports else {}
    if not entry.get("EMAIL_HOST"):
        raise ValueError(
            "is not smtp://, smtp+tls:// or smtp+ssl:// and a host, as in smtp+tls://user:password@host:587"
        )
    return MailServer(
        entry["EMAIL_HOST"],
        entry["EMAIL_PORT"] or ports[scheme],
        entry["EMAIL_HOST_USER"] or "",
        entry["EMAIL_HOST_PASSWORD"] or "",
        tls=scheme == "smtp+tls",
        ssl=scheme == "smtp+ssl",
    )


def sender(text: str) -> str:
    """Whom mail is from: `sickbay@example.org`, or with a name before it."""
    if "@" not in parseaddr(text)[1] or not text.isprintable():
        raise ValueError(f"{text!r} is no address, as in Sickbay <sickbay@example.org>")
    return text


def sqlite(path: Path) -> dict[str, Any]:
    """SQLite for several writing processes.

    WAL lets readers and one writer work at once; IMMEDIATE makes a transaction wait for the lock at its start, where
    waiting is possible, rather than fail at its first write.
    """
    return {
        "ENGINE": SQLITE,
        "NAME": str(path),
        "OPTIONS": {
            "timeout": 20,  # Seconds; SQLite's busy_timeout.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
        },
    }


def with_own_hosts(hosts: list[str], base_url: str, listening: Address | None) -> list[str]:
    """The host names to answer to: those given, that of the base URL and, when embedded, this machine's own."""
    own = [urlsplit(base_url).hostname or ""]
    if listening is not None:
        own += ["localhost", "127.0.0.1", "[::1]", listening.reachable.host]
    return [*hosts, *(host for host in dict.fromkeys(own) if host and host not in hosts)]
