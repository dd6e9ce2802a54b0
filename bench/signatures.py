"""What log signatures cost: 64 kB of log in several shapes, and each pattern from 16 to 64 kB of one line.

`python -m bench.signatures`. Targets (docs: performance): at most 20 ms per 64 kB, linear in line length.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from diagnostics.rules.signatures import SIGNATURES, search

KIB = 1024
TIMES = 5


def seconds(call: Callable[[], object], times: int = TIMES) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def lines(text: str, size: int = 64 * KIB) -> list[str]:
    """That line again and again, 64 kB of it."""
    return [text] * (size // (len(text) + 1))


def shapes() -> dict[str, list[str]]:
    """Logs of 64 kB: quiet, chatty, structured, and such as match or nearly match everywhere."""
    needles = [needle for signature in SIGNATURES for needle in signature.needles]
    return {
        "access log": lines('10.244.0.1 - - [23/Nov/2026 03:52:39] "GET /ready HTTP/1.1" 200 -'),
        "JSON": lines('{"level":"info","ts":"2026-06-01T10:00:00Z","msg":"poll","n":22,"user":"a"}'),
        "stack traces": lines("\tat com.acme.shop.Orders.find(Orders.java:17)"),
        "refused on each line": lines(
            "2026/11/23 03:53:00 redis: dial tcp 127.0.0.1:6379: connect: connection refused"
        ),
        "every needle on each line": [f"{number:02} {' '.join(needles)}"[:4000] for number in range(16)],
        "lines of 4 kB": lines("x" * 4095),
        "one line of 64 kB": ["x" * 64 * KIB],
    }


def growth(pattern: re.Pattern[str], text: str) -> tuple[float, float]:
    """Milliseconds for 64 kB of one line that does not end as it began, and how much longer than for 16 kB it takes."""
    small, large = ((text * (size // len(text) + 1))[:size] for size in (16 * KIB, 64 * KIB))
    quick = seconds(lambda: pattern.search(small), 3)
    slow = seconds(lambda: pattern.search(large), 3)
    return slow * 1000, slow / max(quick, 1e-6)


def main() -> None:
    """Prints both tables."""
    print(f"{'64 kB of log':30} {'ms':>8}")
    for name, log in shapes().items():
        unseen = iter([f"run {run}", *log] for run in range(TIMES))  # A log that was searched before costs nothing.
        print(f"{name:30} {seconds(lambda unseen=unseen: search(next(unseen)), TIMES) * 1000:8.2f}")  # type: ignore[misc]
    print(f"\n{'slowest patterns, 64 kB line':30} {'ms':>8} {'x 16 kB':>8}")
    fillers = ("word ", "a.b/c-", "x", '"', "error: ", ": ")
    found = []
    for signature in SIGNATURES:
        texts = (*fillers, *signature.needles, *(f"{needle} x" for needle in signature.needles))
        found.append((*max(growth(signature.pattern, text) for text in texts), signature.id))
    for milliseconds, ratio, id_ in sorted(found, reverse=True)[:12]:
        print(f"{id_:30} {milliseconds:8.2f} {ratio:8.1f}")


if __name__ == "__main__":
    main()
