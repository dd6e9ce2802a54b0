"""The environment, read and checked once: every variable that Sickbay honours, and the line that a bad one earns.

Each variable may also be given as `NAME_FILE`, the path of a file that holds its value; the file wins. Values are
read through django-environ's file-aware mapping alone: its `Env` takes `maybe` for false and follows a leading `$`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from dashboard import values
from dashboard.kept_keys import kept_encryption_key, kept_secret_key
from dashboard.redis_url import RedisUrl
from dashboard.values import Address, MailServer, Network

PROJECT = Path(__file__).resolve().parent.parent

# Not read by our own code, but honoured: by the Kubernetes client, by TLS, and by the web server.
READ_BY_LIBRARIES = ("HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "FORWARDED_ALLOW_IPS")

Parsed = TypeVar("Parsed")
Default = TypeVar("Default")


class BadSetting(ImproperlyConfigured):
    """A variable that is missing or wrong. Its text is one line, names the variable and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says, checked. `.env.example` explains each variable."""

    data_dir: Path
    address: Address
    base_url: str
    base_path: str  # Blank, or as in "/sickbay".
    secret_key: str
    encryption_keys: list[str]  # Newest first; none means that no credentials can be stored.
    allowed_hosts: list[str]
    database: dict[str, Any]  # An entry of Django's DATABASES.
    redis: RedisUrl
    embedded: bool
    kubeconfig: str
    clusters: list[str]  # Contexts to watch; empty means the current one.
    namespaces: list[str]  # Empty means all.
    reconcile_seconds: int
    retention_days: int
    outbound_allow_cidrs: list[Network]  # Private addresses that notices may be sent to.
    mail_server: MailServer
    mail_from: str
    metrics_allow_cidrs: list[Network]  # Who may read /metrics without a token.
    log_format: str  # "text" or "json".
    demo: bool | None  # None: only where no kubeconfig is found.

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Reads every variable; raises `BadSetting` for the first that is wrong.

        Without `REDIS_URL` the start is embedded: our own Redis, and a secret key kept in the data directory. With
        it somebody runs the parts themselves, so the secret key and the host names have to be theirs too.
        """
        value = _Reader(variables)
        data_dir = value("SICKBAY_DATA_DIR", values.absolute_path, PROJECT / "var" / "data")
        address = value("SICKBAY_ADDR", values.address, Address("127.0.0.1", 8000))
        redis = value("REDIS_URL", RedisUrl.parse, None)
        hosts = value("ALLOWED_HOSTS", values.words, [])
        base_url = value("BASE_URL", values.web_address, _default_base_url(redis, address, hosts))
        secret_key = value("SECRET_KEY", values.secret_key, "")
        encryption_keys = value("FIELD_ENCRYPTION_KEYS", values.encryption_keys, [])
        if redis is not None:
            _insist_on_own(secret_key, hosts)
        return cls(
            data_dir=data_dir,
            address=address,
            base_url=base_url,
            base_path=value("SICKBAY_BASE_PATH", values.base_path, ""),
            allowed_hosts=values.with_own_hosts(hosts, base_url, address if redis is None else None),
            database=value("DATABASE_URL", values.database, values.sqlite(data_dir / "sickbay.sqlite3")),
            redis=redis or _private_redis(data_dir),
            embedded=redis is None,
            kubeconfig=value("KUBECONFIG", str, ""),
            clusters=value("SICKBAY_CLUSTERS", values.words, []),
            namespaces=value("SICKBAY_NAMESPACES", values.words, []),
            reconcile_seconds=value("SICKBAY_RECONCILE_SECONDS", values.seconds, 600),
            retention_days=value("SICKBAY_RETENTION_DAYS", values.days, 90),
            log_format=value("LOG_FORMAT", values.log_format, "text"),
            demo=value("DEMO", values.yes_or_no, None),
            outbound_allow_cidrs=value("OUTBOUND_ALLOW_CIDRS", values.networks, []),
            mail_server=value("EMAIL_URL", values.mail_server, MailServer()),
            mail_from=value("EMAIL_FROM", values.sender, f"Sickbay <sickbay@{urlsplit(base_url).hostname}>"),
            metrics_allow_cidrs=value("METRICS_ALLOW_CIDRS", values.networks, []),
            # Last: a start that is refused leaves nothing behind.
            secret_key=secret_key or _kept(kept_secret_key, data_dir),
            encryption_keys=encryption_keys or ([_kept(kept_encryption_key, data_dir)] if redis is None else []),
        )


def read_or_exit(variables: Mapping[str, str]) -> Environment:
    """`Environment.read`, or one clear line on standard error and exit code 2."""
    try:
        return Environment.read(variables)
    except BadSetting as error:
        sys.stderr.write(f"sickbay: {error}\n")
        raise SystemExit(2) from None


class _Reader:
    """Looks one variable up and parses it; a blank one counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = FileAwareMapping(variables)

    def __call__(self, name: str, parse: Callable[[str], Parsed], default: Default) -> Parsed | Default:
        text = self._text(name)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise BadSetting(f"{name}: {error}") from error

    def _text(self, name: str) -> str:
        try:
            return str(self._variables.get(name, "")).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{name}_FILE: cannot be read: {error}") from error


def _default_base_url(redis: RedisUrl | None, address: Address, hosts: list[str]) -> str:
    if redis is None:
        return f"http://{address.reachable}"
    return f"https://{hosts[0].lstrip('.')}" if hosts else ""


def _insist_on_own(secret_key: str, hosts: list[str]) -> None:
    if not secret_key:
        raise BadSetting(
            "SECRET_KEY: not set, and REDIS_URL means that this is no embedded start; make one with "
            """python3 -c 'import secrets; print(secrets.token_urlsafe(64))' and give it as SECRET_KEY or SECRET_KEY_FILE"""
        )
    if not hosts:
        raise BadSetting("ALLOWED_HOSTS: not set; name the hosts that people open, as in sickbay.example,10.0.0.5")


def _kept(key: Callable[[Path], str], data_dir: Path) -> str:
    try:
        return key(data_dir)
    except OSError as error:
        raise BadSetting(
            f"SICKBAY_DATA_DIR: {data_dir} cannot be written ({error.strerror}); name a directory that you own"
        ) from error


def _private_redis(data_dir: Path) -> RedisUrl:
    try:
        return RedisUrl.of_socket(data_dir / "redis.sock")
    except ValueError as error:
        raise BadSetting(f"SICKBAY_DATA_DIR: {error}") from error
