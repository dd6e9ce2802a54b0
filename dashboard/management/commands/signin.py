"""`manage.py signin`: a way in for whoever may run commands here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.signin import ADMIN, LINK_LIFETIME, UnknownUser, one_time_link


class Command(BaseCommand):
    """Prints a new one-time sign-in link."""

    help = "Prints a new one-time sign-in link. The default user is made when missing, as an administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        """The user, if it is not the administrator."""
        parser.add_argument("user", nargs="?", default=ADMIN, metavar="USER", help=f"user name, default {ADMIN}")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the link alone on standard output, what it is on standard error."""
        try:
            link = one_time_link(options["user"])
        except UnknownUser as error:
            raise CommandError(f"there is no active user {error}") from error
        minutes = int(LINK_LIFETIME.total_seconds() // 60)
        self.stderr.write(f"Signs in {options['user']}, once, within {minutes} minutes:")
        self.stdout.write(link)
