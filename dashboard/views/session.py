"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import signin
from dashboard.signin_limits import Attempt, TooMany
from dashboard.views.errors import too_many_attempts


class PasswordSignIn(LoginView):
    """The form for people who have a password."""

    template_name = "signin.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tries name and password, unless too many were tried before."""
        try:
            self.attempt = Attempt(request)
        except TooMany as wait:
            return too_many_attempts(request, wait.seconds)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Signs in."""
        self.attempt.succeeded()
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether there is another way in, for guests."""
        return super().get_context_data(demo=settings.DEMO, **kwargs)

    def get_default_redirect_url(self) -> str:
        """Where to after signing in, if no page was asked for."""
        return reverse("triage")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token")
def one_time_link(request: HttpRequest, token: str) -> HttpResponse:
    """A sign-in link: looking at it changes nothing, its button signs in."""
    if request.method == "POST" and signin.spend(request, token):
        return redirect("triage")
    user = signin.user_of(token)
    return render(request, "signin_link.html", {"person": user}, status=200 if user else 410)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("signin")
