"""Retention: what is kept how long, how much that is, and forgetting what is older now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from redis.exceptions import RedisError

from dashboard.celery import PRUNED_KEY, note_pruning
from dashboard.signin import for_admins, signed_in
from dashboard.views.settings.sections import render_section
from diagnostics import models
from diagnostics.operations import pruning
from diagnostics.queries import stored
from diagnostics.queries.stored import Outlook, Size

WITH_DIAGNOSIS = gettext_lazy("as long as their diagnosis")
# What each kind is called, and from when its days are counted; blank where another rule is told.
KINDS: dict[type[Model], tuple[str | Promise, str | Promise]] = {
    models.Diagnosis: (gettext_lazy("Diagnoses"), gettext_lazy("after it resolved")),
    models.Occurrence: (gettext_lazy("Their occurrences"), ""),
    models.Activity: (gettext_lazy("Their activity and comments"), ""),
    models.Suspect: (gettext_lazy("Pods, as they were"), gettext_lazy("after the pod was gone")),
    models.KeptEvent: (gettext_lazy("Events"), gettext_lazy("after it was last seen")),
    models.KeptLog: (gettext_lazy("Ends of logs"), gettext_lazy("after it was read")),
    models.EndedRun: (gettext_lazy("Ended runs of containers"), gettext_lazy("after the run ended")),
    models.Rollout: (gettext_lazy("Deploys"), gettext_lazy("after it took effect")),
    models.Delivery: (gettext_lazy("Messages sent"), gettext_lazy("after it was written")),
    models.Run: (gettext_lazy("Sweeps and slices of watching"), ""),
    models.Update: (gettext_lazy("Live signals"), ""),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row as a line of the list. `since` says from when its days are counted; blank for another rule."""

    label: str | Promise
    rows: int
    since: str | Promise
    rule: str | Promise = ""


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """What is kept how long, and how much that is."""
    now, keep = timezone.now(), timedelta(days=settings.SICKBAY_RETENTION_DAYS)
    oldest, size = stored.oldest_evidence(), stored.size()
    outlook = stored.outlook(size, now - oldest if oldest else None, keep)
    context = {
        "headline": headline(keep.days, size, outlook),
        "days": keep.days,
        "size": size,
        "outlook": outlook,
        "oldest": oldest,
        "kinds": [_kind(kind, count) for kind, count in stored.rows().items()],
        "pruned_at": _pruned_at(),
    }
    return render_section(request, "retention", "retention.html", context)


def headline(days: int, size: Size, outlook: Outlook | None) -> str:
    """The sentence that says how long evidence stays, and whether there is room for it."""
    said = _("Evidence is kept for %(days)d days and uses %(size)s") % {
        "days": days,
        "size": filesizeformat(size.used),
    }
    if outlook is None:
        return said
    if outlook.days is None:
        return _("%(said)s; there is room for all of it") % {"said": said}
    return _("%(said)s; about %(days)d days of room are left") % {"said": said, "days": outlook.days}


def _kind(model: type[Model], count: int) -> Kind:
    label, since = KINDS[model]
    rules: dict[type[Model], str | Promise] = {
        models.Occurrence: WITH_DIAGNOSIS,
        models.Activity: WITH_DIAGNOSIS,
        models.Run: _("the last %d of a cluster") % pruning.RUNS_KEPT,
        models.Update: _("%d h") % (pruning.UPDATES_KEPT / timedelta(hours=1)),
    }
    return Kind(label, count, since, rules.get(model, ""))


def _pruned_at() -> datetime | None:
    """When the settings were applied last; None where that is not known."""
    try:
        at: float | None = cache.get(PRUNED_KEY)
    except RedisError:
        return None
    return datetime.fromtimestamp(at, UTC) if at else None


def _prune(request: HttpRequest) -> HttpResponse:
    days = settings.SICKBAY_RETENTION_DAYS
    forgotten = pruning.prune(timezone.now(), timedelta(days=days))
    note_pruning()
    messages.success(request, _forgotten(forgotten) or _("Nothing is older than %(days)d days.") % {"days": days})
    return redirect("retention")


def _forgotten(rows: Counter[str]) -> str:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(rows.items()) if count)
    said = ngettext("%(n)d row is forgotten: %(kinds)s.", "%(n)d rows are forgotten: %(kinds)s.", rows.total())
    return said % {"n": rows.total(), "kinds": kinds} if kinds else ""


prune = require_POST(for_admins(_prune, posted_from="retention"))
