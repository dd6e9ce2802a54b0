"""Where the story plays: the store and the logs, with what every actor needs to change them."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.demo.life.clockwork import Clockwork, Exit
from diagnostics.demo.logs import Logs
from diagnostics.demo.resources import Json
from diagnostics.demo.store import Store
from diagnostics.demo.times import instant

# What Kubernetes makes names of: no vowels, so that no words come out.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Crash:
    """A container that ends by itself: after how many seconds, how, and what it writes before."""

    exit_code: int
    lines: tuple[str, ...]
    reason: str = "Error"
    runs: float = 2.0


@dataclass(frozen=True, slots=True)
class NoImage:
    """An image whose tag the registry does not know."""


@dataclass(frozen=True, slots=True)
class Release:
    """What differs between two versions of an application, and what is wrong with this one."""

    image: str
    env: tuple[tuple[str, str], ...] = ()
    memory: str = ""  # The limit, blank for none.
    fault: Crash | NoImage | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A Deployment of the story. `node` is the one that its pods fit on; with `gpu` they ask for one."""

    namespace: str
    name: str
    container: str
    replicas: int
    port: int = 8080
    node: str = "lab-node-1"
    gpu: bool = False


@dataclass(frozen=True, slots=True)
class PodRef:
    """One pod of an application."""

    app: Application
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.app.namespace, self.name


class Stage:
    """The cluster as the actors see it. The same seed gives the same names."""

    def __init__(self, store: Store, logs: Logs, start: datetime, seed: str) -> None:
        self.store = store
        self.logs = logs
        self.touched: set[Application] = set()  # Whose pods changed since the controllers last looked.
        self.clock = Clockwork(start)
        self._seed = seed
        self._made = itertools.count()

    @property
    def now(self) -> datetime:
        """The moment that is being played."""
        return self.clock.now

    @property
    def stamp(self) -> str:
        """Now, as objects carry it."""
        return instant(self.now)

    def later(self, seconds: float) -> str:
        """So many seconds from now, as objects carry it."""
        return instant(self.now + timedelta(seconds=seconds))

    def digest(self) -> str:
        """64 hexadecimal digits that come once."""
        return hashlib.sha256(f"{self._seed}/{next(self._made)}".encode()).hexdigest()

    def uid(self) -> str:
        """A uid that comes once."""
        return str(uuid.UUID(self.digest()[:32], version=4))

    def suffix(self) -> str:
        """The five characters at the end of a pod's name."""
        return encoded(self.digest(), 5)

    def address(self) -> str:
        """An address of the pod network."""
        number = int(self.digest()[:4], 16)
        return f"10.244.{1 + number % 3}.{2 + number // 3 % 250}"

    def pod(self, ref: PodRef) -> Json:
        """A pod that is there and not on its way out; raises Exit otherwise."""
        found = self.store.get("pods", *ref.key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            raise Exit
        return found

    def edit_pod(self, ref: PodRef, edit: Callable[[Json], None]) -> Json:
        """Changes such a pod; its controllers will look at it."""
        self.pod(ref)
        self.touched.add(ref.app)
        return self.store.modify("pods", *ref.key, edit)

    def node(self, name: str) -> Json:
        """A node; raises Exit if there is none of that name."""
        found = self.store.get("nodes", "", name)
        if found is None:
            raise Exit
        return found

    def is_ready(self, node: str) -> bool:
        """Whether a node's kubelet posts that it is ready."""
        return condition(self.node(node)["status"], "Ready").get("status") == "True"


def encoded(digest: str, length: int) -> str:
    """Hexadecimal digits in the characters that Kubernetes makes names of."""
    number = int(digest, 16)
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(length))


def condition(status: Json, type_: str) -> Json:
    """One of an object's conditions; empty if it has none of that type."""
    return next((each for each in status.get("conditions", ()) if each["type"] == type_), {})


def set_condition(status: Json, at: str, type_: str, value: str, **said: str) -> None:
    """Sets a condition as controllers do: its transition time moves only with its status."""
    kept = condition(status, type_)
    conditions = status.setdefault("conditions", [])
    fresh: Json = {"type": type_, "status": value, "lastTransitionTime": at, **said}
    if kept.get("status") == value:
        fresh["lastTransitionTime"] = kept["lastTransitionTime"]
    if kept:
        conditions[conditions.index(kept)] = fresh
    else:
        conditions.append(fresh)
