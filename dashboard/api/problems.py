"""Whatever goes wrong is answered as `application/problem+json` (RFC 9457): what, and what is wrong with which field."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, NotAuthenticated, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from diagnostics.models.encrypted import KeyMissing
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed, NotPossible
from diagnostics.queries.cursors import NoCursor

MEDIA_TYPE = "application/problem+json"
BROKEN = "Something broke here; the log of the web process says what, under the request's id."
ANONYMOUS = "Send a token: Authorization: Bearer sb_<key>.<secret>; `manage.py token create` makes one."
_STATUSES: dict[type[Exception], HTTPStatus] = {
    Changed: HTTPStatus.PRECONDITION_FAILED,
    NotPossible: HTTPStatus.CONFLICT,
    KeyMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    RequestDataTooBig: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}

log = logging.getLogger(__name__)


class Problem(serializers.Serializer[Any]):
    """What went wrong."""

    type = serializers.CharField(help_text="Always `about:blank`: the status says it.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What went wrong, and what to do, for people.")
    errors = serializers.DictField(  # type: ignore[assignment]  # The framework takes fields off the class.
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with which field or parameter.",
    )


def problem(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to anything that is raised in a view."""
    answer = exception_handler(_translated(error), context)
    if answer is None:  # Nothing that was meant to be told: the log has it, and the program an answer that it can read.
        log.error("%s failed", context["request"].path, exc_info=error)
        answer = Response({"detail": BROKEN}, status=HTTPStatus.INTERNAL_SERVER_ERROR)
    answer.data = _body(answer.status_code, answer.data)
    answer.content_type = MEDIA_TYPE
    return answer


def _translated(error: Exception) -> Exception:
    match error:
        case Invalid():
            return ValidationError(error.errors)
        case NoCursor():
            return ValidationError({"cursor": [str(error)]})
        case RequestDataTooBig():
            error = RequestDataTooBig(f"A body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")
        case ObjectDoesNotExist():
            return NotFound()
        case NotAuthenticated():
            error.detail = ErrorDetail(ANONYMOUS)
    if (status := _STATUSES.get(type(error))) is None:
        return error
    told = APIException(str(error))
    told.status_code = status
    return told


def _body(status: int, data: Any) -> dict[str, Any]:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if isinstance(data, dict) and set(data) == {"detail"}:
        return {**body, "detail": str(data["detail"])}
    errors: dict[str, list[str]] = {}
    for field, text in _errors(data):
        errors.setdefault(field, []).append(text)
    said = "; ".join(f"{field}: {text}" if field else text for field, texts in errors.items() for text in texts)
    return {**body, "detail": said, "errors": errors}


def _errors(data: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the path of its field: `matchers.0.value`; of the whole, no path."""
    match data:
        case dict():
            for name, each in data.items():
                whole = name == api_settings.NON_FIELD_ERRORS_KEY
                yield from _errors(each, field if whole else f"{field}.{name}".lstrip("."))
        case list() if all(isinstance(each, str) for each in data):
            yield from ((field, str(each)) for each in data)
        case list():
            for position, each in enumerate(data):
                yield from _errors(each, f"{field}.{position}".lstrip("."))
        case _:
            yield field, str(data)


@csrf_exempt  # There is nothing to forge, and the page that says so is none that a program can read.
def nothing_here(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django calls it so.
    """404 for every path below `/api/` that is none."""
    return answer(HTTPStatus.NOT_FOUND, "There is no such path; /api/docs lists those that there are.")


def answer(status: HTTPStatus, detail: str) -> JsonResponse:
    """The same of what happens outside of the framework's views."""
    return JsonResponse(_body(status, {"detail": detail}), status=status, content_type=MEDIA_TYPE)
