"""Silences: what one would hide is shown before it is set; ending, and setting one that has ended again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.roles import Role
from dashboard.views.notifications.gate import deed, form_page
from dashboard.views.notifications.matcher_rows import MatcherRows, rows_of, rows_posted
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID, RefusableForm
from diagnostics import queries
from diagnostics.models import Diagnosis, Silence
from diagnostics.notify.matching import Field, Op, matchers
from diagnostics.operations import silences
from diagnostics.operations.silences import LONGEST_REASON
from diagnostics.queries import PAGE_SIZE, notifying
from diagnostics.rules.reference import entries

Json = dict[str, Any]


class SilenceForm(RefusableForm):
    """Why, and for how long; `seen` are the matchers of which it was shown what they would hide."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Others read it, such as: node pool is being rebuilt."),
    )
    hours = forms.TypedChoiceField(
        label=gettext_lazy("For"),
        coerce=int,
        initial=4,
        choices=[
            *((1, gettext_lazy("1 hour")), (4, gettext_lazy("4 hours")), (12, gettext_lazy("12 hours"))),
            *((24, gettext_lazy("1 day")), (72, gettext_lazy("3 days")), (168, gettext_lazy("7 days"))),
            (720, gettext_lazy("30 days")),
        ],
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


@form_page(Role.RESPONDER)
def add(request: HttpRequest) -> HttpResponse:
    """A new silence, filled in from diagnoses (`?diagnosis=1284`), a code, or a silence that has ended (`?again=<uuid>`)."""
    posted = request.POST if request.method == "POST" else None
    again = _ended(request.GET.get("again", ""))
    wanted = again.matchers if again else _about(request.GET)
    saves = posted is not None and "save" in posted  # Else it only asks what it would hide, or for more rows.
    written = posted.dict() if posted is not None else {"reason": again.reason} if again else {}
    form = SilenceForm(posted if saves else None, initial=written, auto_id="s-%s")
    rows = rows_of(wanted) if posted is None else rows_posted(posted, more="more" in posted)
    if saves and _stored(request, form, rows):
        messages.success(request, _("The silence holds. Its diagnoses stay in the list."))
        return redirect(f"{reverse('notifications')}#silences")
    return _shown(request, form, rows, wanted if posted is None else _asked(rows), INVALID if saves else 200)


def _shown(request: HttpRequest, form: SilenceForm, rows: MatcherRows, wanted: list[Json], status: int) -> HttpResponse:
    preview = queries.preview(matchers(wanted)) if wanted else None
    context = {"form": form, "rows": rows, "preview": preview, "seen": _key(wanted)}
    return render_page(request, "notifications/silence.html", current_overview(), context, status)


def _asked(rows: MatcherRows) -> list[Json]:
    """The matchers as written; none while they make no sense."""
    return rows.matchers if rows.is_valid() else []


def _stored(request: HttpRequest, form: SilenceForm, rows: MatcherRows) -> bool:
    if not (form.is_valid() & rows.is_valid()):  # Both, so that both say what is wrong.
        return False
    if form.cleaned_data["seen"] != _key(rows.matchers):
        form.add_error(None, _("What it is about has changed: look at what it would hide now, then set it."))
        return False
    now, user = timezone.now(), request.user
    return form.takes(lambda: silences.create(_values(form, rows, now), user, now))  # type: ignore[arg-type]  # A User passed the gate.


def _values(form: SilenceForm, rows: MatcherRows, now: datetime) -> Json:
    ends_at = now + timedelta(hours=form.cleaned_data["hours"])
    return {"matchers": rows.matchers, "reason": form.cleaned_data["reason"], "ends_at": ends_at}


def _key(wanted: list[Json]) -> str:
    """The same for the same matchers; blank for none."""
    return msgspec.json.encode(matchers(wanted)).decode() if wanted else ""


def _about(query: QueryDict) -> list[Json]:
    """Matchers for some diagnoses and their like, or for all with a code."""
    numbers = [int(n) for n in query.getlist("diagnosis")[:PAGE_SIZE] if n.isdecimal() and len(n) < 19]
    known = [code for code in query.getlist("code") if code in entries()]
    return _either(notifying.by_numbers(numbers)) if numbers else _matchers({Field.CODE: known})


def _either(rows: Sequence[Diagnosis]) -> list[Json]:
    """Their clusters, namespaces, workloads and codes. A field that one of them does not have tells nothing of them."""
    said = {
        Field.CLUSTER: [row.cluster.name for row in rows],
        Field.NAMESPACE: [row.namespace for row in rows],
        Field.WORKLOAD: [f"{row.workload_kind}/{row.workload_name}" for row in rows],
        Field.CODE: [row.code for row in rows],
    }
    return _matchers(said)


def _matchers(said: dict[Field, list[str]]) -> list[Json]:
    return [
        {"field": field.value, "op": Op.IN.value, "value": list(dict.fromkeys(values))}
        for field, values in said.items()
        if values and all(values)
    ]


def _ended(text: str) -> Silence | None:
    try:
        return Silence.objects.filter(uuid=UUID(text)).first() if text else None
    except ValueError:
        raise Http404 from None


@deed(Role.RESPONDER)
def end(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Ends it now."""
    try:
        silences.end(uuid, timezone.now())
    except Silence.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The silence has ended. What it held back is looked at again."))
    return redirect(f"{reverse('notifications')}#silences")
