"""People: who has an account, what they may do, when they were here; adding, changing and deactivating them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.roles import Role, role_of
from dashboard.signin import GUEST, LINK_LIFETIME, for_admins, one_time_link
from dashboard.views.refusable import INVALID, RefusableForm, sentence
from dashboard.views.settings.sections import render_section
from diagnostics.operations import people
from diagnostics.operations.refusing import Invalid
from diagnostics.queries.people import accounts

ROLES: dict[str, str | Promise] = {
    Role.VIEWER: gettext_lazy("Viewer: looks"),
    Role.RESPONDER: gettext_lazy("Responder: takes diagnoses over and silences them, too"),
    Role.ADMIN: gettext_lazy("Admin: changes clusters, notifications and people, too"),
}
Act = Callable[[User], None]


@dataclass(frozen=True, slots=True)
class Person:
    """An account as a line of the list; `last_admin` if nobody else could change people."""

    user: User
    role: Role
    last_admin: bool


class NewPerson(RefusableForm):
    """Who is added, and as what."""

    name = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        help_text=gettext_lazy("Letters, digits and any of @ . + - _. It stands beside what they do."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=list(ROLES.items()), initial=Role.VIEWER, widget=forms.RadioSelect
    )

    def clean_name(self) -> str:
        """Refuses the name of the demo's visitor, who is nobody."""
        name: str = self.cleaned_data["name"]
        if name.lower() == GUEST:
            raise ValidationError(_("This name is kept for the visitor of a demo. Choose another."))
        return name


class RoleForm(forms.Form):
    """What somebody may do from now on."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=list(ROLES.items()), widget=forms.RadioSelect)


@require_safe
@for_admins
def page(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account."""
    everybody = _everybody()
    return render_section(
        request, "people", "people.html", {"headline": headline(everybody), "people": everybody, "roles": ROLES}
    )


def headline(everybody: list[Person]) -> str:
    """The sentence that says how many may do what."""
    active = [person for person in everybody if person.user.is_active]
    admins = sum(person.role == Role.ADMIN for person in active)
    responders = sum(person.role == Role.RESPONDER for person in active)
    return _("%(people)s: %(admins)s, %(responders)s") % {
        "people": ngettext("%d person may sign in", "%d people may sign in", len(active)) % len(active),
        "admins": ngettext("%d admin", "%d admins", admins) % admins,
        "responders": ngettext("%d responder", "%d responders", responders) % responders,
    }


def _everybody() -> list[Person]:
    rows = [(user, role_of(user)) for user in accounts(besides=GUEST)]
    admins = sum(user.is_active and role == Role.ADMIN for user, role in rows)
    return [Person(user, role, last_admin=user.is_active and role == Role.ADMIN and admins == 1) for user, role in rows]


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def add(request: HttpRequest) -> HttpResponse:
    """A new account; its one-time link is shown once, in the answer to the form."""
    form = NewPerson(request.POST if request.method == "POST" else None)
    if form.is_valid() and (user := form.taken(lambda: people.add(**form.cleaned_data))):
        return _with_link(request, "person_new.html", user)
    status = INVALID if form.errors else 200
    return render_section(request, "people", "person_new.html", {"form": form}, status)


def _with_link(request: HttpRequest, template: str, user: User) -> HttpResponse:
    """A page with a new sign-in link, which no cache keeps and nothing stores."""
    context = {
        "person": _person(user.pk),
        "link": one_time_link(user.username),
        "lasts": LINK_LIFETIME,
        "form": RoleForm(initial={"role": role_of(user)}),
    }
    response = render_section(request, "people", template, context)
    patch_cache_control(response, no_store=True)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One account, with all that an admin can do about it."""
    found = _person(pk)
    deed = request.POST.get("do") if request.method == "POST" else None
    if deed == "link" and found.user.is_active:
        return _with_link(request, "person.html", found.user)
    if deed in ("role", "deactivate", "reactivate"):
        return _changed(request, deed, found.user)
    form = RoleForm(initial={"role": found.role})
    return render_section(request, "people", "person.html", {"person": found, "form": form, "lasts": LINK_LIFETIME})


def _person(pk: int) -> Person:
    found = next((each for each in _everybody() if each.user.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _changed(request: HttpRequest, deed: str, user: User) -> HttpResponse:
    acts: dict[str, Act] = {
        "role": lambda user: people.give_role(user, request.POST.get("role", "")),
        "deactivate": people.deactivate,
        "reactivate": people.reactivate,
    }
    said = {
        "role": _("%(name)s has the role now."),
        "deactivate": _("%(name)s is signed out everywhere and cannot sign in any more."),
        "reactivate": _("%(name)s may sign in again: make a link."),
    }
    try:
        acts[deed](user)
    except Invalid as error:
        texts = [sentence(text) for texts in error.errors.values() for text in texts]
        messages.error(request, " ".join(texts))
    else:
        messages.success(request, said[deed] % {"name": user.username})
    return redirect("settings") if user == request.user else redirect("person", user.pk)
