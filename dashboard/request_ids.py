"""`X-Request-ID`: each answer carries the id that its request came with, or a new one, to be found in logs."""

from __future__ import annotations

import re
import uuid

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestIdMiddleware(MiddlewareMixin):
    """Echoes an id that is plain; any other is replaced, for it ends up in logs."""

    def process_request(self, request: HttpRequest) -> None:
        """Notes the id."""
        given = request.headers.get("X-Request-ID", "")
        request.META["REQUEST_ID"] = given if _PLAIN.fullmatch(given) else uuid.uuid4().hex

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Tells it."""
        response.headers["X-Request-ID"] = request.META.get("REQUEST_ID", "")
        return response
