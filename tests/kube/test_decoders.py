"""Types are worked out by one thread at a time, whoever asks first."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from diagnostics.kube.decoders import convert, decoder
from diagnostics.snapshot.pods import LeanPod, Pod
from diagnostics.snapshot.objects import Workload

sys.setswitchinterval(1e-6)
start, types, found = threading.Barrier(24), (Pod, Workload, LeanPod), []

def first(number):
    start.wait()
    use = decoder(types[number % 3]).decode if number % 2 else lambda raw: convert({"metadata": {}}, types[number % 3])
    found.append(use(b'{"metadata": {"name": "x"}, "spec": {}, "status": {}}'))

threads = [threading.Thread(target=first, args=(number,)) for number in range(24)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(len(found) != 24)
"""


def test_many_threads_may_want_a_type_at_once() -> None:
    """In a process of its own, for without the lock it dies of a segmentation fault, nearly every time."""
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", RACE], check=False).returncode == 0
