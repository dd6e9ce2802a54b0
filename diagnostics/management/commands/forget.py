"""`manage.py forget`: drops what is stored of a cluster."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics.models import Cluster
from diagnostics.operations.clusters import forget


class Command(BaseCommand):
    """Drops a cluster's diagnoses and evidence; the cluster itself is never touched."""

    help = "Drop everything that is stored of a cluster: diagnoses, evidence, history. If it is configured, it begins anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """The cluster's name, as the pages show it."""
        parser.add_argument("cluster", metavar="CLUSTER", help="the name of its context, or in-cluster")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Says what was dropped."""
        name = options["cluster"]
        if not forget(name):
            known = ", ".join(Cluster.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"there is no cluster {name} (known: {known})")
        self.stdout.write(f"Forgot {name}.")
