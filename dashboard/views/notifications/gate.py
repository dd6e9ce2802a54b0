"""Who may change what notifications do: admins; silences, responders too. Everybody else only looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from django.views.decorators.http import require_http_methods

from dashboard.roles import Role
from dashboard.signin import View, for_role

Rest = ParamSpec("Rest")


def form_page(role: Role = Role.ADMIN) -> Callable[[View[Rest]], View[Rest]]:
    """A page with a form, which it takes back."""
    return _gate(role, ["GET", "HEAD", "POST"])


def deed(role: Role = Role.ADMIN) -> Callable[[View[Rest]], View[Rest]]:
    """What a button does: a POST, and nothing to look at."""
    return _gate(role, ["POST"])


def _gate(role: Role, methods: list[str]) -> Callable[[View[Rest]], View[Rest]]:
    def decorate(view: View[Rest]) -> View[Rest]:
        return require_http_methods(methods)(for_role(role, view, posted_from="notifications"))

    return decorate
