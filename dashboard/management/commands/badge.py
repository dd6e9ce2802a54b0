"""`manage.py badge`: the address of a badge."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from dashboard.badges import key_of
from diagnostics import queries
from diagnostics.queries.badges import Place


class Command(BaseCommand):
    """Prints the addresses of a badge."""

    help = "Prints the addresses of a badge that says what is failing. Whoever has one may read it, signed in or not."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the badge is about."""
        parser.add_argument("--cluster", required=True, metavar="NAME", help="as the pages show it")
        parser.add_argument("--namespace", default="", metavar="NAME", help="one namespace of it; default: all")
        parser.add_argument("--workload", default="", metavar="KIND/NAME", help="one workload, as in Deployment/cart")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the picture's address, then that for shields.io, then the picture as Markdown."""
        place = Place(options["cluster"], options["namespace"], options["workload"])
        known = [cluster.name for cluster in queries.clusters()]
        if place.cluster not in known:
            raise CommandError(f"there is no cluster {place.cluster}; there are: {', '.join(known) or 'none'}")
        key = key_of(place)
        picture, endpoint = (
            urljoin(settings.BASE_URL, reverse(name, args=[key])) for name in ("badge", "badge-endpoint")
        )
        self.stdout.write(f"{picture}\n{endpoint}\n![Sickbay]({picture})")
