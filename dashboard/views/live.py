"""What a browser missed while its socket was closed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.live.signal import Signal, merged
from dashboard.signin import signed_in_program
from diagnostics import queries


@require_safe
@never_cache
@signed_in_program
def changes(request: HttpRequest) -> HttpResponse:
    """`GET /live/changes?since=812`: the signals since then, one a topic and cluster, and the newest number.

    `ids` null in a signal means that its topic has to be fetched again whole.
    """
    since = request.GET.get("since", "")
    if not since.isdecimal() or len(since) > 18:
        return JsonResponse({"detail": "since: the last sequence number that you know, a whole number."}, status=400)
    missed = queries.missed(int(since))
    signals = [Signal.EVERYTHING] if missed.updates is None else merged(map(Signal.of, missed.updates))
    return JsonResponse({"seq": missed.seq, "changes": [signal.body() for signal in signals]})
