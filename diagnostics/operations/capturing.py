"""One namespace saved as a fixture folder: what a sweep and its closer look could read of it, redacted, as files.

The folder is what `manage.py democluster --from` serves and what the tests of the rules load: `<resource>.json`, one
object a line, `namespace.json`, `logs/`, `cluster/` for what belongs to no namespace, `captured-at.txt`, and
`unavailable.json` for what could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from diagnostics.engine import EVER, suspicious
from diagnostics.kube import logs, redact
from diagnostics.kube.access import Access
from diagnostics.kube.answers import Response
from diagnostics.kube.collect import redacted_object
from diagnostics.kube.errors import UNDECODABLE, FailureKind, ReadFailed
from diagnostics.kube.lists import decoded, pages
from diagnostics.kube.resources import BY_NAME, LOGS, PODS, RESOURCES, Resource, When, log_path
from diagnostics.snapshot.cluster import Malformed, Unavailable
from diagnostics.snapshot.pods import LeanPod

# More than a scan reads, so that a rule that would look further back can be written from what was captured.
TAIL_LINES = 1000
MOST_CONTAINERS = 200
# What the API server answers where there is no log: never ran, the pod is gone, the node does not answer.
_NO_LOG = (400, 404, 500)
_CONFIG_MAPS = BY_NAME["configmaps"]
_NAMESPACES = BY_NAME["namespaces"]
# The names of objects become names of files: nothing else may.
_NAME = re.compile(r"[a-z0-9][-.a-z0-9]*")


class FolderInUse(Exception):
    """Where the capture should go there is something already; its text says where."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What was saved: how many objects and logs, and what could not be read."""

    objects: int
    logs: int
    unavailable: tuple[Unavailable, ...]


def capture(access: Access, namespace: str, folder: Path, progress: Callable[[str], None] = lambda _: None) -> Capture:
    """Saves a namespace in a folder, which is made and must not hold anything yet.

    Raises FolderInUse; and ReadFailed, with nothing written, when there is no such namespace or its pods cannot be
    read. Secrets are not read, values of ConfigMaps are not kept, and logs are read of suspicious pods only.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FolderInUse(f"{folder} exists and is not an empty folder.")
    writing = _Writing(access, namespace, folder, progress)
    described = writing.described()
    pods = _read(access, PODS, namespace)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if described:
        writing.write("namespace.json", described)
    writing.write("captured-at.txt", f"{pods.at:%Y-%m-%dT%H:%M:%SZ}\n".encode())
    writing.save(PODS, pods)
    writing.save_others()
    writing.save_logs(pods)
    return writing.done()


@dataclass(frozen=True, slots=True)
class _List:
    """A whole list: its items redacted, and the API server's time."""

    kind: str
    items: list[msgspec.Raw]
    at: datetime


def _read(access: Access, resource: Resource, namespace: str | None) -> _List:
    fit = _without_values if resource is _CONFIG_MAPS else redacted_object
    kind, at, items = "", datetime.now(UTC), list[msgspec.Raw]()
    for page in pages(access, resource, namespace):
        kind, at = page.kind, page.date or at
        items.extend(map(fit, page.items))
    return _List(kind, items, at)


def _without_values(config_map: msgspec.Raw) -> msgspec.Raw:
    """A ConfigMap of which only the keys are kept."""
    found = redact.pod_object(msgspec.json.decode(config_map))
    emptied = {part: dict.fromkeys(found[part] or (), "") for part in ("data", "binaryData") if part in found}
    return msgspec.Raw(msgspec.json.encode(found | emptied))


@dataclass(slots=True)
class _Writing:
    """A capture under way."""

    access: Access
    namespace: str
    folder: Path
    progress: Callable[[str], None]
    objects: int = 0
    logs: int = 0
    gaps: dict[tuple[str, str], Unavailable] = field(default_factory=dict)  # by resource and kind of failure

    def write(self, name: str, content: bytes) -> None:
        """Writes one file below the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def described(self) -> bytes | None:
        """The namespace itself; None where it may not be read. Raises ReadFailed when there is none."""
        try:
            answer = self.access.get(f"{_NAMESPACES.path()}/{quote(self.namespace, safe='')}")
        except ReadFailed as failure:
            if failure.kind is FailureKind.NOT_FOUND:
                raise
            self._note(_NAMESPACES.name, None, failure)
            return None
        return bytes(redacted_object(msgspec.Raw(answer.data)))

    def save(self, resource: Resource, found: _List) -> None:
        """Writes a list, one object a line."""
        api_version = f"{resource.group}/{resource.version}".lstrip("/")
        head = msgspec.json.encode({"kind": found.kind, "apiVersion": api_version})[:-1]
        lines = b",\n".join(map(bytes, found.items))
        name = f"{resource.name}.json" if resource.namespaced else f"cluster/{resource.name}.json"
        self.write(name, head + b',"items":[\n' + lines + b"\n]}\n")
        self.objects += len(found.items)

    def save_others(self) -> None:
        """Everything but the pods, as far as it may be read."""
        for resource in filter(self._is_captured, RESOURCES):
            place = self.namespace if resource.namespaced else None
            self.progress(f"{self.objects:,} objects saved: reading {resource.name}")
            try:
                self.save(resource, _read(self.access, resource, place))
            except ReadFailed as failure:
                self._note(resource.name, place, failure)
        try:
            self.write("cluster/version.json", self.access.get("/version").data)
        except ReadFailed as failure:
            self._note("/version", None, failure)

    def _is_captured(self, resource: Resource) -> bool:
        """Not what is opted in, of other namespaces than this, or the other namespaces themselves."""
        return (
            resource not in (PODS, _NAMESPACES)
            and resource.when is not When.OPTED_IN
            and resource.only_in in (None, self.namespace)
        )

    def save_logs(self, pods: _List) -> None:
        """The logs of suspicious pods, of the current run and of the one before."""
        containers = list(_suspicious_containers(pods))
        for pod, container in containers[:MOST_CONTAINERS]:
            self.progress(f"{self.objects:,} objects saved: reading the logs of {pod}")
            for run in ("current", "previous"):
                try:
                    self._save_log(pod, container, run)
                except ReadFailed as failure:
                    self._note(LOGS, self.namespace, failure)
                    if failure.kind is FailureKind.FORBIDDEN:  # As for this log, so for all of the namespace.
                        return
        if left := containers[MOST_CONTAINERS:]:
            error = f"not read: those of {len(left)} containers, beyond the first {MOST_CONTAINERS}"
            self.gaps[LOGS, error] = Unavailable(resource=LOGS, namespace=self.namespace, error=error)

    def _save_log(self, pod: str, container: str, run: str) -> None:
        params = {
            "container": container,
            "previous": "true" if run == "previous" else "false",
            "tailLines": str(TAIL_LINES),
            "timestamps": "true",
        }
        path = log_path(self.namespace, pod)
        answer = self.access.get(path, params, accept="*/*", timeout=logs.TIMEOUT, answers=_NO_LOG)
        ending, content = _log_file(answer)
        self.write(f"logs/{pod}.{container}.{run}.{ending}", content)
        self.logs += ending == "txt"

    def _note(self, resource: str, namespace: str | None, failure: ReadFailed) -> None:
        self.gaps[resource, failure.kind.value] = Unavailable(
            resource=resource, namespace=namespace, error=failure.kind.value, grant=failure.grant
        )

    def done(self) -> Capture:
        """Writes down what could not be read."""
        gaps = tuple(self.gaps.values())
        if gaps:
            self.write("unavailable.json", msgspec.json.format(msgspec.json.encode(gaps)) + b"\n")
        return Capture(self.objects, self.logs, gaps)


def _suspicious_containers(pods: _List) -> Iterator[tuple[str, str]]:
    """The pods and containers that a closer look would be taken at, whenever they last restarted."""
    malformed: list[Malformed] = []
    for _, pod in decoded(PODS, pods.items, LeanPod, malformed):
        if suspicious(pod, pods.at, restarted_within=EVER):
            for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
                if _NAME.fullmatch(pod.metadata.name) and _NAME.fullmatch(status.name):
                    yield pod.metadata.name, status.name


def _log_file(answer: Response) -> tuple[str, bytes]:
    """How the file of an answer ends, and its redacted content: a log, a Status that says why there is none, nothing."""
    if answer.status == 200:
        return "txt", _redacted_log(answer.data)
    try:
        status: dict[str, Any] = msgspec.json.decode(answer.data, type=dict[str, Any])
    except UNDECODABLE:  # Nothing (204).
        return "http204", b""
    return "error.json", msgspec.json.encode(redact.pod_object(status))


def _redacted_log(body: bytes) -> bytes:
    """The end of a log, cleaned as before judging, each line with the timestamp that it came with."""
    lines = logs.clean([body])
    stamps = [_stamp(line) for line in body.removesuffix(b"\n").split(b"\n")]
    return _joined(stamps[-len(lines) :], lines) if lines else b""


def _stamp(line: bytes) -> bytes:
    found = logs.TIMESTAMP.match(line)
    return found.group() if found else b""


def _joined(stamps: Iterable[bytes], lines: Iterable[str]) -> bytes:
    return b"".join(stamp + line.encode() + b"\n" for stamp, line in zip(stamps, lines, strict=True))
