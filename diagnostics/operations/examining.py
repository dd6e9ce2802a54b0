"""Examines whether a cluster can be read before it is added, and why one cannot: bounded in time, and storing nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread

from diagnostics.kube import examining
from diagnostics.kube.access import Access
from diagnostics.kube.errors import ReadFailed
from diagnostics.kube.examining import Right, Stage, Step
from diagnostics.kube.health import cluster_uid
from diagnostics.kube.pacing import Pacing
from diagnostics.operations import ways
from diagnostics.operations.ways import Way

LONGEST = 20.0  # Seconds for all of it, and
READING = 15.0  # for its requests.


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found: the steps up to the first that failed, and the rights, if the way to them is free.

    `failure` says why the credentials could not even be read, or that it took too long; `identity` is the UID of
    kube-system, if it may be read.
    """

    steps: Sequence[Step] = ()
    rights: Sequence[Right] = ()
    failure: str = ""
    seconds: float = 0.0
    identity: str = ""

    @property
    def readable(self) -> bool:
        """Whether pods can be listed somewhere: less is no use."""
        return examining.readable(self.rights)


def examine(way: Way, namespaces: Sequence[str] = ()) -> Examination:
    """Goes the way and tries every right, in some namespaces or in all."""
    found: Future[Examination] = Future()

    def run() -> None:
        try:
            found.set_result(_examined(way, namespaces))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for.
            found.set_exception(error)

    # A thread that is left alone when the time is up: the resolver of names knows no time-out.
    Thread(target=run, name="examination", daemon=True).start()
    try:
        return found.result(timeout=LONGEST)
    except TimeoutError:
        said = f"The test took longer than {LONGEST:.0f} s. Names that resolve slowly, or a firewall, may be the cause."
        return Examination(failure=said, seconds=LONGEST)


def _examined(way: Way, namespaces: Sequence[str]) -> Examination:
    began = time.monotonic()
    try:
        with ways.opened(way, budget=READING, pacing=Pacing(attempts=1)) as access:
            steps = list(examining.way(access, ways.may_ask if way.document else _anywhere))
            passed = steps[-1].passed and steps[-1].stage is Stage.VERSION
            rights = examining.rights(access, namespaces) if passed else []
            identity = _identity(access) if passed else ""
    except ReadFailed as failure:
        return Examination(failure=str(failure), seconds=time.monotonic() - began)
    return Examination(steps, rights, "", time.monotonic() - began, identity)


def _anywhere(address: str, port: int) -> None:
    """The kubeconfig of this server is its operator's: it leads where it leads."""


def _identity(access: Access) -> str:
    try:
        return cluster_uid(access)
    except ReadFailed:  # It only tells whether the cluster is watched already.
        return ""
