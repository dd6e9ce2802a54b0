"""The processes of an embedded start: Redis, the demo cluster, the web, workers and beat, as programs in stages."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace

from dashboard.environment import PROJECT, Environment
from dashboard.supervisor.preflight import redis_server
from dashboard.supervisor.probes import http_answers, redis_answers
from dashboard.supervisor.program import Program
from dashboard.supervisor.watched import Demo, Watched
from dashboard.values import Address

PYTHON = sys.executable
# Following a cluster is waiting for it, so that each is one thread of one process; the rest is work for processes.
WORKERS = {"watch": ("threads", 256), "rest": ("prefork", 1)}  # Queue to pool and size.


def stages(environment: Environment, watched: Watched) -> list[list[Program]]:
    """What is started together; each stage needs the one before."""
    first = [redis(environment)] if environment.embedded else []
    second = [demo_cluster(watched.demo)] if watched.demo else []
    third = [web(environment), *(worker(queue) for queue in WORKERS), beat()]
    return [[_here(program, watched) for program in stage] for stage in (first, second, third) if stage]


def redis(environment: Environment) -> Program:
    """A private Redis on a unix socket.

    It writes what it holds to a file, so that a killed one comes back with the groups of the open browsers; the file
    is thrown away at each start of ours, for nothing in it is meant to outlive the processes.
    """
    store = environment.data_dir / "redis"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(mode=0o700)
    options = {
        "port": "0",
        "unixsocket": environment.redis.socket,
        "unixsocketperm": "700",
        "dir": str(store),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return Program(
        name="redis",
        command=(redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))),
        is_ready=redis_answers(environment.redis.socket),
        shown=False,  # It remarks on the kernel's settings at every start.
    )


def demo_cluster(demo: Demo) -> Program:
    """The Kubernetes API of the demo cluster."""
    command = (PYTHON, "manage.py", "democluster", "--port", str(demo.port), "--kubeconfig", str(demo.kubeconfig))
    ready = http_answers(Address("127.0.0.1", demo.port), "/readyz")
    return Program(name="demo", command=command, is_ready=ready, shown=False)


def web(environment: Environment) -> Program:
    """Pages and sockets."""
    address = environment.address
    command = (
        *(PYTHON, "-m", "uvicorn", "dashboard.asgi:application", "--host", address.host, "--port", str(address.port)),
        *("--lifespan", "off", "--log-level", "warning", "--no-access-log", "--no-server-header"),
        *("--ws-max-size", "65536", "--timeout-graceful-shutdown", "5"),
    )
    return Program(name="web", command=command, is_ready=http_answers(address.reachable, "/healthz"))


def worker(queue: str) -> Program:
    """A Celery worker that empties one queue. On SIGTERM it ends its slices, and lets everything else that runs finish."""
    pool, size = WORKERS[queue]
    return Program(
        name=queue,
        command=(
            *(PYTHON, "-m", "celery", "--app", "dashboard.celery", "--quiet", "worker", "--loglevel", "WARNING"),
            *("--queues", queue, "--hostname", f"{queue}@%h", "--pool", pool, "--concurrency", str(size)),
            *("--without-gossip", "--without-mingle"),
        ),
        # Root is dangerous for those who accept pickles; we accept JSON alone.
        environment={"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"},
    )


def beat() -> Program:
    """The clock: it sends `tick`."""
    command = (PYTHON, "-m", "celery", "--app", "dashboard.celery", "--quiet", "beat", "--loglevel", "WARNING")
    return Program(name="beat", command=command)


def _here(program: Program, watched: Watched) -> Program:
    return replace(program, directory=PROJECT, environment={**program.environment, **watched.variables})
