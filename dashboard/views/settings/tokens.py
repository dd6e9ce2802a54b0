"""Tokens for programs: which there are, making one whose secret is shown once, revoking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.api.authentication import ROLES, Scope
from dashboard.roles import Role, may
from dashboard.views.refusable import INVALID, RefusableForm
from dashboard.views.settings.sections import for_members, reader, render_section
from diagnostics.models import ApiToken
from diagnostics.operations import tokens
from diagnostics.queries import people

NEVER = 0
SCOPES = (
    (Scope.READ, gettext_lazy("read: looks, exports, scrapes /metrics")),
    (Scope.TRIAGE, gettext_lazy("triage: takes diagnoses over and silences them, too")),
    (Scope.ADMIN, gettext_lazy("admin: changes clusters and notifications, too")),
)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token as a line of the list."""

    token: ApiToken
    expired: bool

    @property
    def counts(self) -> bool:
        """Whether it lets anybody in now."""
        return not self.expired and self.token.revoked_at is None and self.token.user.is_active


class TokenForm(RefusableForm):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=tokens.LONGEST_NAME,
        help_text=gettext_lazy("What it is for, such as: Prometheus."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(label=gettext_lazy("Scope"), widget=forms.RadioSelect, initial=Scope.READ)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Good for"),
        coerce=int,
        initial=90,
        choices=[
            *((7, gettext_lazy("7 days")), (30, gettext_lazy("30 days")), (90, gettext_lazy("90 days"))),
            *((365, gettext_lazy("1 year")), (NEVER, gettext_lazy("until it is revoked"))),
        ],
    )

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # A QueryDict or None.
        self.user = user
        scope: forms.ChoiceField = self.fields["scope"]  # type: ignore[assignment]  # Declared so above.
        scope.choices = [(value, label) for value, label in SCOPES if may(user, ROLES[value])]

    def clean_name(self) -> str:
        """Refuses the name of a token that counts: which of the two would be revoked?"""
        name: str = self.cleaned_data["name"]
        same = (line for line in lines(people.tokens(self.user), timezone.now()) if line.token.name == name)
        if any(line.counts for line in same):
            raise ValidationError(_("You have a token of this name. Revoke it first, or choose another name."))
        return name


def lines(rows: Iterable[ApiToken], now: datetime) -> list[TokenLine]:
    """Tokens as lines."""
    return [TokenLine(token, token.expires_at is not None and token.expires_at <= now) for token in rows]


@require_safe
@for_members
def page(request: HttpRequest) -> HttpResponse:
    """One's own tokens; for an admin, everybody's."""
    everybodys = may(request.user, Role.ADMIN)
    rows = people.tokens(None if everybodys else reader(request))
    found = lines(rows, timezone.now())
    context = {"headline": headline(found, everybodys=everybodys), "tokens": found, "everybodys": everybodys}
    return render_section(request, "tokens", "tokens.html", context)


def headline(found: list[TokenLine], *, everybodys: bool) -> str:
    """The sentence that says how many programs may come in."""
    counting = sum(line.counts for line in found)
    if not counting:
        return _("No program may come in by a token") if everybodys else _("You have no token that counts")
    if everybodys:
        return ngettext("%d token lets a program in", "%d tokens let programs in", counting) % counting
    return ngettext("You have %d token that counts", "You have %d tokens that count", counting) % counting


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def add(request: HttpRequest) -> HttpResponse:
    """A new token of whoever asks; its secret is shown once, in the answer to the form."""
    user = reader(request)
    form = TokenForm(user, request.POST if request.method == "POST" else None)
    made = _made(form) if form.is_valid() else None
    context = {"form": form, "token": made[0], "shown": made[1]} if made else {"form": form}
    response = render_section(request, "tokens", "token_new.html", context, INVALID if form.errors else 200)
    patch_cache_control(response, no_store=True)
    return response


def _made(form: TokenForm) -> tuple[ApiToken, str] | None:
    now, asked = timezone.now(), form.cleaned_data
    ends = None if asked["days"] == NEVER else now + timedelta(days=asked["days"])
    return form.taken(lambda: tokens.create(form.user, asked["name"], [asked["scope"]], now, ends))


@require_POST
@for_members
def revoke(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Lets a program in no more: its user's doing, or an admin's."""
    theirs = None if may(request.user, Role.ADMIN) else reader(request)
    try:
        token = tokens.revoke(uuid, timezone.now(), of=theirs)
    except ApiToken.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s is revoked: whoever shows it is refused.") % {"name": token.name})
    return redirect("tokens")
