"""`manage.py token`: tokens for programs that use the REST API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from diagnostics.models import ApiToken
from diagnostics.operations import tokens
from diagnostics.operations.refusing import Invalid

ADMIN = "admin"


class Command(BaseCommand):
    """Makes, lists and revokes tokens. What a program shows is printed once, when it is made."""

    help = "Make, list or revoke tokens for programs that use the REST API."

    def add_arguments(self, parser: CommandParser) -> None:
        """One of three."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="print a new token, once")
        create.add_argument("name", metavar="NAME", help="what it is for")
        create.add_argument("--user", default=ADMIN, metavar="USER", help="whose it is, default %(default)s")
        create.add_argument("--scope", default="read", choices=ApiToken.Scope.values, help="default %(default)s")
        create.add_argument("--days", type=int, metavar="N", help="how long it counts; default: until it is revoked")
        actions.add_parser("list", help="list all tokens")
        actions.add_parser("revoke", help="let a token in no more").add_argument("id", type=UUID, metavar="ID")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Does it."""
        match options["action"]:
            case "create":
                self._create(options)
            case "list":
                self.stdout.writelines(f"{_line(token)}\n" for token in ApiToken.objects.select_related("user"))
            case _:
                self._revoke(options["id"])

    def _create(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {options['user']}; manage.py signin makes {ADMIN}")
        now, days = timezone.now(), options["days"]
        try:
            expires_at = None if days is None else now + timedelta(days=days)
            _, shown = tokens.create(user, options["name"], [options["scope"]], now, expires_at)
        except (Invalid, OverflowError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Keep it: it cannot be shown again.")
        self.stdout.write(shown)

    def _revoke(self, uuid: UUID) -> None:
        try:
            token = tokens.revoke(uuid, timezone.now())
        except ApiToken.DoesNotExist as error:
            raise CommandError(f"there is no token {uuid}; manage.py token list lists them") from error
        self.stdout.write(f"Revoked {token.name}.")


def _line(token: ApiToken) -> str:
    used = f"used {token.last_used_at:%F %H:%M}" if token.last_used_at else "never used"
    ends = f"revoked {token.revoked_at:%F}" if token.revoked_at else "no end"
    if token.revoked_at is None and token.expires_at is not None:
        ends = f"until {token.expires_at:%F %H:%M}"
    return f"{token.uuid}  {token.name}  {token.user.get_username()}  {', '.join(token.scopes)}  {ends}  {used}"
