"""Finds the exceptions in a log: several lines that tell one thing.

Each language has its own shape. What people need of it is one line, the headline (the deepest cause where causes are
chained), and the frame of the program's own code that raised it; the other lines are noise that no phrase may match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """An exception, panic or error with its stack. Line numbers count from 0; `last` belongs to the trace."""

    language: str
    first: int
    last: int
    headline: int
    text: str
    frame: str = ""


_PYTHON_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w{0,80}\.){0,10}[A-Z]\w{0,80}(?:: .*)?$")
_PYTHON_FRAME = re.compile(r'^\s*File "(?P<file>[^"]{1,300})", line (?P<line>\d+)(?:, in (?P<function>.{1,100}))?')
_PYTHON_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python\d|^<frozen")
_JAVA_TYPE = r"(?:[a-z]\w{0,63}\.){1,12}[A-Z][\w$]{0,120}(?:Exception|Error|Throwable)\b"
_JAVA_HEAD = re.compile(rf'(?:^Exception in thread "[^"]{{0,200}}" |^Caused by: |^|[:.] ){_JAVA_TYPE}')
_JAVA_INLINE = re.compile(rf"\b(?=(?:java|javax|jakarta|org|com|net|io|kotlin|scala|kafka)\.){_JAVA_TYPE}")
_JAVA_FRAME = re.compile(r"^\s+at (?P<frame>[\w.$<>/@\-]{1,300}\([^)]{0,200}\))|^\s+\.\.\. \d+ (?:more|common)")
_JAVA_LIBRARY = re.compile(
    r"^(?:[\w.\-]{1,60}@?[\w.\-]*/)?(?:java|javax|jdk|sun|com\.sun|org\.springframework|org\.apache)\."
)
_NODE_HEAD = re.compile(r"^(?:Uncaught )?(?:[A-Z]\w{0,60}(?:Error|Exception)|Error)(?: \[[A-Z_]{1,60}\])?: ")
_NODE_FRAME = re.compile(r"^\s+at (?:(?P<function>.{1,200}) \()?(?P<file>[^()\s]{1,300}:\d+:\d+)\)?")
_NODE_LIBRARY = re.compile(r"^node:|/node_modules/")
_GO_HEAD = re.compile(r"^(?:panic: |fatal error: (?!unexpected signal))")
_GO_FILE = re.compile(r"^\s+(?P<file>/\S{1,300}\.go:\d+)")
_GO_CALL = re.compile(r"^(?:created by |[\w./*()\-]{1,300}\()")
_GO_LIBRARY = re.compile(r"/go/src/(?:runtime|internal|sync|reflect|net)/|/pkg/mod/")
_RUST_HEAD = re.compile(r"^thread '[^']{0,100}'(?: \(\d+\))? panicked at (?P<where>.{1,300})")
_DOTNET_HEAD = re.compile(r"^Unhandled exception\. ")
_DOTNET_FRAME = re.compile(r"^\s+at (?P<frame>.{1,300})")

# How a trace begins; whatever begins otherwise names the type of an exception.
_BEGINNINGS = ("Traceback (", "  File ", "panic: ", "fatal error: ", "thread '", "Unhandled exception. ")

# How far below its headline a trace may go on.
_DEPTH = 120
# How many indented lines may go on with an exception's message (psycopg writes three).
_CONTINUED = 3


def traces(lines: Sequence[str]) -> list[Trace]:
    """Every trace of a log, in order; none overlaps another."""
    found: list[Trace] = []
    at = 0
    while at < len(lines):
        trace = _trace(lines, at) if _may_begin(lines[at]) else None
        if trace is None:
            at += 1
            continue
        found.append(trace)
        at = trace.last + 1
    return found


def _may_begin(line: str) -> bool:
    """Whether a trace may begin here: most lines are told apart by this alone."""
    return "Error" in line or "Exception" in line or "Throwable" in line or line.startswith(_BEGINNINGS)


def _trace(lines: Sequence[str], first: int) -> Trace | None:
    return next((trace for reader in _READERS if (trace := reader(lines, first))), None)


def _below(lines: Sequence[str], first: int) -> range:
    return range(first, min(len(lines), first + _DEPTH))


def _run(lines: Sequence[str], first: int, belongs: Callable[[str], object]) -> int:
    """The last of the consecutive lines from `first` on that belong; `first - 1` if none does."""
    for at in _below(lines, first):
        if not belongs(lines[at]):
            return at - 1
    return _below(lines, first).stop - 1


def _python(lines: Sequence[str], first: int) -> Trace | None:
    """A traceback, or a syntax error, which comes without the heading."""
    line = lines[first]
    heading = line.startswith("Traceback (most recent call last)")
    if not heading and not (_PYTHON_FRAME.match(line) and line.startswith(" ")):
        return None
    for at in _below(lines, first + 1):
        if lines[at][:1] in (" ", "\t", ""):
            continue
        if not _PYTHON_EXCEPTION.match(lines[at]):
            return None
        last = min(_run(lines, at + 1, lambda below: below.startswith(("\t", "    "))), at + _CONTINUED)
        text = " ".join(line.strip() for line in lines[at : last + 1])
        return Trace("python", first, last, at, text, _python_frame(lines[first:at]))
    return None


def _python_frame(lines: Sequence[str]) -> str:
    """The innermost frame of the program's own code, else of any code."""
    frames = [frame for line in lines if (frame := _PYTHON_FRAME.match(line))]
    own = [frame for frame in frames if not _PYTHON_LIBRARY.search(frame["file"])]
    innermost = (own or frames)[-1:]
    return "".join(f"{f['file']}:{f['line']}" + (f" in {f['function']}" if f["function"] else "") for f in innermost)


def _java(lines: Sequence[str], first: int) -> Trace | None:
    """An exception with its frames and causes; the deepest cause is the headline. Or one that stands in a line."""
    last = _run(lines, first + 1, lambda below: _JAVA_FRAME.match(below) or below.startswith("Caused by: "))
    if not (_JAVA_HEAD if last > first else _JAVA_INLINE).search(lines[first]):
        return None
    headline = max((at for at in range(first, last + 1) if lines[at].startswith("Caused by: ")), default=first)
    return Trace("java", first, last, headline, lines[headline], _java_frame(lines[first : last + 1], headline - first))


def _java_frame(lines: Sequence[str], headline: int) -> str:
    """The first frame of the program's own code below the headline, else anywhere, else any frame."""
    deepest, all_ = (_java_frames(part) for part in (lines[headline:], lines))
    own = [frame for frame in (*deepest, *all_) if not _JAVA_LIBRARY.match(frame)]
    return "".join((own or deepest)[:1])


def _java_frames(lines: Sequence[str]) -> list[str]:
    return [frame["frame"] for line in lines if (frame := _JAVA_FRAME.match(line)) and frame["frame"]]


def _node(lines: Sequence[str], first: int) -> Trace | None:
    """An error line with its stack, which may begin a few lines below (Require stack: ...)."""
    if not _NODE_HEAD.match(lines[first]):
        return None
    start = next((at for at in range(first + 1, min(first + 8, len(lines))) if _NODE_FRAME.match(lines[at])), None)
    if start is None:
        return None
    last = _run(lines, start, _NODE_FRAME.match)
    frames = [frame for at in range(start, last + 1) if (frame := _NODE_FRAME.match(lines[at]))]
    own = [frame for frame in frames if not _NODE_LIBRARY.search(frame["file"])]
    return Trace("node", first, last, first, lines[first], "".join(found["file"] for found in (own or frames)[:1]))


def _go(lines: Sequence[str], first: int) -> Trace | None:
    """A panic or fatal error with its goroutines; the frame is the first outside the standard library."""
    if not _GO_HEAD.match(lines[first]):
        return None
    last = _run(lines, first + 1, _of_goroutine)
    files = [found["file"] for at in range(first, last + 1) if (found := _GO_FILE.match(lines[at]))]
    own = [file for file in files if not _GO_LIBRARY.search(file)]
    return Trace("go", first, last, first, lines[first], "".join((own or files)[:1]))


def _of_goroutine(line: str) -> bool:
    return not line or line.startswith(("\t", "goroutine ", "[signal ", "exit status")) or bool(_GO_CALL.match(line))


def _rust(lines: Sequence[str], first: int) -> Trace | None:
    """A panic; since Rust 1.73 its message is the line below the place."""
    head = _RUST_HEAD.match(lines[first])
    if head is None:
        return None
    where = head["where"]
    if where.endswith(":") and first + 1 < len(lines):
        return Trace("rust", first, first + 1, first + 1, lines[first + 1], where.rstrip(":"))
    return Trace("rust", first, first, first, where)


def _dotnet(lines: Sequence[str], first: int) -> Trace | None:
    """An unhandled exception with its frames."""
    if not _DOTNET_HEAD.match(lines[first]):
        return None
    last = _run(lines, first + 1, lambda below: _DOTNET_FRAME.match(below) or below.startswith("   --- "))
    frames = [frame["frame"] for at in range(first, last + 1) if (frame := _DOTNET_FRAME.match(lines[at]))]
    return Trace("dotnet", first, last, first, lines[first], "".join(frames[:1]))


_READERS: tuple[Callable[[Sequence[str], int], Trace | None], ...] = (_python, _go, _rust, _dotnet, _node, _java)
