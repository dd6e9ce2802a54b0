"""Who asks, and what they may do: a token of a program, or somebody who signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from dashboard.roles import Role, may
from dashboard.signin import admit_guest
from diagnostics.models import ApiToken
from diagnostics.operations import tokens

Scope = ApiToken.Scope
# What a scope takes of its user.
ROLES = {Scope.READ: Role.VIEWER, Scope.TRIAGE: Role.RESPONDER, Scope.ADMIN: Role.ADMIN}
REFUSED = "The token does not exist, has expired or was revoked."


def token_of(request: HttpRequest | Request) -> ApiToken | None:
    """The token that comes with a request, noted as used; None where none comes. Raises AuthenticationFailed.

    For views that are none of the framework's, too.
    """
    kind, _, shown = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    token = tokens.find(shown.strip(), timezone.now())
    if token is None:
        raise AuthenticationFailed(REFUSED)
    return token


def allowed(user: AbstractBaseUser | AnonymousUser, token: ApiToken | None, scope: ApiToken.Scope) -> bool:
    """Whether somebody may do what needs a scope: a token can do no more than its user."""
    if not user.is_authenticated or not isinstance(user, User):
        return False
    if token is not None and not tokens.allows(token, scope):
        return False
    return may(user, ROLES[scope])


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer sb_<key>.<secret>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token and its user."""
        token = token_of(request)
        return (token.user, token) if token else None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - The framework calls it so.
        """What a refusal asks for."""
        return 'Bearer realm="sickbay"'


class PageAuthentication(SessionAuthentication):
    """The session of somebody who signed in, for our own pages: what changes something needs the CSRF token, too.

    A demo lets everybody look around as its guest.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The session's user."""
        found: tuple[Any, Any] | None = super().authenticate(request)
        if found is None and settings.DEMO and request.method in SAFE_METHODS:
            admit_guest(request._request)  # noqa: SLF001 - The framework's own way to Django's request.
            return (request._request.user, None)  # noqa: SLF001
        return found


class HasScope(BasePermission):
    """Reading needs the scope read; writing what the view's `writing` says, else admin."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request may go on."""
        token = request.auth if isinstance(request.auth, ApiToken) else None
        scope = Scope.READ if request.method in SAFE_METHODS else getattr(view, "writing", Scope.ADMIN)
        self.message = f"This needs the scope {scope}, and a user who may."
        return allowed(request.user, token, scope)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the token is told of in OpenAPI."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "`sb_<key>.<secret>`, from `manage.py token create`"}


class PageScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the session is told of in OpenAPI."""

    target_class = PageAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """A cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
