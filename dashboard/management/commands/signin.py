"""`manage.py signin`: a way in for whoever may run commands here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.roles import Role, role_of
from dashboard.signin import ADMIN, GUEST, LINK_LIFETIME, UnknownUser, one_time_link
from diagnostics.operations import people
from diagnostics.operations.refusing import Invalid


class Command(BaseCommand):
    """Prints a new one-time sign-in link."""

    help = (
        "Prints a new one-time sign-in link. An account that is missing is made if --role says what it may do; the"
        " default user is made in any case, as an administrator."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The user, if it is not the administrator, and what a new one may do."""
        parser.add_argument("user", nargs="?", default=ADMIN, metavar="USER", help=f"user name, default {ADMIN}")
        parser.add_argument("--role", choices=Role.values, help="makes the account with this role if it is missing")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the link alone on standard output, what it is on standard error."""
        name, role = options["user"], options["role"]
        if role and name != ADMIN and not User.objects.filter(username=name).exists():
            self._make(name, role)
        try:
            link = one_time_link(name)
        except UnknownUser as error:
            raise CommandError(f"there is no active user {error}; --role makes one that is missing") from error
        if role:
            self._tell_role(name, role)
        minutes = int(LINK_LIFETIME.total_seconds() // 60)
        self.stderr.write(f"Signs in {name}, once, within {minutes} minutes:")
        self.stdout.write(link)

    def _make(self, name: str, role: str) -> None:
        if name.lower() == GUEST:
            raise CommandError(f"the name {GUEST} is kept for the visitor of a demo; choose another")
        try:
            people.add(name, role)
        except Invalid as error:
            raise CommandError(str(error)) from error

    def _tell_role(self, name: str, asked: str) -> None:
        """Somebody who was there before keeps their role: a typing error shall not make an admin."""
        role = role_of(User.objects.get(username=name))
        if role != asked:
            self.stderr.write(f"{name} stays {role}: an admin changes roles under Settings.")
