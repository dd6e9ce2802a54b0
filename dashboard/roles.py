"""What somebody may do: look, respond to diagnoses, or change how Sickbay works."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

from diagnostics.models import Member

Role = Member.Role
_ORDER = (Role.VIEWER, Role.RESPONDER, Role.ADMIN)


class Accounts(ModelBackend):
    """Django's accounts, each read together with its role."""

    def get_user(self, user_id: int) -> User | None:
        """The account of a session; None if it is gone or was deactivated."""
        user = User.objects.select_related("member").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def role_of(user: AbstractBaseUser | AnonymousUser) -> Member.Role:
    """The role of an account; one that was given none only looks."""
    if not isinstance(user, User):
        return Role.VIEWER
    if user.is_superuser:
        return Role.ADMIN
    member: Member | None = getattr(user, "member", None)
    return Role(member.role) if member else Role.VIEWER


def may(user: AbstractBaseUser | AnonymousUser, role: Member.Role) -> bool:
    """Whether somebody may do what needs a role."""
    return user.is_authenticated and _ORDER.index(role_of(user)) >= _ORDER.index(role)
