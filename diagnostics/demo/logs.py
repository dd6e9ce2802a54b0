"""Container logs, and the answers where there is none, worded as the kubelet words them.

Sources: pkg/registry/core/pod/strategy.go, `LogLocation`; pkg/kubelet/kubelet_pods.go, `validateContainerLogStatus`;
answers recorded from Kubernetes v1.36.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec

from diagnostics.demo.resources import Json
from diagnostics.demo.statuses import ApiError, bad_request, failure
from diagnostics.demo.times import instant

_STAMP = re.compile(rb"^\d{4}-\d\d-\d\dT\S+ ")
# (namespace, pod, container, whether of the previous run)
Run = tuple[str, str, str, bool]

_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_PULLING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class Logs:
    """The logs of all containers. A line is kept as `timestamps=true` shows it: its time, a space, the text."""

    def __init__(self) -> None:
        self._lines: dict[Run, list[bytes]] = {}
        self._refusals: dict[Run, bytes] = {}
        self._lock = threading.Lock()

    def put(self, run: Run, text: bytes) -> None:
        """Takes a recorded log over, every line with its timestamp."""
        with self._lock:
            self._lines[run] = text.splitlines(keepends=True)

    def refuse(self, run: Run, body: bytes) -> None:
        """Takes a recorded refusal over: a Status, or nothing for 204."""
        with self._lock:
            self._refusals[run] = body

    def start(self, namespace: str, pod: str, container: str) -> None:
        """A container starts anew: what it wrote so far is now the previous run's log."""
        with self._lock:
            before = self._lines.pop((namespace, pod, container, False), None)
            if before is not None:
                self._lines[namespace, pod, container, True] = before
            self._lines[namespace, pod, container, False] = []

    def repeat(self, namespace: str, pod: str, container: str, at: datetime) -> None:
        """A container starts anew and writes what it wrote before."""
        with self._lock:
            runs = [(namespace, pod, container, previous) for previous in (False, True)]
            lines = next((self._lines[run] for run in runs if run in self._lines), [])
            for run in runs:  # What was refused then, such as a run before the first, can be read now.
                self._refusals.pop(run, None)
            prefix = f"{instant(at, nanoseconds=True)} ".encode()
            self._lines[runs[1]] = lines
            self._lines[runs[0]] = [_STAMP.sub(prefix, line) for line in lines]

    def append(self, namespace: str, pod: str, container: str, at: datetime, *texts: str) -> None:
        """The running container writes lines."""
        stamped = [f"{instant(at, nanoseconds=True)} {text}\n".encode() for text in texts]
        with self._lock:
            self._lines.setdefault((namespace, pod, container, False), []).extend(stamped)

    def forget(self, namespace: str, pod: str) -> None:
        """The pod is gone, and its logs with it."""
        with self._lock:
            for kept in (self._lines, self._refusals):
                for run in [run for run in kept if run[:2] == (namespace, pod)]:
                    del kept[run]

    def read(self, pod: Json, node: Json | None, query: Mapping[str, str], now: datetime) -> bytes | None:
        """Answers `pods/log`: text, or None for "no content"; raises ApiError where there is no log to read."""
        container = _container(pod, query.get("container", ""))
        previous = query.get("previous", "").lower() in ("true", "1")
        run = (pod["metadata"]["namespace"], pod["metadata"]["name"], container, previous)
        if run in self._refusals:
            return _refuse(self._refusals[run])
        if not pod["spec"].get("nodeName"):
            return None
        _insist_on_node(pod, node, container, query)
        if run not in self._lines:
            _insist_on_run(pod, container, previous=previous)
        with self._lock:
            lines = list(self._lines.get(run, ()))
        return _shown(lines, query, now)


def _refuse(body: bytes) -> bytes | None:
    """Raises the recorded Status; an empty body was "no content"."""
    if not body:
        return None
    status = msgspec.json.decode(body)
    raise ApiError(status["code"], status)


def _container(pod: Json, asked: str) -> str:
    """The container that is meant, as the API server decides before it asks the kubelet."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    main: list[str] = [each["name"] for each in spec["containers"]]
    init: list[str] = [each["name"] for each in spec.get("initContainers", ())]
    if not asked:
        if len(main) == 1:
            return main[0]
        choice = f"choose one of: [{' '.join(main)}]"
        choice += f" or one of the init containers: [{' '.join(init)}]" if init else ""
        raise bad_request(f"a container name must be specified for pod {name}, {choice}")
    if asked not in (*main, *init, *(each["name"] for each in spec.get("ephemeralContainers", ()))):
        raise bad_request(f"container {asked} is not valid for pod {name}")
    return asked


def _insist_on_node(pod: Json, node: Json | None, container: str, query: Mapping[str, str]) -> None:
    """A kubelet that does not answer is the API server's 500."""
    if node is None:
        return
    conditions = node["status"].get("conditions", ())
    if all(each["status"] != "Unknown" for each in conditions if each["type"] == "Ready"):
        return
    host = next((each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"), "")
    path = f"containerLogs/{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"
    options = urlencode(sorted((key, value) for key, value in query.items() if key != "container"))
    asked = f"{path}?{options}" if options else path
    message = f'Get "https://{host}:10250/{asked}": dial tcp {host}:10250: connect: no route to host'
    raise failure(HTTPStatus.INTERNAL_SERVER_ERROR, "", message)


def _insist_on_run(pod: Json, container: str, *, previous: bool) -> None:
    """The kubelet's refusals: never ran, or did not run before."""
    name, status = pod["metadata"]["name"], _status(pod, container)
    if status is None:
        raise bad_request(f'container "{container}" in pod "{name}" is not available')
    if previous:
        if not _ran(status["lastState"]):
            raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return
    if "running" in status["state"] or _ran(status["state"]) or _ran(status["lastState"]):
        return
    if waiting := status["state"].get("waiting"):
        reason = waiting.get("reason", "")
        cause = _PULLING.get(reason, reason)
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {cause}')
    raise bad_request(f'container "{container}" in pod "{name}" is terminated')


def _ran(state: Json) -> bool:
    """Whether a state is the end of a run that left a container, and with it a log, behind."""
    return bool(state.get("terminated", {}).get("containerID"))


def _status(pod: Json, container: str) -> Json | None:
    status = pod["status"]
    statuses = (each for kind in _STATUSES for each in status.get(kind, ()))
    return next((each for each in statuses if each["name"] == container), None)


def _shown(lines: list[bytes], query: Mapping[str, str], now: datetime) -> bytes:
    """What the parameters leave: since a time, the last lines, without timestamps, the first bytes; in this order."""
    since = _since(query, now)
    if since:
        lines = [line for line in lines if line.partition(b" ")[0] >= since]
    if query.get("tailLines"):
        tail = _number(query["tailLines"])
        lines = lines[-tail:] if tail else []
    if query.get("timestamps", "").lower() not in ("true", "1"):
        lines = list(_bare(lines))
    text = b"".join(lines)
    return text[: _number(query["limitBytes"])] if query.get("limitBytes") else text


def _since(query: Mapping[str, str], now: datetime) -> bytes:
    if query.get("sinceTime"):
        return query["sinceTime"].encode()
    if query.get("sinceSeconds"):
        return instant(now - timedelta(seconds=_number(query["sinceSeconds"]))).rstrip("Z").encode()
    return b""


def _number(text: str) -> int:
    if not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _bare(lines: list[bytes]) -> Iterator[bytes]:
    """Without timestamps; the kubelet's own "unable to retrieve container logs for ..." never has one."""
    return (_STAMP.sub(b"", line) for line in lines)
