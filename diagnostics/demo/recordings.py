"""Captured folders loaded: one folder a namespace, `cluster/` for what belongs to none, `logs/` beside the lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from diagnostics.demo.discovery import Documents
from diagnostics.demo.logs import Logs
from diagnostics.demo.resources import Json
from diagnostics.demo.store import Store
from diagnostics.demo.times import latest, shift

# Lists over all namespaces and other renderings of a list, whose objects are in the folders of the namespaces; answers
# that are no objects; and what a fixture says of itself.
_NOT_LOADED = (
    "all-*",
    "*.table.json",
    "*.partialmetadata.json",
    "*.aggregated.json",
    "events.events.k8s.io.json",
    "*-error.json",
    "unavailable.json",
    "expected.json",
    "truth.json",
)
# A log, the Status that came instead, or the mark of an empty answer.
_LOG_FILE = re.compile(
    r"(?P<pod>.+)\.(?P<container>[^.]+)\.(?P<run>current|previous)\.(?P<answer>txt|error\.json|http204)"
)


class NoRecording(Exception):
    """A folder that holds no captured objects; its text says what is missing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A captured cluster, ready to be served."""

    store: Store
    logs: Logs
    documents: Documents
    captured_at: datetime  # When it was captured; its objects say this of their present.


def load(folder: Path, *, now: datetime | None = None) -> Recording:
    """Loads a captured cluster, or one of its namespaces with the `cluster/` in or beside it.

    With `now`, every time in objects, messages and logs is moved so that the moment of capture is now. Raises
    NoRecording.
    """
    namespaces, cluster = _folders(folder)
    captured_at = _captured_at(folder, namespaces)
    by = timedelta() if now is None else timedelta(seconds=round((now - captured_at).total_seconds()))
    documents = Documents.read(cluster)
    store, logs = Store(documents.catalogue), Logs()
    for each in (cluster, *namespaces):
        _load_objects(store, each, by)
        _load_logs(logs, each, by)
    return Recording(store, logs, documents, captured_at)


def _folders(folder: Path) -> tuple[list[Path], Path]:
    """The folders of the namespaces, and that of the cluster, in a namespace's or beside it, which need not exist."""
    if _is_namespace(folder):
        own = folder / "cluster"
        return [folder], own if own.is_dir() else folder.parent / "cluster"
    namespaces = [each for each in sorted(folder.iterdir()) if _is_namespace(each)] if folder.is_dir() else []
    if not namespaces:
        raise NoRecording(f"{folder} holds no captured namespace: no folder in it has a namespace.json or pods.json")
    return namespaces, folder / "cluster"


def _is_namespace(folder: Path) -> bool:
    return (folder / "namespace.json").is_file() or (folder / "pods.json").is_file()


def _captured_at(folder: Path, namespaces: list[Path]) -> datetime:
    """What `captured-at.txt` says, there or in the parent folder; else the last thing that happened to a pod."""
    for place in (folder, folder.parent):
        note = place / "captured-at.txt"
        if note.is_file():
            return datetime.fromisoformat(note.read_text().strip())
    lists = (each / name for each in namespaces for name in ("pods.json", "events.json"))
    moments = [moment for path in lists if path.is_file() and (moment := latest(path.read_bytes()))]
    if not moments:
        raise NoRecording(f"{folder} has no captured-at.txt, and nothing in it says when it was captured")
    return max(moments)


def _load_objects(store: Store, folder: Path, by: timedelta) -> None:
    for path in sorted(folder.glob("*.json")):
        if any(path.match(pattern) for pattern in _NOT_LOADED):
            continue
        document = _document(path, by)
        kind, api_version = document.get("kind", ""), document.get("apiVersion", "")
        resource = store.catalogue.of_kind(api_version, kind.removesuffix("List"))
        if resource is not None:
            store.load(resource, _objects(document))


def _document(path: Path, by: timedelta) -> Json:
    try:
        return msgspec.json.decode(shift(path.read_bytes(), by), type=dict)
    except msgspec.MsgspecError as error:
        raise NoRecording(f"{path}: {error}") from error


def _objects(document: Json) -> Iterator[Json]:
    """The items of a list, or the object itself (`namespace.json`) without its kind, as the items of lists are."""
    if "items" in document:
        yield from document["items"] or ()
    elif "metadata" in document:
        yield {key: value for key, value in document.items() if key not in ("kind", "apiVersion")}


def _load_logs(logs: Logs, folder: Path, by: timedelta) -> None:
    namespace = _namespace_name(folder)
    for path in sorted((folder / "logs").glob("*")):
        found = _LOG_FILE.fullmatch(path.name)
        if found is None:
            continue
        run = (namespace, found["pod"], found["container"], found["run"] == "previous")
        if found["answer"] == "txt":
            logs.put(run, shift(path.read_bytes(), by))
        else:
            logs.refuse(run, path.read_bytes())


def _namespace_name(folder: Path) -> str:
    described = folder / "namespace.json"
    if not described.is_file():
        return folder.name
    return str(msgspec.json.decode(described.read_bytes())["metadata"]["name"])
