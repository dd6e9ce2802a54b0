"""Redaction: which credentials are masked before anything is stored, and a box to try it. What is tried is not kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from dashboard.signin import signed_in
from dashboard.views.refusable import INVALID
from dashboard.views.settings.sections import for_members, render_section
from diagnostics.kube import redact
from diagnostics.kube.secret_shapes import REDACTED

LONGEST = 64_000  # Characters: as much as is kept of a log.
# By kind an example, which the page shows as it would be stored. Of none does anything open a door.
EXAMPLES: tuple[tuple[str | Promise, str], ...] = (
    (gettext_lazy("Values beside the name of a secret"), 'DB_PASSWORD=swordfish "apiKey": "k3y-4-all"'),
    (gettext_lazy("Headers that sign in"), "Authorization: Bearer mF_9.B5f-4.1JqM"),
    (gettext_lazy("Passwords in addresses"), "postgres://shop:swordfish@db:5432/shop"),
    (gettext_lazy("Passwords in sentences"), "could not sign in with password hunter2"),
    (gettext_lazy("Passwords among arguments"), "mysql -u root -pswordfish shop"),
    (gettext_lazy("JSON web tokens"), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2ln"),
    (gettext_lazy("Keys of clouds"), "AKIAIOSFODNN7EXAMPLE"),
    (gettext_lazy("Tokens that say whose they are"), "ghp_onlyanexample glpat-only-an-example hvs.onlyanexampletoken"),
    (gettext_lazy("Addresses of webhooks"), "https://hooks.slack.com/services/T0/B0/example"),
    (
        gettext_lazy("Private keys"),
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----",
    ),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A kind of credential: as a program writes it, and as it would be stored, in the parts between the masks."""

    label: str | Promise
    written: str
    stored: list[str]


class TryForm(forms.Form):
    """What is tried."""

    text = forms.CharField(
        label=gettext_lazy("Text to try"),
        max_length=LONGEST,
        strip=False,
        help_text=gettext_lazy(
            "Log lines, variables, or the JSON of an object; at most 64,000 characters. It is masked in memory and"
            " shown to you alone: nothing of it is stored or logged."
        ),
        error_messages={"max_length": gettext_lazy("That is more than 64,000 characters. Take a part of it.")},
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest) -> HttpResponseBase:
    """What is masked; for those with an account, with a box to try it."""
    return _tried(request) if request.method == "POST" else _shown(request, TryForm(), None)


@for_members
@sensitive_variables()
def _tried(request: HttpRequest) -> HttpResponse:
    form = TryForm(request.POST)
    return _shown(request, form, as_stored(form.cleaned_data["text"]) if form.is_valid() else None)


def _shown(request: HttpRequest, form: TryForm, stored: str | None) -> HttpResponse:
    context = {
        "form": form,
        "stored": None if stored is None else stored.split(REDACTED),
        "outcome": "" if stored is None else outcome(stored.count(REDACTED)),
        "examples": [Example(label, text, as_stored(text).split(REDACTED)) for label, text in EXAMPLES],
    }
    response = render_section(request, "redaction", "redaction.html", context, INVALID if form.errors else 200)
    patch_cache_control(response, no_store=True)
    return response


def outcome(masked: int) -> str:
    """What was found, in a few words."""
    if not masked:
        return _("Nothing in it looks like a credential")
    return ngettext("%d part is masked", "%d parts are masked", masked) % masked


def as_stored(text: str) -> str:
    """A text as it would be stored: a JSON object as an object of Kubernetes, everything else as lines of a log."""
    try:
        raw = json.loads(text)
        if isinstance(raw, dict):
            return json.dumps(redact.pod_object(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):  # No JSON, or nested deeper than any object is.
        pass
    return redact.text(text)
