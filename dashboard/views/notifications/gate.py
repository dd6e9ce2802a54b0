"""Who may change what notifications do: whoever signed in, but for the visitor of a demo, who only looks."""

from __future__ import annotations

from functools import wraps
from typing import ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from dashboard.signin import View, is_guest, signed_in

Rest = ParamSpec("Rest")


def form_page(view: View[Rest]) -> View[Rest]:
    """A page with a form, which it takes back."""
    return require_http_methods(["GET", "HEAD", "POST"])(_no_guest(view))


def deed(view: View[Rest]) -> View[Rest]:
    """What a button does: a POST, and nothing to look at."""
    return require_http_methods(["POST"])(_no_guest(view))


def _no_guest(view: View[Rest]) -> View[Rest]:
    @wraps(view)
    def gate(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if is_guest(request.user):
            back = request.get_full_path() if request.method != "POST" else reverse("notifications")
            return redirect(f"{reverse('signin')}?{urlencode({'next': back})}")
        return view(request, *args, **kwargs)

    return signed_in(gate)
