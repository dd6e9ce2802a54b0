"""What is done to several diagnoses at once, from the list.

Each pick is `number:version`, as it was seen. What undoes a deed names its picks behind an `@`: `unsnooze @ 71:6 72:9`.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.signin import for_responders
from dashboard.views import deeds
from dashboard.views.deeds import Done
from dashboard.views.filters import Selection
from diagnostics.models import Diagnosis
from diagnostics.operations.triaging import Changed, NotPossible, Triage
from diagnostics.queries import PAGE_SIZE

Picks = dict[int, int]  # Versions by number.
SILENCE = "silence"  # The one button that does nothing yet: it leads to the form, which shows what it would hide.


@for_responders
def act(request: HttpRequest) -> HttpResponse:
    """Does what a button asks for to each that was picked, says what became of it, and shows the same list again."""
    do, _at, named = (part.strip() for part in request.POST.get("do", "").partition("@"))
    picks = _picks(named.split() or request.POST.getlist("pick"))
    back = Selection.of(request.GET, reader=request.user.get_username()).url
    if do == SILENCE and picks:
        return redirect(f"{reverse('silence-new')}?{urlencode({'diagnosis': list(picks)}, doseq=True)}")
    try:
        done = _each(do, picks, request.user)
    except deeds.Unknown as error:
        raise BadRequest(f"No button asks for {error}.") from None
    _tell(request, done, {number: picks[number] + 1 for number in done}, len(picks) - len(done))
    return redirect(back)


def _picks(texts: list[str]) -> Picks:
    pairs = (text.partition(":") for text in texts[:PAGE_SIZE])
    return {int(n): int(v) for n, _colon, v in pairs if n.isdecimal() and v.isdecimal() and max(len(n), len(v)) < 19}


def _each(do: str, picks: Picks, user: Any) -> dict[int, Done]:
    """What was done, by number; what was changed meanwhile, or cannot be, is left as it is."""
    now = timezone.now()
    rows = Diagnosis.objects.select_related("assignee").defer("verdict").in_bulk(list(picks))
    done = {}
    for number, row in rows.items():
        try:
            done[number] = deeds.carry_out(do, Triage(row.uuid, user, now, picks[number]), row, now)
        except (Changed, NotPossible, Diagnosis.DoesNotExist):
            continue  # It is counted as left.
    return done


def _tell(request: HttpRequest, done: dict[int, Done], undo_picks: Picks, left: int) -> None:
    if not done and not left:
        messages.error(request, _("Nothing was done: choose diagnoses first."))
    if done:
        said = next(iter(done.values())).said
        counted = ngettext("%(said)s %(n)d diagnosis.", "%(said)s %(n)d diagnoses.", len(done))
        undo = _undo({each.undo for each in done.values()}, undo_picks)
        messages.success(request, counted % {"said": said, "n": len(done)}, extra_tags=undo)
    if left:
        text = ngettext(
            "%(n)d was changed meanwhile: nothing was done to it.",
            "%(n)d were changed meanwhile: nothing was done to them.",
            left,
        )
        messages.error(request, text % {"n": left})


def _undo(ways: set[str], picks: Picks) -> str:
    """The one way that undoes all; blank where they differ: each has its own on its page."""
    if len(ways) != 1 or not (way := ways.pop()):
        return ""
    return f"{way} @ {' '.join(f'{number}:{version}' for number, version in picks.items())}"
