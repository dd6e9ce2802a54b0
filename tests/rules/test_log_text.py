"""How lines become readable: JSON logs, levels, traces."""

from __future__ import annotations

import itertools

import pytest

from diagnostics.rules.signatures.text import Level, entries
from diagnostics.rules.signatures.traces import Trace, traces


@pytest.mark.parametrize(
    ("line", "text", "level"),
    [
        (
            '{"level":"fatal","msg":"cannot open","error":"open /a: no such file"}',
            "cannot open: open /a: no such file",
            Level.FATAL,
        ),
        ('{"severity":"ERROR","message":"boom"}', "boom", Level.ERROR),
        ('{"level":50,"msg":"pino error"}', "pino error", Level.ERROR),
        ('{"level":"odd","msg":"x","err":{"type":"TypeError","message":"y"}}', "x: TypeError: y", Level.NONE),
        ('{"level":"error","msg":"same","error":"same"}', "same", Level.ERROR),
        ('{"exception":"Error: boom\\n  at x"}', "Error: boom", Level.NONE),
        ('{"n":1}', '{"n":1}', Level.NONE),
        ("{not json}", "{not json}", Level.NONE),
        ('{"\ud800":1}', '{"\ud800":1}', Level.NONE),
        (
            "E1123 03:52:38.100000       1 main.go:44] failed",
            "E1123 03:52:38.100000       1 main.go:44] failed",
            Level.ERROR,
        ),
        ("time=x level=warn msg=slow", "time=x level=warn msg=slow", Level.WARN),
        ("2026-11-23 03:52:38,123 ERROR down", "2026-11-23 03:52:38,123 ERROR down", Level.ERROR),
        ("[FATAL] plugin", "[FATAL] plugin", Level.FATAL),
        ("Error: failed, retrying in 5s", "Error: failed, retrying in 5s", Level.WARN),
        ("INFO retry", "INFO retry", Level.INFO),
        ("plain words", "plain words", Level.NONE),
    ],
)
def test_a_line_says(line: str, text: str, level: Level) -> None:
    (entry,) = entries([line])
    assert (entry.text, entry.level) == (text, level)


def test_debug_and_blank_lines_are_left_out() -> None:
    said = entries(["debug: x", "", "   ", '{"level":"trace","msg":"x"}', '{"level":10,"msg":"x"}', "here"])
    assert [(entry.at, entry.text) for entry in said] == [(5, "here")]


PYTHON = """\
Traceback (most recent call last):
  File "/app/app.py", line 7, in load
    self.db_url = env["DATABASE_URL"]
                  ~~~^^^^^^^^^^^^^^^^
  File "/usr/lib/python3.11/os.py", line 679, in __getitem__
    raise KeyError
KeyError: 'DATABASE_URL'"""
PSYCOPG = """\
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/psycopg2/__init__.py", line 122, in connect
psycopg2.OperationalError: could not connect to server: Connection refused
\tIs the server running on host "db" (10.1.1.1) and accepting
\tTCP/IP connections on port 5432?
bye"""
SYNTAX = """\
  File "<string>", line 1
    print("a"
         ^
SyntaxError: '(' was never closed"""
JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: Invalid property 'server.port'
\tat ReportService.parse(ReportService.java:6)
\tat ReportService.main(ReportService.java:9)
Caused by: java.lang.NumberFormatException: For input string: "80a0"
\tat java.base/java.lang.Integer.parseInt(Unknown Source)
\t... 2 more"""
JAVA_INLINE = "kafka: Fatal error. java.lang.IllegalArgumentException: advertised.listeners is wrong"
NODE = """\
/app/server.js:1
  throw err;
  ^

Error: Cannot find module 'express'
Require stack:
- /app/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at Object.<anonymous> (/app/server.js:1:17)

Node.js v20.20.2"""
GO = """\
2026/11/23 03:52:57 orders-api v1.8.2 starting
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4e69fb]

goroutine 1 [running]:
main.(*Config).dial(0x3f5418e160f0?, {0x525993, 0x9})
\t/src/gopanic/main.go:16 +0x7b
main.main()
\t/src/gopanic/main.go:26 +0x325
exit status 2"""
GO_LIBRARY = """\
fatal error: concurrent map writes

goroutine 27 [running]:
internal/runtime/maps.fatal({0x528a18?, 0x0?})
\t/usr/local/go/src/runtime/panic.go:1181 +0x18
main.main.func1()
\t/src/gopanic/main.go:60 +0x46
created by main.main in goroutine 1
\t/src/gopanic/main.go:58 +0x725"""
RUST = """\
thread 'main' panicked at src/main.rs:5:10:
called `Result::unwrap()` on an `Err` value: NotFound"""
RUST_OLD = "thread 'main' panicked at 'no config', src/main.rs:5:10"
DOTNET = """\
Unhandled exception. System.InvalidOperationException: no connection string
   at App.Startup.Configure() in /src/Startup.cs:line 12
   --- End of inner exception stack trace ---
   at App.Program.Main()"""


@pytest.mark.parametrize(
    ("log", "trace"),
    [
        (PYTHON, Trace("python", 0, 6, 6, "KeyError: 'DATABASE_URL'", "/app/app.py:7 in load")),
        (
            PSYCOPG,
            Trace(
                "python",
                0,
                4,
                2,
                "psycopg2.OperationalError: could not connect to server: Connection refused Is the server running on "
                'host "db" (10.1.1.1) and accepting TCP/IP connections on port 5432?',
                "/usr/lib/python3/dist-packages/psycopg2/__init__.py:122 in connect",
            ),
        ),
        (SYNTAX, Trace("python", 0, 3, 3, "SyntaxError: '(' was never closed", "<string>:1")),
        (
            JAVA,
            Trace(
                "java",
                0,
                5,
                3,
                'Caused by: java.lang.NumberFormatException: For input string: "80a0"',
                "ReportService.parse(ReportService.java:6)",
            ),
        ),
        (JAVA_INLINE, Trace("java", 0, 0, 0, JAVA_INLINE)),
        (NODE, Trace("node", 4, 8, 4, "Error: Cannot find module 'express'", "/app/server.js:1:17")),
        (
            GO,
            Trace(
                "go",
                1,
                9,
                1,
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "/src/gopanic/main.go:16",
            ),
        ),
        (GO_LIBRARY, Trace("go", 0, 8, 0, "fatal error: concurrent map writes", "/src/gopanic/main.go:60")),
        (
            RUST,
            Trace("rust", 0, 1, 1, "called `Result::unwrap()` on an `Err` value: NotFound", "src/main.rs:5:10"),
        ),
        (RUST_OLD, Trace("rust", 0, 0, 0, "'no config', src/main.rs:5:10")),
        (
            DOTNET,
            Trace(
                "dotnet",
                0,
                3,
                0,
                "Unhandled exception. System.InvalidOperationException: no connection string",
                "App.Startup.Configure() in /src/Startup.cs:line 12",
            ),
        ),
    ],
    ids=[
        "python",
        "psycopg",
        "syntax",
        "java",
        "java-inline",
        "node",
        "go",
        "go-library",
        "rust",
        "rust-old",
        "dotnet",
    ],
)
def test_a_trace_is_one_thing(log: str, trace: Trace) -> None:
    assert traces(log.splitlines()) == [trace]


@pytest.mark.parametrize(
    "log",
    [
        "Traceback (most recent call last):",  # Cut off.
        'Traceback (most recent call last):\n  File "a.py", line 1\nnot an exception',
        '  File "a.py", line 1\nplain text',
        "Error: no stack below",
        "An Error that is no type",
        "thread 'main' panicked",
        "panicking is not a panic",
        "fatal error: unexpected signal during runtime execution",
    ],
)
def test_no_trace(log: str) -> None:
    assert traces(log.splitlines()) == []


def test_traces_do_not_overlap() -> None:
    found = traces([*PYTHON.splitlines(), "", *JAVA.splitlines(), "plain", *GO_LIBRARY.splitlines()])
    assert [trace.language for trace in found] == ["python", "java", "go"]
    assert all(before.last < after.first for before, after in itertools.pairwise(found))


def test_a_trace_that_never_ends_is_cut() -> None:
    (trace,) = traces(["panic: loop", *["\tx"] * 500])
    assert trace.last == 120
