"""Which version of something a program has seen: `"<id>-<version>-<checksum>"`, strong.

The version is what changes are decided upon (`If-Match`); the checksum also tells what moves without one, such as when
a diagnosis was last seen.
"""

from __future__ import annotations

import re
import zlib
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics.operations.triaging import Changed

_ETAG = re.compile(r'"(?P<uuid>[0-9a-f-]{36})-(?P<version>[0-9]{1,9})(-[0-9a-f]{8})?"')


def etag(uuid: UUID, version: int, body: Any) -> str:
    """The ETag of something in the shape in which it is told."""
    return f'"{uuid}-{version}-{zlib.crc32(JSONRenderer().render(body)):08x}"'


def tagged(request: Request, response: Response, uuid: UUID, version: int) -> HttpResponse:
    """The response with its ETag; 304 for a reader who has just this."""
    response["ETag"] = tag = etag(uuid, version, response.data)
    if request.method != "GET":
        return response
    plain: HttpRequest = request._request  # noqa: SLF001 - The framework's own way to Django's request.
    found = get_conditional_response(plain, etag=tag, response=response)
    return response if found is None else found


def expected_version(request: Request, uuid: UUID) -> int | None:
    """The version that a change is decided upon; None: any. Of several the newest. Raises Changed if none is of this."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    known = [found for found in map(_ETAG.fullmatch, parse_etags(header)) if found and found["uuid"] == str(uuid)]
    if not known:
        raise Changed("If-Match names no version of this; read it again and use its ETag")
    return max(int(found["version"]) for found in known)
