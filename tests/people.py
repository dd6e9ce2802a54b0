"""Accounts of people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from diagnostics.models import Member


def a_person(name: str, role: str = Member.Role.RESPONDER, **columns: Any) -> User:
    """Somebody with an account and a role."""
    user = User.objects.create_user(name, **columns)
    Member.objects.create(user=user, role=role)
    return user
