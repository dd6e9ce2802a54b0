"""Accounts of people: added, given a role, let in and out. One active admin always stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from diagnostics.models import Member
from diagnostics.operations.refusing import Invalid
from diagnostics.queries.people import admins

NO_PASSWORD = None


def add(name: str, role: str) -> User:
    """A new account without a password: its way in is a one-time link. Raises Invalid."""
    name = User.normalize_username(name)
    _check_name(name)
    with transaction.atomic():
        user, created = User.objects.get_or_create(username=name)
        if not created:
            raise _taken(name)
        user.set_password(NO_PASSWORD)
        user.save(update_fields=["password"])
        Member.objects.create(user=user, role=_known(role))
    return user


def give_role(user: User, role: str) -> None:
    """Changes what somebody may do, from their next request on. Raises Invalid for the last active admin."""
    known = _known(role)
    with _keeping_an_admin():
        Member.objects.update_or_create(user=user, defaults={"role": known})
        if known != Member.Role.ADMIN:
            User.objects.filter(pk=user.pk).update(is_superuser=False, is_staff=False)


def deactivate(user: User) -> None:
    """Lets somebody in no more: sessions and links end for good, the password is forgotten, tokens count no longer.

    Raises Invalid for the last active admin.
    """
    with _keeping_an_admin():
        user.is_active = False
        user.set_password(NO_PASSWORD)  # A session is bound to it, so that none comes back with the account.
        user.save(update_fields=["is_active", "password"])


def reactivate(user: User) -> None:
    """Lets somebody in again, by a new one-time link; tokens that were not revoked count again."""
    user.is_active = True
    user.save(update_fields=["is_active"])


@contextmanager
def _keeping_an_admin() -> Iterator[None]:
    """Takes back what would leave nobody who could add people. Two at once wait for each other."""
    with transaction.atomic():
        list(admins().select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        yield
        if not admins().exists():
            text = "this is the only active admin: nobody could change people or clusters; make another admin first"
            raise Invalid({"role": [text]})


def _check_name(name: str) -> None:
    try:
        User(username=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        text = "a user name has letters, digits and any of @ . + - _, at most 150 of them"
        raise Invalid({"name": [text]}) from error
    if User.objects.filter(username__iexact=name).exists():
        raise _taken(name)


def _taken(name: str) -> Invalid:
    return Invalid({"name": [f"there is an account {name} already"]})


def _known(role: str) -> Member.Role:
    if role not in Member.Role.values:
        raise Invalid({"role": [f"the roles are {', '.join(Member.Role.values)}"]})
    return Member.Role(role)
