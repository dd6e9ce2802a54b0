"""The reader's time zone: their browser tells it in a cookie, and pages are written in it. Programs are told UTC."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from dashboard import api

COOKIE = "zone"


class ReadersZoneMiddleware(MiddlewareMixin):
    """Makes the reader's zone the current one for the time of a request; a zone that nobody knows is UTC."""

    def process_request(self, request: HttpRequest) -> None:
        """Takes it up."""
        name = request.COOKIES.get(COOKIE, "")
        if name in _known() and not request.path_info.startswith(api.ROOT):
            timezone.activate(ZoneInfo(name))
        else:
            timezone.deactivate()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002 - Django calls it so.
        """Lets it go."""
        timezone.deactivate()
        return response


@cache
def _known() -> frozenset[str]:
    """The names of all zones; looked up among them, a name is never a path to something else."""
    return frozenset(available_timezones())
