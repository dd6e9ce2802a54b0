"""Credentials after words that ordinary diagnostics use too, and those diagnostics, which stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.kube import redact
from diagnostics.kube.redact import text

SECRET = "Zq9xSecret77"
KEY = "Zq9xSecret77Zq9xSecret77"

LEAKS = [
    "password is '{}'",
    'the password was "{}", changed',
    "password is {}",
    "admin password set to {}.",
    "connecting with password {} to db",
    "ALTER USER app WITH PASSWORD '{}'",
    "logging in using password {}",
    "Password for user admin: {}",
    "Password for the [elastic] user: {} (keep it)",
    "dbpass={}",
    "dbpass: {}",
    "dbPass: {}",
    "pass={}",
    "pass: {}",
    '{{"user":"x","pass":"{}"}}',
    "host=db user=x pw={}",
    "pw = {}",
    "DB_PW1={}",
    "psk = '{}'",
    "pw: {}",
    "auth={}",
    "auth: {}",
    '{{"auths":{{"r.example":{{"auth":"{}"}}}}}}',
    "_auth={}",
    "jwt={}",
    "jwt: {}",
    "psk={}",
    'wpa_psk="{}"',
    "otp: {}",
    "ENC_KEY={}",
    "enc_key: {}",
    "APP_KEY=" + "{0}{0}",
    "user:{}@tcp(db:3306)/x",
    'msg="dsn root:{}@unix(/run/mysqld.sock)/x"',
    "sys/{}@//db:1521/x",
    "jdbc:oracle:thin:scott/{}@db:1521:x",
    "sqlplus scott/{}@db",
    "docker login -u me -p {} r.example",
    "helm registry login -p '{}' r.example",
    "mongo -u me -p {} --authenticationDatabase admin",
    "mongodump -p={}",
    "mysql -u root -p{} -h db",
    "mariadb-dump -p{} shop",
    "app --db-pass {} --verbose",
    "app --auth {}",
    "app --key {}",
    "app --key={}",
    "password:\n{}",
    "Enter password:\n  {}\nconnected",
    "Password for user admin:\n'{}'",
]

KEPT = [
    'password authentication failed for user "x"',
    "Access denied for user 'root'@'10.0.0.1' (using password: YES)",
    "KeyError: 'DATABASE_PASSWORD'",
    "password is required",
    "password is case-insensitive",
    "password is base64-encoded",
    "password is 'invalid'",
    "TypeError: password is 'NoneType'",
    "password is too short, 8 characters at least",
    "connecting with password authentication",
    "using password from /etc/app/db1",
    "failed with password hashing scram-sha-256",
    "Password for user postgres: psql: error: fe_sendauth: no password supplied",
    "password for user app: postgres-0 is not ready",
    "password for user app: ORA-01017: invalid username/password; logon denied",
    "password for user app: 10.0.0.1:5432: connection refused",
    "pass: 12, fail: 3",
    "pass=12 fail=3",
    "PASS: TestLogin2",
    "--- PASS: TestLogin2 (0.00s)",
    "pw = request.POST['password']",
    "self.jwt = JWTToken(",
    'full_name = "pw:" + name',
    "compass: needle2north bypass=north2south",
    "proxy_pass http://app-1:8080;",
    "auth: failed",
    "auth: postgres-0 refused",
    "auth=scram-sha-256 auth=basic auth: oauth2",
    "Get https://r.example/v2/auth: 401",
    "jwt: token expired",
    "Erlang/OTP 26 otp: 26 laptop=thinkpad9",
    "S3_KEY=backups/2024/dump.sql.gz",
    "partition_key=customer-orders-by-region-2",
    "idempotency_key=4f2e4254-bc67-4e9a-8000-0123456789ab",
    "openssl req -key /etc/tls/server1.key --key tls.key --key node-1",
    "registry.example:5000/shop/app1@sha256:" + "0" * 64,
    "at s.handleConnectionTimeouts (app.js:1:2)",
    "docker login -u me r.example",
    "docker run -p 8080:80 mongo; mkdir -p /data/db1",
    "mongo -p --authenticationDatabase admin",
    "sqlplus / as sysdba",
    "password:\n  secretKeyRef:\n    name: app1",
    "Enter password:\nERROR 1045 (28000): Access denied",
    "password:\nrequired",
    "password:\nsecretKeyRef1:",
]


@pytest.mark.parametrize("line", LEAKS)
def test_a_secret_goes_after_the_words_that_announce_it(line: str) -> None:
    redacted = text(line.format(SECRET))

    assert SECRET not in redacted
    assert "[redacted]" in redacted
    assert redacted.count("\n") == line.count("\n")
    assert text(redacted) == redacted


@pytest.mark.parametrize("line", KEPT)
def test_ordinary_diagnostics_stay(line: str) -> None:
    assert text(line) == line


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        ("otp=483920 sent", "otp=[redacted] sent"),
        ("VAULT: s.Zq9xSecret77Zq9xSecret77 expired", "VAULT: [redacted] expired"),
        ("login with password Hunter2!x, then retry", "login with password [redacted], then retry"),
        ("user:p@ss:w0rd@tcp(db:3306)/x?timeout=5s", "user:[redacted]@tcp(db:3306)/x?timeout=5s"),
        ("pass=swordfish&user=x", "pass=[redacted]&user=x"),
        ('"auth":"dXNlcjpwYXNzd29yZA=="', '"auth":"[redacted]"'),
        ("HMAC_X_KEY=" + "0123456789abcdef" * 2, "HMAC_X_KEY=[redacted]"),
        ("docker login -p x r.example", "docker login -p [redacted] r.example"),
    ],
)
def test_what_stands_beside_a_secret_stays(line: str, redacted: str) -> None:
    assert text(line) == redacted


@pytest.mark.parametrize(
    ("arguments", "redacted"),
    [
        (["--db-pass", "swordfish", "-v"], ["--db-pass", "[redacted]", "-v"]),
        (["--pass", "swordfish"], ["--pass", "[redacted]"]),
        (["--pw", "swordfish", "--psk", "tuna"], ["--pw", "[redacted]", "--psk", "[redacted]"]),
        (["--auth", f"me:{SECRET}"], ["--auth", "[redacted]"]),
        (["--auth", "oauth2", "--auth", "basic"], ["--auth", "oauth2", "--auth", "basic"]),
        (["--key", SECRET], ["--key", "[redacted]"]),
        (["--key", KEY], ["--key", "[redacted]"]),
        (["--key", "/etc/tls/Server1.key"], ["--key", "/etc/tls/Server1.key"]),
        (["--key", "server1.pem", "--key", "node-1"], ["--key", "server1.pem", "--key", "node-1"]),
        (["--dsn", f"user:{SECRET}@tcp(db:3306)/x"], ["--dsn", "user:[redacted]@tcp(db:3306)/x"]),
        (["--pass", "--verbose"], ["--pass", "--verbose"]),
        (["--bypass", "filter1"], ["--bypass", "filter1"]),
    ],
)
def test_options_take_secrets_as_arguments(arguments: list[str], redacted: list[str]) -> None:
    assert redact.pod_object({"args": arguments}) == {"args": redacted}


FRAGMENTS = st.sampled_from(
    [*(leak.format(SECRET) for leak in LEAKS), *KEPT, " ", "=", ":", '"', "'", "\n", "[redacted]"]
)


@settings(deadline=None)
@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=8).map("".join))
def test_redacting_twice_changes_nothing_and_lines_stay(words: str) -> None:
    once = text(words)

    assert text(once) == once
    assert once.count("\n") == words.count("\n")


@pytest.mark.parametrize(
    "unit",
    [
        "pass=",
        "auth:",
        "password for ",
        "password is ",
        "--key ",
        "a_key=",
        "a:@tcp",
        "a/@//",
        "docker login ",
        "mongo ",
        "s.a1",
        "password:\n",
        "--a-pass ",
        "sqlplus a/",
        "otp=1",
    ],
)
def test_time_is_linear_in_length(unit: str) -> None:
    """A quadratic pattern would not come back from this within minutes."""
    words = (unit * (300_000 // len(unit) + 1))[:300_000]

    assert text(words).count("\n") == words.count("\n")
