"""A storm: every pod of a cluster fails at once. `python -m bench.storm [PODS]` prints time and memory of the first look."""

from __future__ import annotations

import resource
import sys
import threading
import time

from bench.database import migrated
from bench.following import living

TARGET = 400  # MiB at 50,000 pods.


def measure(pods: int) -> None:
    """Measures and prints."""
    from diagnostics.models import Cluster, Diagnosis, Run  # noqa: PLC0415 - needs Django set up, as the other does.
    from diagnostics.operations import watching  # noqa: PLC0415

    before = _peak()
    with living(pods, "--failing-every", "1") as (kubeconfig, _, _):
        cluster = Cluster.objects.create(name="bench", context="bench", kubeconfig=str(kubeconfig))
        stopping, started = threading.Event(), time.perf_counter()
        watcher = threading.Thread(target=watching.follow, args=(cluster.pk, stopping))
        watcher.start()
        while not Run.objects.exists():
            time.sleep(0.1)
        took = time.perf_counter() - started
        stopping.set()
        watcher.join()
    opened = Diagnosis.objects.count()
    print(f"{pods:,} failing pods: judged and stored in {took:.0f} s, {opened:,} diagnoses opened by then")
    print(f"  peak memory {_peak():.0f} MiB, {before:.0f} of it before (target: {TARGET} at 50,000)")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    with migrated():
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
