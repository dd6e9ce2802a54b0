"""`scan -A` against its peers: whole processes, side by side, in one run.

`python -m bench.scan [PODS]` prints seconds, CPU, peak memory and each peer's ratio to the scan.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Cost, best

PEERS = {
    "kubectl get pods -A": (["kubectl", "get", "pods", "-A"], 1.0),
    "kubectl get pods -A -o json": (["kubectl", "get", "pods", "-A", "-o", "json"], 0.2),
    "official client, typed list": ([sys.executable, "-m", "bench.typed_client"], 0.2),
}
SCAN = [sys.executable, "manage.py", "scan", "-A", "-o", "json"]
MEMORY_TARGET = 120


@contextmanager
def cluster(pods: int) -> Iterator[dict[str, str]]:
    """A server of so many pods; yields the environment in which it is the current cluster."""
    command = [sys.executable, "-m", "bench.server", "--pods", str(pods)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            address = server.stdout.readline().strip()  # type: ignore[union-attr]  # It is a pipe.
            kubeconfig = Path(folder, "kubeconfig")
            kubeconfig.write_text(json.dumps(_kubeconfig(address)))
            yield {"KUBECONFIG": str(kubeconfig), "HOME": folder}
        finally:
            server.terminate()


def _kubeconfig(address: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": {"server": address}}],
        "users": [{"name": "bench", "user": {}}],
    }


def report(pods: int) -> None:
    """Measures scan and its peers against one server and prints the table."""
    with cluster(pods) as env:
        scan = best(SCAN, env)
        _print(f"scan -A, {pods:,} pods", scan, f"target: at most {MEMORY_TARGET} MiB")
        for name, (command, target) in PEERS.items():
            if shutil.which(command[0]) is None:
                print(f"{name:<32} not installed")
                continue
            peer = best(command, env)
            _print(name, peer, f"scan uses {scan.cpu / peer.cpu:.2f} of its CPU (target {target})")


def _print(name: str, cost: Cost, remark: str) -> None:
    print(f"{name:<32} {cost.wall:6.2f} s  CPU {cost.cpu:6.2f} s  {cost.rss:6.0f} MiB  {remark}")


if __name__ == "__main__":
    report(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
