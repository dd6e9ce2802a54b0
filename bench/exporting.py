"""Exporting diagnoses from a real web process: the memory of ten times as many, against that of some.

`python -m bench.exporting [DIAGNOSES]` exports so many and ten times as many as NDJSON and as CSV, and prints the peak
memory of the process that answers (a new one each time), the rows a second, and the ratio of the peaks.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from bench.database import migrated

TARGET = 1.1  # Peak memory of ten times as many rows, in those of one time as many.
BATCH = 5_000
PIECE = 1 << 16
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Export:
    """What one export cost: rows, seconds, and MiB of the web process before it and at its peak."""

    rows: int
    seconds: float
    before: float
    peak: float


def measure(count: int, vendor: str) -> None:
    """Measures and prints."""
    token = prepare({"some": count, "many": 10 * count})
    print(f"exporting {count:,} and {10 * count:,} diagnoses on {vendor}")
    for form in ("ndjson", "csv"):
        some, many = export(token, form, "some"), export(token, form, "many")
        assert (some.rows, many.rows) == (count, 10 * count)
        for each in (some, many):
            pace, grown = each.rows / each.seconds, each.peak - each.before
            print(f"  {form}: {each.rows:,} rows, {pace:,.0f} a second, peak {each.peak:.0f} MiB ({grown:+.0f})")
        print(f"  {form}: {many.peak / some.peak:.2f} times the memory (target: at most {TARGET})")


def prepare(sizes: dict[str, int]) -> str:
    """Makes the rows, by cluster; returns a token."""
    from django.contrib.auth.models import User  # noqa: PLC0415 - needs Django set up, as the others do.

    from diagnostics.models import Cluster  # noqa: PLC0415
    from diagnostics.operations import tokens  # noqa: PLC0415

    for name, size in sizes.items():
        fill(Cluster.objects.create(name=name), size)
    _, shown = tokens.create(User.objects.create_user("bench"), "bench", ["read"], datetime.now(UTC))
    return shown


def fill(cluster: object, size: int) -> None:
    """Stores diagnoses with verdicts of some 2 kB."""
    import msgspec  # noqa: PLC0415 - as above

    from diagnostics.models import Diagnosis  # noqa: PLC0415
    from tests.web.rows import a_verdict  # noqa: PLC0415

    verdict = a_verdict(first_seen=NOW - timedelta(hours=1))
    body = msgspec.to_builtins(verdict)
    columns = {
        name: body[name] for name in ("code", "confidence", "namespace", "container", "summary", "pods_affected")
    }
    times = {"first_seen": NOW - timedelta(hours=1), "last_seen": NOW, "opened_at": NOW}
    named = {"cluster": cluster, "severity": 3, "workload_kind": "Deployment", "verdict": body}
    for start in range(0, size, BATCH):
        Diagnosis.objects.bulk_create(
            Diagnosis(**named, **columns, **times, workload_name=f"w{n}", fingerprint=f"f{n}")
            for n in range(start, min(start + BATCH, size))
        )


def export(token: str, form: str, cluster: str) -> Export:
    """Reads one export whole."""
    with web_process() as (process, port):
        before = memory(process, "VmRSS")
        started = time.perf_counter()
        rows = lines(port, f"/api/v1/export/diagnoses.{form}?{urlencode({'cluster': cluster})}", token)
        seconds = time.perf_counter() - started
        return Export(rows - (form == "csv"), seconds, before, memory(process, "VmHWM"))


def lines(port: int, address: str, token: str) -> int:
    """How many lines an answer has; of the answer no more than a piece is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    found = 0
    while piece := answer.read(PIECE):
        found += piece.count(b"\n")
    connection.close()
    return found


@contextmanager
def web_process() -> Iterator[tuple[int, int]]:
    """The pid and port of a web process as `manage.py up` starts it."""
    from tests.servers import free_port, wait_for  # noqa: PLC0415 - as above

    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--port", str(port), "--lifespan", "off"]
    with subprocess.Popen([*command, "--log-level", "error", "--no-access-log"]) as process:
        try:
            wait_for(lambda: answers(port), "the web process")
            yield process.pid, port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Whether the process serves."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def memory(process: int, field: str) -> float:
    """MiB, from /proc."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


if __name__ == "__main__":
    with migrated() as vendor:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, vendor)
