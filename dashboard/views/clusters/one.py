"""One cluster: how it is read, a test of each step, other credentials, pausing and removing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.roles import Role, may
from dashboard.signin import for_admins, signed_in
from dashboard.views.clusters.examined import Examined, examined
from dashboard.views.clusters.forms import PasteForm
from dashboard.views.clusters.page import cards
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID
from diagnostics.kube.errors import ConfigurationError
from diagnostics.models import Cluster
from diagnostics.operations import clusters, ways
from diagnostics.operations.clusters import LONGEST_REASON
from diagnostics.operations.examining import Examination, examine
from diagnostics.queries import reading


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Its page; a POST tests it, or replaces its credentials."""
    if request.method != "POST":
        return signed_in(_looked_at)(request, uuid)
    return for_admins(_replaced if "replace" in request.POST else _tested, posted_from="clusters")(request, uuid)


def _row(uuid: UUID) -> Cluster:
    row = reading.by_uuid(uuid)
    if row is None:
        raise Http404
    return row


def _looked_at(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _shown(request, _row(uuid))


def _tested(request: HttpRequest, uuid: UUID) -> HttpResponse:
    row = _row(uuid)
    try:
        found = examine(ways.of(row), row.namespaces)
    except ConfigurationError as failure:  # Its credentials cannot be decrypted.
        found = Examination(failure=str(failure))
    return _shown(request, row, found=examined(found, row.name))


def _replaced(request: HttpRequest, uuid: UUID) -> HttpResponse:
    row = _row(uuid)
    form = PasteForm(request.POST)
    way = form.way()
    if way is None or not row.added_here:
        return _shown(request, row, form)
    found = examined(examine(way, row.namespaces), row.name)
    if not found.readable:
        form.add_error(None, _("With these no pods can be listed, so they are not stored."))
        return _shown(request, row, form, found)
    try:
        taken = form.takes(lambda: clusters.replace_credentials(row.uuid, way, timezone.now()))
    except Cluster.DoesNotExist:  # Somebody has removed it since.
        raise Http404 from None
    if not taken:
        return _shown(request, row, form, found)
    messages.success(request, _("%(name)s is read with the new credentials.") % {"name": row.name})
    return redirect("cluster", row.uuid)


def _shown(
    request: HttpRequest, row: Cluster, form: PasteForm | None = None, found: Examined | None = None
) -> HttpResponse:
    overview = current_overview()
    card = next((each for each in cards(overview) if each.beat.cluster.pk == row.pk), None)
    if card is None:  # It has gone meanwhile.
        raise Http404
    context: dict[str, Any] = {"card": card, "found": found, "longest_reason": LONGEST_REASON}
    if may(request.user, Role.ADMIN):
        context |= _for_admins(row, form)
    wrong = form is not None and bool(form.errors)
    response = render_page(request, "clusters/one.html", overview, context, INVALID if wrong else 200)
    patch_cache_control(response, no_store=True)
    return response


def _for_admins(row: Cluster, form: PasteForm | None) -> dict[str, Any]:
    return {
        "form": form or PasteForm(),
        "pasted_at": reading.credentials_stored_at(row),
        "stored": reading.stored(row),
        "is_configured": clusters.is_configured(row),
    }
