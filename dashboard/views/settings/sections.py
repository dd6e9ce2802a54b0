"""The sections of the settings, and which of them somebody is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboard.roles import Role, may
from dashboard.signin import View, for_role, is_guest, signed_in
from dashboard.views.overview import Overview, current_overview, render_page

Rest = ParamSpec("Rest")


@dataclass(frozen=True, slots=True)
class Section:
    """One address of the settings. `role` is what it takes to look at it; None lets the visitor of a demo look, too."""

    url_name: str
    label: str | Promise
    role: Role | None = None


SECTIONS = (
    Section("people", gettext_lazy("People"), Role.ADMIN),
    Section("account", gettext_lazy("Your account"), Role.VIEWER),
    Section("tokens", gettext_lazy("Tokens"), Role.VIEWER),
    Section("retention", gettext_lazy("Retention")),
    Section("redaction", gettext_lazy("Redaction")),
    Section("system", gettext_lazy("System")),
    Section("badges", gettext_lazy("Badges")),
    Section("setup", gettext_lazy("Setup"), Role.ADMIN),
)


def sections_for(user: AbstractBaseUser | AnonymousUser) -> list[Section]:
    """Those that somebody may look at."""
    return [section for section in SECTIONS if section.role is None or (may(user, section.role) and not is_guest(user))]


@require_safe
@signed_in
def first(request: HttpRequest) -> HttpResponse:
    """The first section that somebody may look at."""
    return redirect(sections_for(request.user)[0].url_name)


def reader(request: HttpRequest) -> User:
    """Whoever passed the gate of a page for members."""
    return request.user  # type: ignore[return-value]  # A User, for no other has an account.


def render_section(
    request: HttpRequest,
    section: str,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    *,
    overview: Overview | None = None,
) -> HttpResponse:
    """A page of one section, named by its URL; with the overview that its view has read, if it has."""
    frame = {"sections": sections_for(request.user), "section": section}
    return render_page(request, f"settings/{template}", overview or current_overview(), {**frame, **context}, status)


def for_members(view: View[Rest]) -> View[Rest]:
    """A page for everybody with an account; the visitor of a demo, who has none, is asked to sign in."""
    return for_role(Role.VIEWER, view, posted_from="settings")
