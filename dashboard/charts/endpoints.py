"""Where browsers get figures from, as JSON with an ETag: whoever has the newest is told so, and nothing more."""

from __future__ import annotations

import hashlib

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.charts import reading
from dashboard.signin import signed_in_program
from dashboard.views.moments import Moments, View
from diagnostics.models import Diagnosis


@require_safe
@signed_in_program
def timeline(request: HttpRequest) -> HttpResponseBase:
    """The timeline's figure."""
    from dashboard.charts import figures  # noqa: PLC0415 - Plotly takes 25 MB: only a process that draws has it.

    try:
        moments = Moments.of(request.GET)
        chart = reading.timeline(moments, timezone.now())
    except BadRequest as error:
        return JsonResponse({"detail": str(error)}, status=400)
    return _answer(request, figures.heat(chart) if moments.view is View.HEAT else figures.bars(chart))


@require_safe
@signed_in_program
def restarts(request: HttpRequest, number: int) -> HttpResponseBase:
    """How the runs of a workload's containers ended, by the number of one of its diagnoses."""
    from dashboard.charts import figures  # noqa: PLC0415 - As above.

    chart = reading.restarts(get_object_or_404(Diagnosis.objects.defer("verdict"), number=number), timezone.now())
    if chart is None:
        raise Http404
    return _answer(request, figures.bars(chart))


def _answer(request: HttpRequest, figure: str) -> HttpResponseBase:
    body = figure.encode()
    response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie"])
    found = get_conditional_response(request, etag=etag, response=response)
    return response if found is None else found
