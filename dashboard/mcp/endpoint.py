"""Who may ask: programs with a bearer token of the scope read, at a host name that is ours."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from rest_framework.exceptions import AuthenticationFailed

from dashboard.api.authentication import allowed, token_of
from diagnostics.models import ApiToken

PATHS = ("/mcp", f"{settings.BASE_PATH}/mcp")  # A proxy may pass the base path on or take it off.
Application = Any  # ASGI's callable; every library types it in its own way.


class Refused(Exception):
    """A request that is not answered: the HTTP status, and what to do."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def beside(pages: Application) -> Application:
    """An ASGI application that answers `/mcp`, and leaves everything else to the pages."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in PATHS:
            await _serve(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return serve


async def _serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async with ThreadSensitiveContext():  # A thread of its own for the request, as Django does it.
        try:
            host = await database_sync_to_async(_admit)(scope)
        except Refused as refusal:
            await _refuse(refusal, send)
            return
        server = await sync_to_async(import_module, thread_sensitive=False)("dashboard.mcp.server")
        await server.answer(host, scope, receive, send)


def _admit(scope: dict[str, Any]) -> str:
    """The host that the request names. Raises Refused."""
    request = ASGIRequest(scope, BytesIO())
    try:
        host, token = request.get_host(), token_of(request)
    except DisallowedHost as error:
        raise Refused(421, "This host name is not in ALLOWED_HOSTS.") from error
    except AuthenticationFailed as error:
        raise Refused(401, str(error.detail)) from error
    if token is None:
        raise Refused(401, "Send a token with the scope read: Authorization: Bearer sb_<key>.<secret>")
    if not allowed(token.user, token, ApiToken.Scope.READ):
        raise Refused(403, "The token's user may not read.")
    return host


async def _refuse(refusal: Refused, send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="sickbay"'))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{refusal}\n".encode()})
