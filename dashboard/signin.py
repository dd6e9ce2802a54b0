"""Signing in: one-time links, the guest of the demo, and the gate before every page.

A one-time link names a user and the state of their account; it is good for fifteen minutes and until that user signs
in by any means. Opening it shows a button: programs that look at links before people do must not spend it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib import import_module
from typing import Concatenate, ParamSpec
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth import get_user, login
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboard.roles import Role, may

LINK_LIFETIME = timedelta(minutes=15)
ADMIN = "admin"
GUEST = "guest"
_SALT = "dashboard.signin"

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


class UnknownUser(Exception):
    """There is no such active user."""


def one_time_link(username: str = ADMIN) -> str:
    """A new sign-in link for a user, absolute. The default user is made when missing, as an administrator."""
    user = _administrator() if username == ADMIN else User.objects.filter(username=username, is_active=True).first()
    if user is None or not user.is_active:
        raise UnknownUser(username)
    return urljoin(settings.BASE_URL, reverse("signin-link", args=[token_for(user)]))


def _administrator() -> User:
    user, created = User.objects.get_or_create(username=ADMIN, defaults={"is_staff": True, "is_superuser": True})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def token_for(user: User) -> str:
    """What the link carries: signed, dated, and bound to the account's state."""
    return signing.dumps([user.pk, _state(user)], salt=_SALT)


def user_of(token: str) -> User | None:
    """Whom a token signs in; None if it is forged, too old, spent, or its user is gone."""
    try:
        pk, state = signing.loads(token, salt=_SALT, max_age=LINK_LIFETIME)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user is not None and _state(user) == state else None


def spend(request: HttpRequest, token: str) -> bool:
    """Signs in by a token, once: of two requests that come with the same one, the second is refused."""
    user = user_of(token)
    if user is None:
        return False
    now = timezone.now()
    if not User.objects.filter(pk=user.pk, last_login=user.last_login).update(last_login=now):
        return False
    user.last_login = now
    login(request, user)
    return True


def _state(user: User) -> str:
    """Changes whenever the user signs in or gets another password."""
    signed_in = user.last_login.isoformat() if user.last_login else ""
    return signing.Signer(salt=_SALT).signature(f"{signed_in} {user.password}")


def is_guest(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this is the demo's visitor, who may read and nothing else."""
    return user.is_authenticated and user.get_username() == GUEST


def admit_guest(request: HttpRequest) -> None:
    """Lets the visitor of a demo look around as the guest, for this request alone.

    A session would be one more row for each request of a program that keeps no cookies.
    """
    guest, created = User.objects.get_or_create(username=GUEST)
    if created:
        guest.set_unusable_password()
        guest.save(update_fields=["password"])
        guest.groups.add(Group.objects.get_or_create(name=GUEST)[0])
    request.user = guest


def is_signed_in(session_key: str) -> bool:
    """Whether a session still signs somebody in: it may have ended, or the password may have changed."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request).is_authenticated


def signed_in(view: View[Rest]) -> View[Rest]:
    """A page for people who signed in; everybody else is led to the sign-in, the visitor of a demo straight in."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if not _may_enter(request):
            return redirect(f"{reverse('signin')}?{urlencode({'next': request.get_full_path()})}")
        return view(request, *args, **kwargs)

    return gate


def for_role(role: Role, view: View[Rest], *, posted_from: str = "") -> View[Rest]:
    """The same for people with this role or a higher one; the visitor of a demo is asked to sign in, too.

    `posted_from` names the page to go on with where the one that took a POST cannot be looked at. Raises
    PermissionDenied, whose text says which role it takes.
    """

    @wraps(view)
    def gate(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if is_guest(request.user):
            elsewhere = posted_from and request.method == "POST"
            back = reverse(posted_from) if elsewhere else request.get_full_path()
            return redirect(f"{reverse('signin')}?{urlencode({'next': back})}")
        if not may(request.user, role):
            raise PermissionDenied(
                _("This takes the role %(role)s. An admin gives roles under Settings.") % {"role": role}
            )
        return view(request, *args, **kwargs)

    return signed_in(gate)


def for_responders(view: View[Rest], *, posted_from: str = "") -> View[Rest]:
    """A page for those who respond to diagnoses."""
    return for_role(Role.RESPONDER, view, posted_from=posted_from)


def for_admins(view: View[Rest], *, posted_from: str = "") -> View[Rest]:
    """A page for those who change how Sickbay works."""
    return for_role(Role.ADMIN, view, posted_from=posted_from)


def signed_in_program(view: View[Rest]) -> View[Rest]:
    """The same for what scripts fetch: a refusal, not a form."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if not _may_enter(request):
            return JsonResponse({"detail": "Sign in first."}, status=401)
        return view(request, *args, **kwargs)

    return gate


def _may_enter(request: HttpRequest) -> bool:
    if not request.user.is_authenticated and settings.DEMO:
        admit_guest(request)
    return request.user.is_authenticated
