from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnostics.kube import redact
from diagnostics.kube.redact import text

# What a person would choose or a machine would make; but no variable, no option and no `port/path`.
SECRETS = st.from_regex(r"(?![$]|--|\d{1,5}/)[A-Za-z0-9!#$%*+./^_~@-]{12,40}", fullmatch=True).filter(
    lambda secret: any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)
)

LEAKS = [
    "password={}",
    "DB_PASSWORD={}",
    "POSTGRES_PASSWORD: {}",
    "export PGPASSWD={} && ./run",
    "MYSQL_ROOT_PASSWORD2={}",
    "spring.datasource.password={}",
    '{{"password":"{}","user":"x"}}',
    '{{"password": "{}"}}',
    "{{'api_key': '{}', 'b': 1}}",
    '{{\\"password\\":\\"{}\\",\\"x\\":1}}',
    "[password] => {}",
    'password => "{}"',
    "aws_secret_access_key = {}",
    "apiKey: {}",
    "client_secret: '{} and more'",
    "--password {} --verbose",
    "--db-password={}",
    "-token {}",
    "The password is: {}",
    "X-Auth-Token: {}",
    "X-Api-Key: {}",
    "slackBotToken={}",
    "token: {}",
    "secret={}",
    "credentials={}",
    "https://shop.example/callback?token={}&user=1",
    "Server=db;User=sa;Password={};Encrypt=no",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={}",
    "Authorization: Bearer {}",
    "authorization: {}",
    "Authorization: Digest username=x, response={}",
    "authorization=Bearer {} method=GET",
    "> Authorization: token {}",
    'curl -H "Authorization: Bearer {}" https://x.example',
    "map[Authorization:[Bearer {}] Accept:[*/*]]",
    "map[X-Api-Key:[{}]]",
    "Cookie: theme=dark; session={}",
    "Set-Cookie: session={}; Path=/; HttpOnly",
    '{{"cookie": "session={}"}}',
    "postgres://app:{}@db:5432/shop",
    "redis://:{}@cache:6379/0",
    "dial amqp://u:{}@mq: refused",
    "curl -u admin:{} https://x.example",
    "mysql -u root -p{} -h db",
    "redis-cli -h cache -a {} ping",
    "sshpass -p {} ssh host",
]

SHAPED = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA" + "a1" * 16,
    "ya29.a0AfH6SMBx-" + "x" * 20,
    "ghp_" + "a1B2" * 9,
    "github_pat_11AAAA_" + "b" * 40,
    "glpat-" + "x1" * 10,
    "xoxb-123456789012-abcdefghij",
    "xapp-1-A0-" + "9" * 12,
    "sk_live_" + "4eC39HqLyjWDarjt",
    "npm_" + "a" * 36,
    "SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf",
    "hvs.CAESIJ" + "k" * 20,
]

# Ordinary diagnostics, of which nothing may go missing.
KEPT = [
    "KeyError: 'DATABASE_URL'",
    "KeyError: 'API_KEY'",
    'FATAL: password authentication failed for user "x"',
    "Access denied for user 'root'@'10.0.0.1' (using password: YES)",
    "couldn't find key API_TOKEN in Secret default/app",
    "references non-existent secret key: tls.crt",
    'secret "stripe-credentials" not found',
    'MountVolume.SetUp failed for volume "creds" : secret "db-password" not found',
    "failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?service=x: 401",
    'failed to fetch anonymous token: Get "https://auth.docker.io/token?scope=repository%3Ax%3Apull": dial tcp: no such host',
    "/entry.sh: line 3: DB_PASSWORD: unbound variable",
    "sh: 1: DB_PASSWORD: parameter not set",
    "open /var/run/secrets/db/password: no such file or directory",
    "open /var/run/secrets/kubernetes.io/serviceaccount/token: permission denied",
    "SyntaxError: Unexpected token } in JSON at position 4",
    "Unexpected token: punc (})",
    'WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    "bearer token is invalid; Basic Authentication required",
    "registry.example:5000/shop/cart@sha256:" + "0" * 64,
    "http://host:8080/path?email=a@b.example",
    "error getting credentials: exit status 1",
    "imagePullSecret: regcred",
    "max_tokens=512 tokens: 4096",
    "git@github.com:org/repo.git",
    "dial tcp 10.0.0.1:5432: connect: connection refused",
    "PASSWORD=$DB_PASSWORD TOKEN=$(API_TOKEN) KEY=${X}",
    "password_file=/etc/secrets/password token=/var/run/token",
    "-----BEGIN CERTIFICATE----- not found in the file",
    "usage: app --password string   the password",
    "--token is required",
    "--password --verbose",
    "postgres://db:5432/shop",
    '{"password": "", "secret": null, "token": true}',
    "authorization: denied by policy",
    "Cookie: missing",
    "sigterm received, signal: killed",
    "back-off 5m0s restarting failed container=app pod=api-6f5749d9db-abcde_shop(4f2e4254-bc67-7e9a-0000)",
]


@pytest.mark.parametrize("line", LEAKS)
@settings(deadline=None, max_examples=30)
@given(secret=SECRETS)
def test_a_secret_after_its_name_goes(line: str, secret: str) -> None:
    redacted = text(line.format(secret))

    assert secret not in redacted
    assert "[redacted]" in redacted
    assert text(redacted) == redacted


@pytest.mark.parametrize("secret", SHAPED)
@pytest.mark.parametrize("line", ["{}", "using {} for login", '"{}"', "({})", "a={}", "invalid key {}: denied"])
def test_a_secret_goes_by_its_form(line: str, secret: str) -> None:
    assert secret not in text(line.format(secret))


@pytest.mark.parametrize("line", KEPT)
def test_ordinary_diagnostics_stay(line: str) -> None:
    assert text(line) == line


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        ('{"password":"a\\"b","user":"x"}', '{"password":"[redacted]","user":"x"}'),
        ('"password": "cut off in the mid', '"password": "[redacted]'),
        ("password=a,user=x;token=b9999999&c=1", "password=[redacted],user=x;token=[redacted]&c=1"),
        ("https://0123456789abcdef0123456789abcdef@o1.ingest.example/2", "https://[redacted]@o1.ingest.example/2"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/[redacted]"),
        ("https://chat.example/api/webhooks/12345678/abcdefgh", "https://chat.example/api/webhooks/[redacted]"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ("token: abc", "token: abc"),
    ],
)
def test_what_stands_beside_a_secret_stays(line: str, redacted: str) -> None:
    assert text(line) == redacted


BODY = "\n".join(["QUJDREVG" * 8] * 3)


@pytest.mark.parametrize(
    "block",
    [
        f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\nQUI=\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{BODY}\n-----END RSA PRIVATE KEY-----",
        f"{BODY}\nQUI=\n-----END PRIVATE KEY-----\nafter",
        f"before\n-----BEGIN EC PRIVATE KEY-----\n{BODY}",
        '"-----BEGIN PRIVATE KEY-----\\n' + BODY.replace("\n", "\\n") + '\\n-----END PRIVATE KEY-----\\n"',
        "key: -----BEGIN PRIVATE KEY-----\\n" + BODY.replace("\n", "\\n"),
    ],
)
def test_a_pem_block_goes_whole_or_cut(block: str) -> None:
    redacted = text(block)

    assert "QUJDREVG" not in redacted
    assert "QUI=" not in redacted
    assert len(redacted.split("\n")) == len(block.split("\n"))
    assert text(redacted) == redacted


def test_what_follows_a_block_that_was_cut_off_stays() -> None:
    assert text(f"-----BEGIN PRIVATE KEY-----\n{BODY}\nERROR: cannot load").endswith("[redacted]\nERROR: cannot load")


PIECES = [
    "password",
    "token:",
    "=",
    ":",
    " ",
    '"',
    "'",
    "\\",
    "[",
    "]",
    ",",
    "&",
    "\n",
    "://",
    "@",
    "-----",
    "[redacted]",
]
FRAGMENTS = st.sampled_from([*(leak.format("Zq9x77") for leak in LEAKS), *SHAPED, *KEPT, *PIECES])


@settings(deadline=None)
@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=8).map("".join))
def test_redacting_twice_changes_nothing_and_lines_stay(words: str) -> None:
    once = text(words)

    assert text(once) == once
    assert once.count("\n") == words.count("\n")


@pytest.mark.parametrize(
    "unit", ["token", "a://b:", 'password="', "bearer ", "curl ", "a-", "-----BEGIN X-----\nAAAA", "eyJ", "password=a,"]
)
def test_time_is_linear_in_length(unit: str) -> None:
    """A quadratic pattern would not come back from this within minutes."""
    words = (unit * (300_000 // len(unit) + 1))[:300_000]

    assert text(words).count("\n") == words.count("\n")


# Objects


def pod(secret: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": "api-1",
            "managedFields": [{"manager": secret}],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"env": secret}),
                "example.com/api-token": secret,
                "note": f"password={secret}",
                "checksum/secret": "0" * 64,
            },
        },
        "spec": {
            "containers": [
                {
                    "name": "app",
                    "image": "shop/api:1.4",
                    "command": ["/run", "--port=80", "--password", secret, f"--token={secret}", "--password"],
                    "args": ["sh", "-c", f"export API_KEY={secret}; exec app"],
                    "env": [
                        {"name": "PLAIN", "value": secret},
                        {"name": "EMPTY", "value": ""},
                        {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}},
                    ],
                    "livenessProbe": {
                        "httpGet": {
                            "path": "/healthz",
                            "port": 80,
                            "httpHeaders": [{"name": "X-Probe", "value": secret}],
                        }
                    },
                    "lifecycle": {"preStop": {"exec": {"command": ["curl", "-u", f"me:{secret}", "--token", secret]}}},
                }
            ],
            "volumes": [{"name": "share", "csi": {"volumeAttributes": {"sharePassword": secret}}}],
            "tolerations": [{"key": "a", "tolerationSeconds": 300}],
        },
        "status": {
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": False,
                    "lastState": {"terminated": {"exitCode": 1, "message": f"token={secret}"}},
                }
            ]
        },
    }


@settings(deadline=None)
@given(SECRETS)
def test_a_pod_is_fit_to_be_stored(secret: str) -> None:
    assume(secret not in json.dumps(pod("-")))
    raw = pod(secret)
    before = copy.deepcopy(raw)

    redacted = redact.pod_object(raw)

    assert json.dumps(secret)[1:-1] not in json.dumps(redacted)
    assert raw == before
    assert redact.pod_object(redacted) == redacted


def test_what_explains_a_fault_stays_in_a_pod() -> None:
    redacted = redact.pod_object(pod("Zq9xSecret77"))
    container = redacted["spec"]["containers"][0]

    assert redacted["metadata"] == {
        "name": "api-1",
        "annotations": {
            "example.com/api-token": "[redacted]",
            "note": "password=[redacted]",
            "checksum/secret": "0" * 64,
        },
    }
    assert container["image"] == "shop/api:1.4"
    assert container["command"] == ["/run", "--port=80", "--password", "[redacted]", "--token=[redacted]", "--password"]
    assert container["args"] == ["sh", "-c", "export API_KEY=[redacted]; exec app"]
    assert container["env"] == [
        {"name": "PLAIN", "value": "[redacted]"},
        {"name": "EMPTY", "value": ""},
        {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}},
    ]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert redacted["spec"]["tolerations"] == [{"key": "a", "tolerationSeconds": 300}]
    assert redacted["status"]["containerStatuses"][0]["ready"] is False


def test_odd_shapes_do_no_harm() -> None:
    odd = {
        "env": ["A=b", {"name": "X"}, 7],
        "command": [1, None, "--password", 2],
        "annotations": {"a": None, "b": {"c": "d"}},
    }

    assert redact.pod_object({"args": []}) == {"args": []}
    assert redact.pod_object(odd) == {**odd, "command": [1, None, "--password", "[redacted]"]}


@pytest.mark.parametrize(
    ("command", "redacted"),
    [
        (["/usr/bin/curl", "-u", "me:Zq9x77", "-s"], ["/usr/bin/curl", "-u", "[redacted]", "-s"]),
        (["redis-cli", "-a", "Zq9x77", "ping"], ["redis-cli", "-a", "[redacted]", "ping"]),
        (["mysqladmin", "ping", "-pZq9x77", "-p"], ["mysqladmin", "ping", "-p[redacted]", "-p"]),
        (["app", "-p", "8080", "-u", "1000"], ["app", "-p", "8080", "-u", "1000"]),
    ],
)
def test_clients_take_passwords_as_arguments(command: list[str], redacted: list[str]) -> None:
    assert redact.pod_object({"command": command}) == {"command": redacted}


def test_an_event_keeps_all_but_the_secret() -> None:
    raw = {
        "metadata": {"name": "api-1.17", "managedFields": []},
        "reason": "Unhealthy",
        "message": "Readiness probe failed: https://u:Zq9xSecret77@api/healthz answered 401",
        "count": 3,
    }

    assert redact.event(raw) == {
        "metadata": {"name": "api-1.17"},
        "reason": "Unhealthy",
        "message": "Readiness probe failed: https://u:[redacted]@api/healthz answered 401",
        "count": 3,
    }


def test_the_messages_of_real_events_stay() -> None:
    folder = Path(__file__).parents[1] / "rules"
    messages = {
        item["message"]
        for path in sorted(folder.glob("*/*/events.json"))
        for item in json.loads(path.read_bytes())["items"]
        if "message" in item
    }

    assert len(messages) > 100
    assert [message for message in messages if text(message) != message] == []


def test_base64_of_a_password_in_basic_auth_goes() -> None:
    encoded = base64.b64encode(b"user:Zq9xSecret77").decode()

    assert encoded not in text(f"header Authorization: Basic {encoded}")
