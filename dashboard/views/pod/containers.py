"""A pod's containers: what each does now, what it may use, and what it did before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.views.pod import strip
from dashboard.views.pod.strip import Run, Window
from dashboard.views.pod.unlogged import status_of
from dashboard.views.words import length
from diagnostics.operations.ended_runs import ended_runs
from diagnostics.queries.pod_stories import PodStory
from diagnostics.snapshot.pods import Container, ContainerStatus, Probe, Resources, Terminated

RUNS_LISTED = 50  # Of one container, the latest.


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """One container; `mark` is the class of its state in the stylesheet."""

    name: str
    kind: str
    state: str
    mark: str
    history: str
    limits: str
    sentence: str  # The strip in words.
    paths: dict[str, str]
    runs: tuple[Run, ...]  # The latest first.


@dataclass(frozen=True, slots=True)
class Containers:
    """All of them, over one time."""

    window: Window
    marks: tuple[datetime, ...]
    rows: tuple[ContainerRow, ...]
    states: frozenset[str]  # That are drawn, for the legend.

    @property
    def brief(self) -> bool:
        """Whether minutes alone would not tell the ends of the time apart."""
        return self.window.end - self.window.start < timedelta(minutes=10)


def containers(story: PodStory, read_at: datetime) -> Containers:
    """The containers of a pod as of `read_at`, init containers first."""
    shown = strip.window(story.pod.metadata.creation_timestamp, read_at)
    spec = story.pod.spec
    rows = [_row(story, each, shown, _init_kind(each), init=not each.restartable) for each in spec.init_containers]
    rows += [_row(story, each, shown, _("container"), init=False) for each in spec.containers]
    return Containers(shown, shown.marks(), tuple(rows), frozenset(kind for row in rows for kind in row.paths))


def _init_kind(container: Container) -> str:
    return _("sidecar") if container.restartable else _("init")


def _row(story: PodStory, container: Container, shown: Window, kind: str, *, init: bool) -> ContainerRow:
    status = status_of(story, container.name)
    known = strip.runs(status, [*story.ended, *ended_runs(story.pod)])
    state, mark = _state(status, init=init)
    history = ", ".join(_history(status, known))
    return ContainerRow(
        name=container.name,
        kind=kind,
        state=state,
        mark=mark,
        history=history,
        limits=", ".join(_limits(container, story.pod.spec.resources.limits, init=init)),
        sentence=_("%(name)s: %(what)s") % {"name": container.name, "what": ", ".join(_words(state, known, shown))},
        paths=strip.paths(strip.segments(known, status, shown, init=init), shown),
        runs=tuple(reversed(known[-RUNS_LISTED:])),
    )


def _state(status: ContainerStatus | None, *, init: bool) -> tuple[str, str]:
    """In words, and how good that is."""
    if status is None:
        return _("Not created yet"), ""
    if status.state.terminated:
        return _ended(status.state.terminated)
    if status.state.waiting:
        reason = status.state.waiting.reason or _("Waiting")
        return reason, "" if reason in ("PodInitializing", "ContainerCreating") else "critical"
    if init:
        return _("Running"), ""
    return (_("Running, ready"), "good") if status.ready else (_("Running, not ready"), "high")


def _ended(ended: Terminated) -> tuple[str, str]:
    lasted = ended.finished_at - ended.started_at if ended.finished_at and ended.started_at else None
    if ended.exit_code == 0:
        return (_("Completed in %(time)s") % {"time": _span(lasted)} if lasted is not None else _("Completed")), "good"
    return ended.reason or _("Ended"), "critical"


def _history(status: ContainerStatus | None, known: list[Run]) -> Iterator[str]:
    if status is not None:
        yield ngettext("%(n)d restart", "%(n)d restarts", status.restart_count) % {"n": status.restart_count}
    last = next((run for run in reversed(known) if run.exit_code is not None), None)
    completed = status is not None and status.state.terminated is not None and status.state.terminated.exit_code == 0
    if last and not completed:
        yield _("last exit code %(code)d") % {"code": last.exit_code}
        if last.lasted is not None:
            yield _("ran %(time)s") % {"time": _span(last.lasted)}


def _limits(container: Container, of_pod: Resources, *, init: bool) -> Iterator[str]:
    if own := _amounts(container.resources.limits):
        yield _("limit %(amounts)s") % {"amounts": own}
    elif shared := _amounts(of_pod):
        yield _("limit of the pod %(amounts)s") % {"amounts": shared}
    else:
        yield _("no limits")
    if init:
        return
    probes = {
        _("startup"): container.startup_probe,
        _("readiness"): container.readiness_probe,
        _("liveness"): container.liveness_probe,
    }
    asked = [f"{name} {_asks(probe)}" for name, probe in probes.items() if probe]
    yield ", ".join(asked) if asked else _("no probes")


def _span(lasted: timedelta) -> str:
    """Kubernetes tells times to the second."""
    return length(lasted) if lasted >= timedelta(seconds=1) else _("less than 1 s")


def _amounts(limits: Resources) -> str:
    """`256Mi memory, 500m cpu`: memory first, for that is what kills."""
    return ", ".join(
        f"{amount} {name}" for name, amount in sorted(limits.items(), key=lambda pair: pair[0] != "memory")
    )


def _asks(probe: Probe) -> str:
    if probe.http_get:
        return f":{probe.http_get.port}{probe.http_get.path}"
    if probe.tcp_socket:
        return f":{probe.tcp_socket.port}"
    return f"grpc :{probe.grpc.port}" if probe.grpc else _("by a command")


def _words(state: str, known: list[Run], shown: Window) -> Iterator[str]:
    bad = [run for run in known if run.exit_code and run.ended_at and run.ended_at >= shown.start]
    if bad:
        codes = ", ".join(str(code) for code in sorted({run.exit_code for run in bad if run.exit_code}))
        yield ngettext("%(n)d exit with code %(codes)s", "%(n)d exits with code %(codes)s", len(bad)) % {
            "n": len(bad),
            "codes": codes,
        }
    yield state
    if known and known[-1].started_at and not known[-1].ended_at:
        yield _("for %(time)s") % {"time": length(max(shown.end - known[-1].started_at, timedelta()))}
