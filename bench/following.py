"""Following a cluster against listing it again and again: CPU of half a minute of each, and memory.

`python -m bench.following [PODS]` prints the sweep, then half a minute of watching at several paces of change. One per
cent of the pods a minute is the pace that the ratio is given for.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bench.database import migrated

HALF_A_MINUTE = 30.0


@contextmanager
def living(pods: int, *options: str) -> Iterator[tuple[Path, IO[str], IO[str]]]:
    """A served cluster: its kubeconfig, and the pipes to and from it."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder, "kubeconfig")
        command = [sys.executable, "-m", "bench.living", "--pods", str(pods), *options, str(kubeconfig)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin
            assert server.stdout
            server.stdout.readline()
            try:
                yield kubeconfig, server.stdin, server.stdout
            finally:
                server.kill()


def measure(pods: int) -> None:
    """Measures and prints."""
    from diagnostics.kube.access import load  # noqa: PLC0415 - needs Django set up, as the others do.
    from diagnostics.kube.collect import Scope, sweep  # noqa: PLC0415
    from diagnostics.models import Cluster, Run  # noqa: PLC0415
    from diagnostics.operations import watching  # noqa: PLC0415

    with living(pods) as (kubeconfig, tell, told):
        with load(str(kubeconfig)) as access:
            listing = _cpu(lambda: sweep(access, Scope(), suspicious=lambda *_: False))
        cluster, stopping = (
            Cluster.objects.create(name="bench", context="bench", kubeconfig=str(kubeconfig)),
            threading.Event(),
        )
        started = time.process_time()
        watcher = threading.Thread(target=watching.follow, args=(cluster.pk, stopping))
        watcher.start()
        while not Run.objects.exists():
            time.sleep(0.05)
        swept = time.process_time() - started
        print(
            f"{pods:,} pods, one in fifty failing: sweep, judge and store {swept:.2f} s CPU; a list alone {listing:.2f} s"
        )
        for rate in (0.0, pods / 6_000, pods / 600):
            tell.write(f"{rate}\n")
            tell.flush()
            told.readline()
            time.sleep(2.0)
            spent = _cpu(lambda: time.sleep(HALF_A_MINUTE))
            share = 100 * spent / listing
            print(
                f"  {rate:6.1f} changes a second: {spent:.3f} s CPU in half a minute, {share:.1f} % of listing once in it"
            )
        stopping.set()
        watcher.join()
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (target: 150)")


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    with migrated():
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
