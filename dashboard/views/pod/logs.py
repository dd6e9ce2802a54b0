"""The card that shows a container's log: which runs, which lines prove something, and why there is none."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.views.pod.lines import Asked, View, proof_in, view
from diagnostics.kube.logs import KEPT_BYTES, LINE_BYTES, NOTHING_WRITTEN, TAIL_LINES
from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries.logs import RunLog

Quotes = Sequence[Mapping[str, Any]]  # Pieces of evidence.


@dataclass(frozen=True, slots=True)
class Place:
    """Whose log it is; `gone` once the cluster has the pod no more, `kept` as long as it has a page here."""

    cluster: Cluster
    namespace: str
    pod: str
    uid: str
    container: str
    gone: bool = False
    kept: bool = True

    @property
    def pod_url(self) -> str:
        """The page of the pod; blank if it has none."""
        return reverse("pod", args=[self.cluster.name, self.uid]) if self.kept else ""

    def command(self, *, previous: bool) -> str:
        """The command that shows it, blank once the pod is gone."""
        if self.gone:
            return ""
        context = ["--context", self.cluster.context] if self.cluster.context else []
        words = ["kubectl", *context, "-n", self.namespace, "logs", self.pod, "-c", self.container]
        return shlex.join([*words, "--previous"] if previous else words)


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice of a run or container."""

    text: str
    url: str
    current: bool
    previous: bool = False  # Whether it is the newest run that has ended.


@dataclass(frozen=True, slots=True)
class LogCard:
    """What the card shows: lines, or why there are none."""

    place: Place
    runs: tuple[Tab, ...] = ()
    containers: tuple[Tab, ...] = ()
    view: View | None = None
    kept_at: datetime | None = None
    extent: str = ""
    missing: str = ""
    command: str = ""
    download_url: str = ""
    all_url: str = ""
    fields: tuple[tuple[str, str], ...] = field(default=())  # What a search has to carry along.


def quotes_of(diagnoses: Iterable[Diagnosis]) -> list[Mapping[str, Any]]:
    """The pieces of their evidence that quote a log."""
    return [piece for row in diagnoses for piece in row.verdict["evidence"] if piece["source"] == "log"]


def proved(runs: Iterable[RunLog], quotes: Quotes) -> RunLog | None:
    """The latest run whose log holds one of the quotations."""
    return next((each for each in runs if any(proof_in(quote, each.log.lines) for quote in quotes)), None)


def card(place: Place, runs: Sequence[RunLog], quotes: Quotes, path: str, query: QueryDict) -> LogCard:
    """The card of a container of which something is kept, on the page at `path`; lines that hold a quotation are marked."""
    asked = query.get("restart", "")
    chosen = next((each for each in runs if str(each.restart) == asked), None)
    shown = chosen or proved(runs, quotes) or runs[0]
    marked = {n for quote in quotes for n in proof_in(quote, shown.log.lines)}
    fields = _fields(query)
    return LogCard(
        place,
        runs=_run_tabs(runs, shown, path, fields),
        view=view(shown.log.lines, marked, Asked.of(query)) if shown.log.lines else None,
        kept_at=shown.kept_at,
        extent=_extent(shown),
        missing="" if shown.log.lines else why(shown.log.missing),
        command=place.command(previous=shown.log.previous),
        download_url=reverse("pod-log", args=[place.cluster.name, place.uid, place.container, shown.restart]),
        all_url=_url(path, (*fields, ("lines", "all"))),
        fields=fields,
    )


def why(missing: str) -> str:
    """Why a log that was asked for did not come, as a sentence."""
    known = {
        "": _("It was not read."),
        NOTHING_WRITTEN: _("The container wrote nothing in this run."),
        "the pod is gone": _("The pod was gone before its log could be read."),
        "the node no longer has it": _("The node no longer has it: it was rotated away, or went with the container."),
        "the node did not send it in time": _("The node did not send it in time. It is asked for again."),
    }
    return known.get(missing) or _("The cluster did not give it: %(reason)s") % {"reason": missing}


def _fields(query: QueryDict) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name in ("container", "restart") if (value := query.get(name, "")))


def _run_tabs(runs: Sequence[RunLog], shown: RunLog, path: str, fields: tuple[tuple[str, str], ...]) -> tuple[Tab, ...]:
    kept = tuple(pair for pair in fields if pair[0] == "container")
    last_ended = next((each for each in runs if each.log.previous), None)
    return tuple(
        Tab(
            _run_name(each, current=n == 0 and not each.log.previous, previous=each is last_ended),
            _url(path, (*kept, ("restart", str(each.restart)))),
            current=each is shown,
            previous=each is last_ended,
        )
        for n, each in enumerate(runs)
    )


def _run_name(log: RunLog, *, current: bool, previous: bool) -> str:
    if current:
        return _("Current run")
    return _("Previous run") if previous else _("Run %(n)d") % {"n": log.run + 1}


def _url(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(list(pairs))}#log"


def _extent(shown: RunLog) -> str:
    lines = shown.log.lines
    size = sum(len(line.encode()) + 1 for line in lines)
    count = ngettext("%(n)d line", "%(n)d lines", len(lines)) % {"n": len(lines)}
    if len(lines) >= TAIL_LINES or size > KEPT_BYTES - LINE_BYTES:
        return _("The last %(count)s of the run; what came before is not kept.") % {"count": count}
    if shown.log.previous:
        return _("All of the run: %(count)s.") % {"count": count}
    return _("All until then: %(count)s.") % {"count": count}
