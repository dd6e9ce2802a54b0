"""Your account: who you are here, and your password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.roles import role_of
from dashboard.views.refusable import INVALID
from dashboard.views.settings.people import ROLES
from dashboard.views.settings.sections import for_members, reader, render_section
from dashboard.views.settings.tokens import lines
from diagnostics.queries.people import tokens


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def page(request: HttpRequest) -> HttpResponse:
    """The account of whoever looks, with the form for a password."""
    user = reader(request)
    form = _form(user, request)
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, user)  # Else this session ended, too.
        messages.success(request, _("The password is set. You are signed out everywhere else."))
        return redirect("account")
    counting = sum(line.counts for line in lines(tokens(user), timezone.now()))
    context = {"role": ROLES[role_of(user)], "form": form, "counting": counting}
    return render_section(request, "account", "account.html", context, INVALID if form.errors else 200)


def _form(user: User, request: HttpRequest) -> SetPasswordForm[User]:
    """The form for a password; who has one already proves it by the old one."""
    kind = PasswordChangeForm if user.has_usable_password() else SetPasswordForm
    form: SetPasswordForm[User] = kind(user, request.POST if request.method == "POST" else None)
    form.fields["new_password1"].help_text = gettext_lazy("At least 12 characters, and none of those that many use.")
    form.fields["new_password2"].label = gettext_lazy("The new password again")
    form.fields["new_password2"].help_text = ""
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)  # A page of several things: the reader chooses.
    return form
