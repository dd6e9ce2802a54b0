from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.environment import PROJECT, READ_BY_LIBRARIES, BadSetting, Environment, read_or_exit
from dashboard.kept_keys import kept_secret_key
from dashboard.values import Address, MailServer

KEY = "k3y-" * 20


@pytest.fixture
def data_dir(tmp_path: Path) -> dict[str, str]:
    return {"SICKBAY_DATA_DIR": str(tmp_path / "data")}


def production(**variables: str) -> dict[str, str]:
    return {"REDIS_URL": "redis://redis:6379", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "sickbay.example"} | variables


def test_nothing_needs_to_be_set(data_dir: dict[str, str]) -> None:
    environment = Environment.read(data_dir)

    assert environment.embedded
    assert str(environment.address) == "127.0.0.1:8000"
    assert environment.base_url == "http://127.0.0.1:8000"
    assert environment.allowed_hosts == ["127.0.0.1", "localhost", "[::1]"]
    assert environment.database["NAME"] == f"{data_dir['SICKBAY_DATA_DIR']}/sickbay.sqlite3"
    assert environment.redis.socket == f"{data_dir['SICKBAY_DATA_DIR']}/redis.sock"
    assert environment.demo is None


def test_the_secret_key_is_made_once_and_for_its_owner_alone(data_dir: dict[str, str]) -> None:
    first, second = Environment.read(data_dir), Environment.read(data_dir)

    kept = Path(data_dir["SICKBAY_DATA_DIR"]) / "secret_key"
    assert len(first.secret_key) >= 50
    assert first.secret_key == second.secret_key == kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in kept.parent.iterdir()) == ["encryption_key", "secret_key"]


def test_two_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starts:
        keys = set(starts.map(kept_secret_key, [tmp_path] * 64))

    assert keys == {(tmp_path / "secret_key").read_text()}


def test_a_redis_of_ones_own_means_that_nothing_is_embedded() -> None:
    environment = Environment.read(production())

    assert not environment.embedded
    assert environment.base_url == "https://sickbay.example"
    assert environment.allowed_hosts == ["sickbay.example"]


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_without_an_embedded_start_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(BadSetting, match=f"^{missing}: not set"):
        Environment.read(production(**{missing: ""}))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SICKBAY_ADDR", "8000", "HOST:PORT"),
        ("SICKBAY_ADDR", "localhost:99999", "HOST:PORT"),
        ("BASE_URL", "sickbay.example", "https://sickbay.example"),
        ("BASE_URL", "https://sickbay.example/below", "https://sickbay.example"),
        ("SICKBAY_BASE_PATH", "sickbay", "/sickbay"),
        ("SECRET_KEY", "short", "at least 50"),
        ("DATABASE_URL", "mysql://db/sickbay", "postgres://"),
        ("EMAIL_URL", "mail.example:25", "smtp://"),
        ("EMAIL_URL", "smtp://", "smtp://"),
        ("EMAIL_URL", "consolemail://", "smtp://"),
        ("EMAIL_FROM", "Sickbay", "sickbay@example.org"),
        ("REDIS_URL", "memcached://cache", "redis://"),
        ("REDIS_URL", "redis://redis/first", "number"),
        ("REDIS_URL", "unix://", "unix:///PATH"),
        ("SICKBAY_RECONCILE_SECONDS", "0", "whole number of seconds"),
        ("SICKBAY_RETENTION_DAYS", "-1", "whole number of days"),
        ("LOG_FORMAT", "xml", "neither text nor json"),
        ("DEMO", "maybe", "neither yes nor no"),
        ("SICKBAY_DATA_DIR", "/" + "deep/" * 30, "too long a path"),
        ("SICKBAY_DATA_DIR", "/dev/null/data", "cannot be written"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(
    name: str, value: str, says: str, data_dir: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        read_or_exit(data_dir | {name: value})

    line = capsys.readouterr().err
    assert end.value.code == 2
    assert re.fullmatch(rf"sickbay: {name}: .*{re.escape(says)}.*\n", line)


def test_a_file_holds_a_secret_and_wins(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}from-a-file\n")

    environment = Environment.read(production(SECRET_KEY_FILE=str(file)))

    assert environment.secret_key == f"{KEY}from-a-file"


def test_a_secret_may_begin_with_a_dollar() -> None:
    assert Environment.read(production(SECRET_KEY=f"$HOME{KEY}")).secret_key == f"$HOME{KEY}"


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadSetting, match=r"^SECRET_KEY_FILE: cannot be read"):
        Environment.read(production(SECRET_KEY_FILE="/nowhere/key"))


@pytest.mark.parametrize(
    ("given", "listens", "opened"),
    [
        ("0.0.0.0:80", "0.0.0.0:80", "127.0.0.1:80"),
        (":8080", "0.0.0.0:8080", "127.0.0.1:8080"),
        ("[::]:8000", "[::]:8000", "[::1]:8000"),
        ("sickbay.example:443", "sickbay.example:443", "sickbay.example:443"),
    ],
)
def test_a_wildcard_is_listened_on_but_not_opened(
    given: str, listens: str, opened: str, data_dir: dict[str, str]
) -> None:
    address: Address = Environment.read(data_dir | {"SICKBAY_ADDR": given}).address

    assert (str(address), str(address.reachable)) == (listens, opened)


def test_lists_flags_and_paths_are_understood(data_dir: dict[str, str]) -> None:
    environment = Environment.read(
        data_dir
        | {
            "SICKBAY_CLUSTERS": "prod-eu, prod-us,",
            "SICKBAY_NAMESPACES": "shop",
            "SICKBAY_RECONCILE_SECONDS": "60",
            "SICKBAY_BASE_PATH": "/sickbay/",
            "DEMO": "No",
        }
    )

    assert environment.clusters == ["prod-eu", "prod-us"]
    assert environment.namespaces == ["shop"]
    assert environment.reconcile_seconds == 60
    assert environment.base_path == "/sickbay"
    assert environment.demo is False


def test_postgres_is_understood(data_dir: dict[str, str]) -> None:
    database = Environment.read(data_dir | {"DATABASE_URL": "postgres://me:p%40ss@db:5433/sickbay"}).database

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"]) == ("me", "p@ss", "db", 5433)


def test_another_sqlite_file_gets_the_same_care(data_dir: dict[str, str]) -> None:
    database = Environment.read(data_dir | {"DATABASE_URL": "sqlite:////tmp/other.sqlite3"}).database

    assert database["NAME"] == "/tmp/other.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


class Asked(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self, **given: str) -> None:
        self._given = given
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(name)
        return self._given.get(name, default)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def test_the_example_lists_every_variable_and_no_other(tmp_path: Path) -> None:
    asked = Asked(SICKBAY_DATA_DIR=str(tmp_path))
    Environment.read(asked)
    read = {name for name in asked.names if not name.endswith("_FILE")}

    listed = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE))

    assert listed == read | set(READ_BY_LIBRARIES)
    assert asked.names == read | {f"{name}_FILE" for name in read}


def test_a_key_that_is_none_is_named_with_the_command_that_makes_one(data_dir: dict[str, str]) -> None:
    good = base64.urlsafe_b64encode(bytes(32)).decode()
    assert Environment.read({**data_dir, "FIELD_ENCRYPTION_KEYS": good}).encryption_keys == [good]
    with pytest.raises(BadSetting, match="FIELD_ENCRYPTION_KEYS: key 2 of 2 is not 32 bytes"):
        Environment.read({**data_dir, "FIELD_ENCRYPTION_KEYS": f"{good},short"})


def test_networks_are_read_or_refused(data_dir: dict[str, str]) -> None:
    read = Environment.read({**data_dir, "OUTBOUND_ALLOW_CIDRS": "10.0.0.0/8, ::1"})
    assert [str(network) for network in read.outbound_allow_cidrs] == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(BadSetting, match=r"METRICS_ALLOW_CIDRS: .*10\.0\.0\.1/8"):
        Environment.read({**data_dir, "METRICS_ALLOW_CIDRS": "10.0.0.1/8"})


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25)),
        ("smtp+tls://ada:p%40ss@mail.example", MailServer("mail.example", 587, "ada", "p@ss", tls=True)),
        ("smtp+ssl://mail.example:2465", MailServer("mail.example", 2465, ssl=True)),
    ],
)
def test_a_mail_server_is_read(url: str, server: MailServer, data_dir: dict[str, str]) -> None:
    assert Environment.read({**data_dir, "EMAIL_URL": url}).mail_server == server
    assert not Environment.read(data_dir).mail_server.host


def test_whom_mail_is_from_follows_the_base_url(data_dir: dict[str, str]) -> None:
    read = Environment.read({**data_dir, "BASE_URL": "https://sickbay.example:8443"})
    assert read.mail_from == "Sickbay <sickbay@sickbay.example>"
    assert Environment.read({**data_dir, "EMAIL_FROM": "ops@example.org"}).mail_from == "ops@example.org"
