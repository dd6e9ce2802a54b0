"""What the buttons do to a cluster: pause, resume, read now, remove.

A button posts `do`: a verb, the cluster's UUID, and of a pause its reason.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.signin import for_admins
from diagnostics.models import Cluster
from diagnostics.operations import clusters
from diagnostics.queries import reading


def _view(request: HttpRequest) -> HttpResponse:
    verb, uuid, about = (*request.POST.get("do", "").split(" ", 2), "", "", "")[:3]
    row = _row(uuid)
    try:
        said, undo = _done(verb, row, request.POST.get("reason", "") or about)
    except Cluster.DoesNotExist:  # Somebody has removed it since.
        raise Http404 from None
    messages.success(request, said, extra_tags=undo)
    return redirect("cluster", row.uuid) if request.POST.get("back") == "cluster" else redirect("clusters")


do = require_POST(for_admins(_view, posted_from="clusters"))


def _row(uuid: str) -> Cluster:
    try:
        row = reading.by_uuid(UUID(uuid))
    except ValueError:
        raise SuspiciousOperation(uuid) from None
    if row is None:
        raise Http404
    return row


def _done(verb: str, row: Cluster, reason: str) -> tuple[str, str]:
    """What was done, in a sentence, and the `do` that undoes it."""
    now = timezone.now()
    match verb:
        case "pause":
            clusters.pause(row.uuid, reason)
            return _("%s is paused. Its diagnoses stay as they were.") % row.name, f"resume {row.uuid}"
        case "resume":
            clusters.resume(row.uuid, now)
            return _("%s is watched again.") % row.name, f"pause {row.uuid} {row.pause_reason}".rstrip()
        case "read":
            clusters.read_now(row.uuid, now)
            return _("%s is read in full within seconds.") % row.name, ""
    raise SuspiciousOperation(verb)


def _remove(request: HttpRequest, uuid: UUID) -> HttpResponse:
    row = reading.by_uuid(uuid)
    if row is None or not clusters.forget(row.name):
        raise Http404
    messages.success(request, _("%s is removed, with everything that was stored of it.") % row.name)
    return redirect("clusters")


remove = require_POST(for_admins(_remove, posted_from="clusters"))
