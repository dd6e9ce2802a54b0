"""System: whether everything that Sickbay needs works, and what to do about what does not."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from dashboard import health, queues
from dashboard.celery import QUEUES
from dashboard.signin import signed_in
from dashboard.views import freshness
from dashboard.views.overview import VERSION, Overview, current_overview
from dashboard.views.settings.sections import render_section
from dashboard.views.words import clusters_word, length
from diagnostics.queries import system
from diagnostics.queries.system import Outbox

MANY_WAIT = 100  # Tasks of a queue; some dozens wait whenever many clusters are due.
OUTBOX_LATE = timedelta(minutes=5)
# The checks of /readyz: what each is called, what is said where it passes, and what to do where it does not.
NEEDS: dict[str, tuple[str | Promise, ...]] = {
    "database": (
        gettext_lazy("Database"),
        gettext_lazy("answers"),
        gettext_lazy("Look at its own log, and at DATABASE_URL."),
    ),
    "redis": (
        gettext_lazy("Redis"),
        gettext_lazy("answers"),
        gettext_lazy("Start it, or correct REDIS_URL: without it no worker is told of work."),
    ),
    "migrations": (
        gettext_lazy("Tables"),
        gettext_lazy("are those of this version"),
        gettext_lazy("Run manage.py migrate with this version."),
    ),
    "workers": (
        gettext_lazy("Workers"),
        gettext_lazy("seen for every queue in the last minute"),
        gettext_lazy("Start those that are missing (make up starts all of them), or look at their log."),
    ),
}


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to be true; `remedy` says what to do where it is not."""

    name: str | Promise
    said: str | Promise
    good: bool
    remedy: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: how many tasks wait in it (None where Redis does not say), and its workers' last sign of life."""

    name: str
    waiting: int | None
    seen_at: datetime | None


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Everything at a moment."""
    overview = current_overview()
    lines, outbox = _queues(), system.outbox()
    checks = [*_needs(), _queue_check(lines), _outbox(outbox, overview.now), *_watches(overview), _keys()]
    runs = system.latest_runs()
    context = {
        "headline": headline(checks),
        "checks": sorted(checks, key=lambda check: check.good),
        "queues": lines,
        "outbox": outbox,
        "watched": [(beat, runs.get(beat.cluster.pk)) for beat in overview.beats],
        "versions": versions(),
    }
    return render_section(request, "system", "system.html", context, overview=overview)


def headline(checks: list[Check]) -> str:
    """The sentence that says whether all is well here."""
    bad = [str(check.name) for check in checks if not check.good]
    if not bad:
        return _("Everything that Sickbay needs works")
    said = ngettext("%(n)d thing needs you: %(names)s", "%(n)d things need you: %(names)s", len(bad))
    return said % {"n": len(bad), "names": ", ".join(bad)}


def versions() -> list[tuple[str, str]]:
    """What runs here: name and version."""
    try:
        redis = queues.version()
    except RedisError:
        redis = _("does not answer")
    return [
        ("Sickbay", VERSION),
        ("Python", platform.python_version()),
        ("Django", version("django")),
        (_("Kubernetes client"), version("kubernetes")),
        (_("Database"), system.database_version()),
        ("Redis", redis),
    ]


def _needs() -> Iterator[Check]:
    for name, outcome in health.outcomes().items():
        label, passes, remedy = NEEDS[name]
        good = outcome == health.OK
        yield Check(label, passes if good else outcome, good, remedy)


def _queues() -> list[Queue]:
    try:
        waiting, seen = queues.waiting(), queues.seen()
    except RedisError:
        return [Queue(name, None, None) for name in QUEUES]
    return [
        Queue(name, waiting[name], datetime.fromtimestamp(at, UTC) if (at := seen[name]) else None) for name in waiting
    ]


def _queue_check(lines: list[Queue]) -> Check:
    waiting, name = max((queue.waiting or 0, queue.name) for queue in lines)
    said = ngettext("%(n)d task waits in %(queue)s", "%(n)d tasks wait in %(queue)s", waiting)
    if any(queue.waiting is None for queue in lines):
        return Check(_("Queues"), _("not known while Redis does not answer"), good=False, remedy=NEEDS["redis"][2])
    return Check(
        _("Queues"),
        said % {"n": waiting, "queue": name} if waiting else _("no task waits"),
        waiting <= MANY_WAIT,
        _("Start more workers for this queue, or see in their log what holds them up."),
    )


def _outbox(outbox: Outbox, now: datetime) -> Check:
    late = now - outbox.due_since if outbox.due_since else timedelta(0)
    said = ngettext("%d message waits", "%d messages wait", outbox.waiting) % outbox.waiting
    if late > OUTBOX_LATE:
        said = _("%(said)s, the first for %(length)s") % {"said": said, "length": length(late)}
    remedy = _("See under Notifications which channel fails, and whether a worker for the queue rest runs.")
    return Check(_("Outbox"), said if outbox.waiting else _("nothing waits"), late <= OUTBOX_LATE, remedy)


def _watches(overview: Overview) -> Iterator[Check]:
    watched = [beat for beat in overview.beats if beat.state is not freshness.State.PAUSED]
    late = [beat.name for beat in watched if not beat.current]
    remedy = _("Each cluster says why on its own page; a worker that is gone is named above.")
    if not watched:
        yield Check(_("Watches"), _("no cluster is watched"), good=True)
    elif late:
        yield Check(_("Watches"), _("%s not read lately") % ", ".join(late), good=False, remedy=remedy)
    else:
        oldest = min(beat.read_at for beat in watched if beat.read_at)
        said = _("%(clusters)s, the oldest read %(length)s ago")
        age = length(overview.now - oldest)
        yield Check(_("Watches"), said % {"clusters": clusters_word(len(watched)), "length": age}, good=True)
    crashed = sorted({crash["check"] for beat in overview.beats for crash in beat.cluster.crashed})
    if crashed:
        remedy = _("What they would find is not found. Report it, with the worker's log.")
        yield Check(_("Rules"), _("failed themselves: %s") % ", ".join(crashed), good=False, remedy=remedy)


def _keys() -> Check:
    count = len(settings.FIELD_ENCRYPTION_KEYS)
    remedy = _("Set FIELD_ENCRYPTION_KEYS: without a key no channel and no cluster can be stored. See .env.example.")
    said = ngettext("%d key", "%d keys, the first is the newest", count) % count if count else _("there is none")
    return Check(_("Encryption keys"), said, bool(count), remedy)
