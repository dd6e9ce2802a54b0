"""Error pages in the product's look. They read nothing: the database may be what failed."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, with what to do where a page of ours refused; Django's own refusals are for whoever attacks, and the log."""
    why = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"why": why}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with what it would take; a failed check against forgery has its own page, `403_csrf.html`."""
    return render(request, "403.html", {"why": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django calls it so.
    """404, also for what somebody may not see."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django calls it so.
    """500, without the request: what broke may break again on the way to it."""
    return HttpResponse(render_to_string("500.html"), status=500)
