"""Who has an account, and which tokens they made for programs."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from diagnostics.models import ApiToken, Member


def accounts(*, besides: str) -> QuerySet[User]:
    """All accounts but one, each with its role: who may come in first, then by name."""
    return User.objects.select_related("member").exclude(username=besides).order_by("-is_active", "username")


def admins() -> QuerySet[User]:
    """The active accounts that may change how Sickbay works."""
    return User.objects.filter(Q(is_superuser=True) | Q(member__role=Member.Role.ADMIN), is_active=True)


def tokens(user: User | None = None) -> list[ApiToken]:
    """The tokens of one user, or of all; those that were revoked last."""
    rows = ApiToken.objects.select_related("user__member").order_by("-created_at", "-pk")
    found = list(rows if user is None else rows.filter(user=user))
    return sorted(found, key=lambda token: token.revoked_at is not None)
