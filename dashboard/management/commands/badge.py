"""`manage.py badge`: makes a badge."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.badges import Addresses
from diagnostics import queries
from diagnostics.operations import badges
from diagnostics.operations.refusing import Invalid


class Command(BaseCommand):
    """Makes a badge and prints its addresses."""

    help = "Makes a badge that says what is failing. Whoever has its address may read it, signed in or not."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the badge is about."""
        parser.add_argument("--cluster", required=True, metavar="NAME", help="as the pages show it")
        parser.add_argument("--namespace", default="", metavar="NAME", help="one namespace of it; default: all")
        parser.add_argument("--workload", default="", metavar="KIND/NAME", help="one workload, as in Deployment/cart")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prints the picture's address, then that for shields.io, then the picture as Markdown."""
        clusters = {cluster.name: cluster for cluster in queries.clusters()}
        cluster = clusters.get(options["cluster"])
        if cluster is None:
            raise CommandError(f"there is no cluster {options['cluster']}; there are: {', '.join(clusters) or 'none'}")
        try:
            badge = badges.create(cluster, options["namespace"], options["workload"], by=None)
        except Invalid as error:
            raise CommandError(str(error)) from error
        shown = Addresses(badge)
        self.stdout.write(f"{shown.picture}\n{shown.endpoint}\n{shown.markdown}")
