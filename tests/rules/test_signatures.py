"""The signature table: what programs really write, and what it is taken for."""

from __future__ import annotations

from itertools import product

import pytest

from diagnostics.rules.signatures import SIGNATURES, Weight, search
from diagnostics.rules.signatures.runtimes import TRACES

# Lines as programs write them: the signature that must win, and what it says.
LINES = [
    ("port-in-use", "2026/11/23 03:52:38 listen: listen tcp :8080: bind: address already in use", "port 8080 is"),
    ("port-in-use", "Error: listen EADDRINUSE: address already in use :::3000", "port 3000 is"),
    ("port-in-use", "bind() to 0.0.0.0:80 failed (98: Address already in use)", "port 80 is"),
    ("port-in-use", "Web server failed to start. Port 9090 was already in use.", "port 9090 is"),
    ("port-in-use", "OSError: [Errno 98] Address already in use", "the port that it binds is"),
    ("port-privileged", "listen tcp 0.0.0.0:80: bind: permission denied", "may not bind port 80"),
    ("port-privileged", "Error: listen EACCES: permission denied 0.0.0.0:443", "may not bind port 443"),
    ("conn-refused", "redis: dial tcp 127.0.0.1:6379: connect: connection refused", "at 127.0.0.1:6379"),
    ("conn-refused", "Error: connect ECONNREFUSED 10.96.12.7:5432", "at 10.96.12.7:5432"),
    ("conn-refused", 'connection to server at "10.96.3.4", port 5432 failed: Connection refused', "at 10.96.3.4:5432"),
    (
        "conn-refused",
        "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
        "at redis:6379",
    ),
    (
        "conn-refused",
        "Connection to db.prod:5432 refused. Check that the hostname and port are correct",
        "at db.prod:5432",
    ),
    (
        "conn-refused",
        (
            "HTTPConnectionPool(host='api', port=8000): Max retries exceeded with url: / (Caused by NewConnectionError(': "
            "Failed to establish a new connection: [Errno 111] Connection refused'))"
        ),
        "at api:8000",
    ),
    ("conn-refused", "ERROR 2003 (HY000): Can't connect to MySQL server on 'mysql:3306' (111)", "at mysql:3306"),
    ("conn-refused", "dial tcp [::1]:9000: connect: connection refused", "at ::1:9000"),
    ("conn-refused", "main.go:23 cannot reach the queue: connection refused", "its connection is refused"),
    ("conn-timeout", "dial tcp 10.0.0.5:443: i/o timeout", "10.0.0.5:443 does not answer"),
    ("conn-timeout", "java.net.SocketTimeoutException: connect timed out", "a call to a dependency timed out"),
    ("conn-reset", "read tcp 10.1.0.4:51234->10.1.0.9:5672: read: connection reset by peer", "10.1.0.9:5672 closed"),
    ("conn-reset", "Error: write EPIPE", "the other side closed"),
    ("no-route", "dial tcp 10.1.2.3:8443: connect: no route to host", "no route to 10.1.2.3:8443"),
    (
        "dns-nxdomain",
        "dial tcp: lookup orders-db.prod.svc.cluster.local on 10.0.0.10:53: no such host",
        "orders-db.prod.svc",
    ),
    ("dns-nxdomain", "Error: getaddrinfo ENOTFOUND redis", "the name redis does"),
    ("dns-nxdomain", 'could not translate host name "db" to address: Name or service not known', "the name db does"),
    (
        "dns-nxdomain",
        "Caused by: java.net.UnknownHostException: kafka: Name or service not known",
        "the name kafka does",
    ),
    ("dns-nxdomain", "curl: (6) Could not resolve host: api.internal", "the name api.internal does"),
    ("dns-temporary", "getaddrinfo EAI_AGAIN postgres", "could not answer for postgres"),
    ("dns-temporary", "dial tcp: lookup api on 10.96.0.10:53: server misbehaving", "could not answer for api"),
    ("dns-timeout", "dial tcp: lookup api.shop: i/o timeout", "lookup of api.shop timed out"),
    ("tls-expired", "x509: certificate has expired or is not yet valid: current time 2026-11-23", "has expired"),
    (
        "tls-unknown-ca",
        'Get "https://vault:8200/v1": x509: certificate signed by unknown authority',
        "of vault:8200 is not",
    ),
    ("tls-unknown-ca", "SSLHandshakeException: PKIX path building failed", "a certificate is not trusted"),
    ("tls-name", "x509: certificate is valid for *.example.com, not db", "for another name"),
    ("tls-protocol", "SSL routines:ssl3_get_record:wrong_version_number", "speaks TLS and the other does not"),
    ("rate-limit", "https://api.example/v1 answered 429 Too Many Requests", "api.example limits"),
    ("auth-db-postgres", 'FATAL: password authentication failed for user "app"', "password of user app"),
    ("auth-db-postgres", 'FATAL: database "orders" does not exist', "no database orders"),
    ("auth-db-mysql", "Access denied for user 'app'@'10.1.2.3' (using password: YES)", "access to user app"),
    ("auth-db-mongo", "MongoServerSelectionError: Server selection timed out after 30000 ms", "MongoDB refuses"),
    ("auth-redis", "NOAUTH Authentication required.", "Redis refuses"),
    ("auth-amqp-kafka", "FATAL: kafka: client has run out of available brokers to talk to", "message broker"),
    ("auth-http", "FATAL feature flag service returned 401: invalid SDK key", "refuses its credentials"),
    ("auth-http", "upstream: 403 Forbidden", "refuses its credentials"),
    (
        "auth-k8s-rbac",
        (
            'pods is forbidden: User "system:serviceaccount:shop:api" cannot list resource "pods" in API group "" in the '
            'namespace "shop"'
        ),
        "service account api may not list pods",
    ),
    ("auth-cloud", "NoCredentialProviders: no valid providers in chain", "cloud refuses"),
    ("db-pool", "FATAL: sorry, too many clients already", "no connection left"),
    ("db-migration", 'ERROR: relation "orders" does not exist (SQLSTATE 42P01)', "no relation orders"),
    ("db-migration", "sqlite3.OperationalError: no such table: auth_user", "no relation auth_user"),
    ("db-migration", "You have 3 unapplied migration(s).", "schema is not the one"),
    ("db-lock", "ERROR: deadlock detected", "a lock in the database"),
    ("webhook-client", 'admission webhook "policy.example" denied the request: no owner label', "admission webhook"),
    ("raft-quorum", "etcdserver: request timed out, possibly due to connection lost", "no quorum"),
    (
        "leader-election",
        "E1123 03:52:38.100000       1 leaderelection.go:330] leader election lost",
        "lost the leader election",
    ),
    ("disk-full", "write /var/lib/data/wal: no space left on device", "to write /var/lib/data/wal"),
    ("fs-readonly", "sh: can't create /run-app.pid: Read-only file system", "may not write /run-app.pid"),
    ("fs-readonly", "OSError: [Errno 30] Read-only file system: '/tmp/cache.db'", "may not write /tmp/cache.db"),
    ("fs-permission", "open /data/db.lock: permission denied", "no permission for /data/db.lock"),
    ("fs-not-found", "open /etc/app/config.yaml: no such file or directory", "the file /etc/app/config.yaml does not"),
    (
        "fs-not-found",
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/cart/config.json'",
        "/etc/cart/config.json",
    ),
    ("fs-busy", "cp: cannot create regular file '/app/x': Text file busy", "/app/x is busy"),
    ("fd-limit", "accept: too many open files", "file descriptors"),
    ("fd-limit", "Error: ENOSPC: System limit for number of file watchers reached, watch '/app'", "file descriptors"),
    (
        "proc-limit",
        "java.lang.Exception: unable to create native thread: possibly out of memory",
        "start another thread",
    ),
    ("oom-java", 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', "(Java heap space)"),
    (
        "oom-node",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "JavaScript heap is full",
    ),
    ("oom-python-go-net", "fatal error: runtime: out of memory", "could not get more memory"),
    ("oom-alloc", "OSError: [Errno 12] Cannot allocate memory", "could not allocate memory"),
    ("oom-gpu", "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "GPU's memory is full"),
    ("gpu-driver", "CUDA driver version is insufficient for CUDA runtime version", "GPU or its driver"),
    ("segv", "fatal error: unexpected signal during runtime execution", "segmentation fault"),
    ("abort", "terminate called after throwing an instance of 'std::runtime_error'", "aborted itself"),
    ("illegal-instr", "Illegal instruction (core dumped)", "this CPU lacks"),
    ("data-dir", 'FATAL:  data directory "/var/lib/pg/data" has wrong ownership', "/var/lib/pg/data belongs"),
    ("data-dir-state", "FATAL:  database files are incompatible with server", "a state that it refuses"),
    ("clock-license", "license expired on 2026-05-01", "licence is not valid"),
    ("python-import", "ModuleNotFoundError: No module named 'flask'", "the Python module flask is"),
    ("java-class", "Error: Could not find or load main class com.acme.Main", "class com.acme.Main cannot"),
    (
        "spring-context",
        "Error creating bean with name 'dataSource' defined in class path resource",
        "the bean dataSource",
    ),
    ("node-module", "Error: Cannot find module 'express'", "module express is"),
    (
        "node-rejection",
        "[UnhandledPromiseRejection: This error originated either by throwing]",
        "a promise was rejected",
    ),
    ("dotnet-host", "You must install or update .NET to run this application.", "lacks the .NET runtime"),
    ("ruby-php", "cannot load such file -- sinatra (LoadError)", "cannot load such file -- sinatra"),
    ("shell-not-found", "sh: gunicornn: not found", "the command gunicornn is"),
    ("shell-not-found", "/bin/sh: 1: flask: not found", "the command flask is"),
    ("shell-not-found", "./run.sh: line 3: foo: command not found", "the command foo is"),
    ("shell-not-found", "env: can't open 'run.py': No such file or directory", "the command run.py is"),
    ("env-missing", "KeyError: 'DATABASE_URL'", "variable DATABASE_URL is"),
    ("env-missing", "FATAL: required environment variable API_KEY is not set", "variable API_KEY is"),
    ("env-missing", "environment variable REDIS_URL must be set", "variable REDIS_URL is"),
    ("env-missing", "ERROR: DB_HOST is not set", "variable DB_HOST is"),
    ("env-missing", "/entrypoint.sh: line 4: PGHOST: unbound variable", "variable PGHOST is"),
    ("env-missing", "missing required environment variables", "an environment variable"),
    ("config-parse", "yaml: line 3: mapping values are not allowed in this context", "configuration or arguments"),
    ("config-parse", "flag provided but not defined: -verbos", "configuration or arguments"),
    (
        "config-nginx",
        '[emerg] 1#1: host not found in upstream "api" in /etc/nginx/nginx.conf:12',
        "host not found in upstream",
    ),
    ("graceful-stop", "received SIGTERM", "asked to stop"),
]


@pytest.mark.parametrize(("id_", "line", "words"), LINES, ids=[f"{id_}-{n}" for n, (id_, _, _) in enumerate(LINES)])
def test_a_line_is_recognised(id_: str, line: str, words: str) -> None:
    best = search(["starting", line, "bye"])[0]
    assert best.signature.id == id_
    assert words in best.words
    assert best.line == 2


def test_every_signature_has_a_line_or_a_trace() -> None:
    shown = {id_ for id_, _, _ in LINES} | {signature.id for signature in TRACES.values()}
    assert {signature.id for signature in SIGNATURES} | {signature.id for signature in TRACES.values()} == shown


@pytest.mark.parametrize(
    "line",
    [
        "FileNotFoundError",  # Holds "notfounderror", not the errno ENOTFOUND.
        "user: not found",
        "configuration parsed successfully",
        "INFO listening on :8080",
        "ERROR required",  # A level is no variable.
        "write: invalid argument",  # An errno, not an option.
        "200 OK",
        "permission denied for table orders",
        "leader elected",
        "",
    ],
)
def test_what_only_looks_like_it(line: str) -> None:
    assert [match.signature.id for match in search([line])] in ([], ["fs-not-found"])


def test_the_end_of_the_log_weighs_more() -> None:
    early = ["cannot open config: open /etc/a: no such file or directory"]
    lines = early + ["tick"] * 40 + ["FATAL: open /etc/b: permission denied"]
    assert search(lines)[0].signature.id == "fs-permission"


def test_a_retry_weighs_less_than_the_exception_at_the_end() -> None:
    lines = [
        "redis: connection refused, retrying",
        "connected",
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 3, in <module>',
        "    run()",
        "ValueError: bad shard",
    ]
    best = search(lines)[0]
    assert (best.signature.id, best.words, best.frame) == (
        "python-traceback",
        "ValueError: bad shard",
        "/app/main.py:3 in <module>",
    )


def test_a_specific_cause_before_a_generic_exception() -> None:
    lines = [
        "ERROR: dial tcp db:5432: connection refused",
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 3, in <module>',
        "    run()",
        "RuntimeError: startup failed",
    ]
    assert [match.signature.id for match in search(lines)] == ["conn-refused", "python-traceback"]


def test_info_lines_weigh_less_and_debug_lines_nothing() -> None:
    assert search(["debug: dial tcp db:5432: connection refused"]) == ()
    lines = ["ERROR open /a: permission denied", "INFO dial tcp db:5432: connection refused"]
    assert search(lines)[0].signature.weight is Weight.EXACT
    lines = ["ERROR open /a: permission denied", "INFO context deadline exceeded"]
    assert search(lines)[0].signature.id == "fs-permission"


def test_three_at_most_and_the_last_occurrence_of_each() -> None:
    lines = [
        "dial tcp a:1111: connection refused",
        "dial tcp b:2222: connection refused",
        "no space left on device",
        "too many open files",
        "illegal instruction",
    ]
    found = search(lines)
    assert len(found) == 3
    refused = search(lines[:2])
    assert [match.names["address"] for match in refused] == ["b:2222"]


def test_colours_are_nothing() -> None:
    (match,) = search(["\x1b[31mERROR\x1b[0m \x1b[1mno space left\x1b[0m on device\x07"])
    assert match.text == "ERROR no space left on device"


def test_a_long_line_is_cut() -> None:
    assert search(["x" * 60_000 + " no space left on device"]) == ()
    assert search(["x" * 60_000, "panic: buffer too small"])[0].words == "panic: buffer too small"


@pytest.mark.parametrize("before", ["x" * 2000, "İ" * 2000, "x: connection refuse " * 90])
def test_a_phrase_is_found_wherever_it_stands_in_a_long_line(before: str) -> None:
    line = f"{before} dial tcp db.shop:5432: connect: connection refused {'y ' * 500}"
    assert search([line])[0].words == "nothing accepts connections at db.shop:5432"


def test_no_line_makes_it_fail() -> None:
    """Lines that hold a needle many times over, upper and lower case: nothing is raised, and no other line is quoted."""
    needles = sorted({needle for signature in SIGNATURES for needle in signature.needles})
    shapes = ("{needle}", "{needle} ", "/{needle}:", "{upper}")
    for needle, shape in product(needles, shapes):
        line = (shape.format(needle=needle, upper=needle.upper()) * 400)[:1000]
        found = search([line])
        assert all((match.line, match.text) == (1, line.strip()) and match.words for match in found), (needle, shape)
