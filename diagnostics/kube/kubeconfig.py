"""Kubeconfig files: which ones count, what they say together, and the one context that is asked for.

The official client's own merger is not used: where several files name a current context its last one wins (kubectl's
first), a missing file passes silently, and a broken one ends in a traceback. Authentication itself is the client's
business, see `credentials`. Source: kubernetes.io, "Organizing Cluster Access Using kubeconfig Files".
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from diagnostics.kube.decoders import convert
from diagnostics.kube.errors import ConfigurationError

# The parser in C is ten times faster; not every PyYAML has it.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEFAULT_FILE = "~/.kube/config"
DEFAULT_NAMESPACE = "default"
# Fields that name files, relative to the kubeconfig that they stand in.
_CLUSTER_FILES = ("certificate-authority",)
_USER_FILES = ("client-certificate", "client-key", "tokenFile")


class ContextFields(msgspec.Struct, frozen=True):
    """`contexts[].context`."""

    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class NamedContext(msgspec.Struct, frozen=True):
    """`contexts[]`."""

    name: str
    context: ContextFields | None = None


class NamedCluster(msgspec.Struct, frozen=True):
    """`clusters[]`; its fields are the client's to read."""

    name: str
    cluster: dict[str, Any] | None = None


class NamedUser(msgspec.Struct, frozen=True):
    """`users[]`; its fields are the client's to read."""

    name: str
    user: dict[str, Any] | None = None


class File(msgspec.Struct, frozen=True, rename="kebab"):
    """One kubeconfig file."""

    current_context: str | None = None
    contexts: tuple[NamedContext, ...] | None = None
    clusters: tuple[NamedCluster, ...] | None = None
    users: tuple[NamedUser, ...] | None = None


@dataclass(frozen=True, slots=True)
class ContextInfo:
    """A context as a list of them shows it."""

    name: str
    namespace: str
    server: str
    user: str
    current: bool


@dataclass(frozen=True, slots=True)
class Context:
    """One context with the raw fields of its cluster and user, the files in them made absolute."""

    name: str
    namespace: str
    cluster: dict[str, Any]
    user: dict[str, Any]

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self.cluster["server"]).rstrip("/")


@dataclass(slots=True)
class Kubeconfig:
    """Several files as one: for each name the first file that has it wins, as it does for kubectl."""

    source: str
    current: str = ""
    contexts: dict[str, ContextFields] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)

    def context(self, name: str | None) -> Context:
        """The context of that name, or the current one. Raises ConfigurationError when something it names is missing."""
        chosen = name or self.current
        if not chosen:
            known = ", ".join(sorted(self.contexts)) or "none"
            raise ConfigurationError(f"{self.source} has no current context.", f"Name one of its contexts: {known}.")
        context = self._named("context", self.contexts, chosen)
        cluster = self._named("cluster", self.clusters, context.cluster)
        if not _is_address(cluster.get("server")):
            raise ConfigurationError(
                f"Cluster {context.cluster!r} in {self.source} has no address of a server.", "It begins with https://."
            )
        user = self._named("user", self.users, context.user) if context.user else {}
        return Context(chosen, context.namespace or DEFAULT_NAMESPACE, cluster, user)

    def list(self) -> tuple[ContextInfo, ...]:
        """Every context, in the files' order."""
        return tuple(
            ContextInfo(
                name=name,
                namespace=context.namespace or DEFAULT_NAMESPACE,
                server=str(self.clusters.get(context.cluster, {}).get("server", "")),
                user=context.user,
                current=name == self.current,
            )
            for name, context in self.contexts.items()
        )

    def add(self, file: File, folder: Path) -> None:
        """Merges the next file in."""
        self.current = self.current or file.current_context or ""
        for named_context in file.contexts or ():
            self.contexts.setdefault(named_context.name, named_context.context or ContextFields())
        for cluster in file.clusters or ():
            self.clusters.setdefault(cluster.name, _absolute(cluster.cluster or {}, _CLUSTER_FILES, folder))
        for user in file.users or ():
            self.users.setdefault(user.name, _with_plugin_path(_absolute(user.user or {}, _USER_FILES, folder), folder))

    def _named(self, kind: str, known: Mapping[str, Any], name: str) -> Any:
        if name in known:
            return known[name]
        near = difflib.get_close_matches(name, known, n=3) or sorted(known)[:5]
        hint = f"Did you mean {_either(near)}?" if near else f"It names no {kind} at all."
        raise ConfigurationError(f"{self.source} has no {kind} {name!r}.", hint)


def load(paths: Iterable[Path]) -> Kubeconfig:
    """Reads and merges files. Raises ConfigurationError for one that cannot be read or is no kubeconfig."""
    files = tuple(paths)
    merged = Kubeconfig(source=" and ".join(map(str, files)))
    for path in files:
        merged.add(_read(path), path.resolve().parent)
    return merged


def files(kubeconfig: str | None, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The files that count: the one given, else those of $KUBECONFIG that exist, else ~/.kube/config if it exists.

    None at all means that no kubeconfig was named or found. Raises ConfigurationError when those named do not exist.
    """
    if kubeconfig:
        return _existing((kubeconfig,), "Put one there, or correct the path.")
    named = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if named:
        return _existing(named, "Correct KUBECONFIG.")
    default = Path(DEFAULT_FILE).expanduser()
    return (default,) if default.is_file() else ()


def _existing(named: Iterable[str], hint: str) -> tuple[Path, ...]:
    paths = [Path(part).expanduser() for part in named]
    found = tuple(path for path in paths if path.exists())
    if not found:
        missing = ", ".join(map(str, paths))
        raise ConfigurationError(f"There is no kubeconfig at {missing}.", hint)
    return found


def _read(path: Path) -> File:
    try:
        parsed = yaml.load(path.read_bytes(), Loader=LOADER)  # noqa: S506 - it is a safe loader.
        return convert(parsed if parsed is not None else {}, File)
    except OSError as error:
        raise ConfigurationError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"The kubeconfig {path} is not YAML: {place(error)}.") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path} is no kubeconfig: {error}.") from error


def place(error: yaml.YAMLError) -> str:
    """Where a text stops to be YAML, and why; nothing is quoted from it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]


def _is_address(server: object) -> bool:
    try:
        address = urlsplit(str(server))
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return False


def _absolute(fields: dict[str, Any], names: Iterable[str], folder: Path) -> dict[str, Any]:
    files = {name: str(folder / fields[name]) for name in names if isinstance(fields.get(name), str) and fields[name]}
    return fields | files


def _with_plugin_path(user: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A plugin named with a slash is looked for beside the kubeconfig, one without on the PATH, as kubectl does."""
    plugin = user.get("exec")
    if not isinstance(plugin, dict) or os.sep not in str(plugin.get("command", "")):
        return user
    return user | {"exec": plugin | {"command": str(folder / plugin["command"])}}


def _either(names: Iterable[str]) -> str:
    return " or ".join(repr(name) for name in names)
