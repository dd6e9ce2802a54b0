"""Error pages in the product's look. They read nothing: the database may be what failed. Programs are told as JSON."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard import api
from dashboard.api import problems


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, with what to do where that is known; what Django refuses besides is for whoever attacks, and the log."""
    return _page(request, HTTPStatus.BAD_REQUEST, why=_why_bad(exception))


def _why_bad(exception: Exception) -> str:
    match exception:
        case DisallowedHost():
            return _("Sickbay does not answer under the name in this address. ALLOWED_HOSTS lists those that it has.")
        case RequestDataTooBig():
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
            return _("More was sent than Sickbay takes: at most %(most)d KiB. Nothing was changed.") % {"most": most}
        case TooManyFieldsSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
            return _("More fields were sent than Sickbay takes: at most %(most)d. Choose fewer rows at a time.") % {
                "most": most
            }
        case BadRequest():
            return str(exception)
    return ""


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with what it would take."""
    return _page(request, HTTPStatus.FORBIDDEN, why=str(exception))


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django calls it so, and logs why.
    """403 for a form that may come from another site, or was too old."""
    return _page(request, HTTPStatus.FORBIDDEN, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django calls it so.
    """404, also for what somebody may not see."""
    return _page(request, HTTPStatus.NOT_FOUND)


def too_many_attempts(request: HttpRequest, seconds: float) -> HttpResponse:
    """429 for a sign-in that has to wait for so long."""
    minutes = ceil(seconds / 60)
    wait = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    response = _page(request, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    response.headers["Retry-After"] = str(ceil(seconds))
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without what reads or computes something for every page: it may be what broke."""
    if _by_program(request):
        return problems.answer(HTTPStatus.INTERNAL_SERVER_ERROR, problems.BROKEN)
    context = {"request": request}
    try:
        body = render_to_string("500.html", context)
    except ValueError:  # The static files were not collected, or not those of this version.
        body = render_to_string("500_plain.html", context)
    return HttpResponse(body, status=HTTPStatus.INTERNAL_SERVER_ERROR)


class WrongMethodMiddleware(MiddlewareMixin):
    """Gives 405 a page: Django's decorators answer it without a word."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, or a page in place of an empty 405."""
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = _page(request, HTTPStatus.METHOD_NOT_ALLOWED)
        page.headers["Allow"] = response.headers["Allow"]
        return page


def _page(request: HttpRequest, status: HTTPStatus, template: str = "", **context: str) -> HttpResponse:
    if _by_program(request):
        return problems.answer(status, context.get("why") or status.description)
    context["back"] = _came_from(request)
    return render(request, template or f"{status.value}.html", context, status=status)


def _by_program(request: HttpRequest) -> bool:
    return request.path_info.startswith(api.ROOT)


def _came_from(request: HttpRequest) -> str:
    """The page of ours that led here, if the browser tells."""
    page = request.headers.get("Referer", "")
    return page if page.startswith(f"{settings.BASE_URL}/") else ""
