"""Recording many diagnoses: one batch against a get() and a save() for each, and against a save() alone.

`python -m bench.recording [DIAGNOSES]` prints microseconds a diagnosis and the ratios, on the database of
`DATABASE_URL`, else on a SQLite file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.database import migrated

ONE_BY_ONE = 2_000  # How many are measured one by one; it takes long, and every one costs the same.
TARGET = 8
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def measure(count: int, vendor: str) -> None:
    """Measures and prints."""
    from django.db import transaction  # noqa: PLC0415 - needs Django set up, as the others do.

    from diagnostics.engine.verdict import Judgement  # noqa: PLC0415
    from diagnostics.models import Cluster, Diagnosis  # noqa: PLC0415
    from diagnostics.operations import lifecycle  # noqa: PLC0415
    from diagnostics.operations.recording import record  # noqa: PLC0415
    from tests.operations.building import verdict  # noqa: PLC0415

    cluster = Cluster.objects.create(name="bench")

    def judgement(restarts: int) -> Judgement:
        found = (verdict(name=f"w{n}", namespace=f"ns-{n % 50}", restarts=restarts) for n in range(count))
        return Judgement(verdicts=tuple(found))

    def in_one_batch(restarts: int) -> None:
        with transaction.atomic():
            record(cluster, judgement(restarts), NOW + restarts * timedelta(minutes=1))

    def one_by_one() -> None:
        for found in judgement(2).verdicts[:ONE_BY_ONE]:
            row = Diagnosis.objects.get(cluster=cluster, fingerprint=found.fingerprint)
            lifecycle.seen(row, found, NOW)
            row.save()

    def saved_alone() -> None:
        for row in rows:
            row.save()

    opened = _per_row(count, lambda: in_one_batch(0))
    changed = _per_row(count, lambda: in_one_batch(1))
    rows = list(Diagnosis.objects.all()[:ONE_BY_ONE])
    alone = _per_row(len(rows), saved_alone)
    each = _per_row(len(rows), one_by_one)
    print(f"recording {count:,} diagnoses on {vendor}, us each: opened {opened:.0f}, changed {changed:.0f}")
    print(f"  get() and save() each: {each:.0f}, {each / changed:.1f} times as long (target: at least {TARGET})")
    print(f"  save() of rows at hand: {alone:.0f}, {alone / changed:.1f} times as long")
    cluster.delete()


def _per_row(count: int, work: Callable[[], None]) -> float:
    """Microseconds of wall-clock time a row."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) / count * 1e6


if __name__ == "__main__":
    with migrated() as vendor:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, vendor)
