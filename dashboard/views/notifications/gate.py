"""Who may change what notifications do: whoever signed in, but for the visitor of a demo, who only looks."""

from __future__ import annotations

from typing import ParamSpec

from django.views.decorators.http import require_http_methods

from dashboard.signin import View, for_members

Rest = ParamSpec("Rest")


def form_page(view: View[Rest]) -> View[Rest]:
    """A page with a form, which it takes back."""
    return require_http_methods(["GET", "HEAD", "POST"])(for_members(view, posted_from="notifications"))


def deed(view: View[Rest]) -> View[Rest]:
    """What a button does: a POST, and nothing to look at."""
    return require_http_methods(["POST"])(for_members(view, posted_from="notifications"))
