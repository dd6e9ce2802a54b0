"""`manage.py capture`: one namespace of a live cluster, saved as a fixture folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from diagnostics.kube import access
from diagnostics.kube.errors import ConfigurationError, FailureKind, ReadFailed
from diagnostics.management.progress import Progress
from diagnostics.operations.capturing import Capture, FolderInUse, capture
from diagnostics.snapshot.cluster import Unavailable

WRONG_USAGE, NOTHING_CAPTURED = 2, 3


class Command(BaseCommand):
    """Saves what can be read of a namespace, redacted; needs no database, Redis or worker."""

    help = "Save a namespace's objects, events and logs, redacted, as a fixture folder. Read-only; Secrets never."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to read, and where to write."""
        parser.usage = "%(prog)s [OPTION]... (--help tells them all)"
        parser.add_argument("--kubeconfig", metavar="PATH", help="default: $KUBECONFIG, ~/.kube/config, in-cluster")
        parser.add_argument("--context", metavar="NAME", help="a context of the kubeconfig; default: its current one")
        parser.add_argument("-n", "--namespace", metavar="NS", help="default: the context's")
        parser.add_argument("--to", type=Path, metavar="FOLDER", help="new or empty; default: named as the namespace")

    def handle(self, *_: object, **options: Any) -> None:
        """Exits 0 when captured, 2 for wrong usage, 3 when the namespace's pods could not be read."""
        progress = Progress()
        try:
            with access.load(options["kubeconfig"], options["context"]) as cluster:
                namespace = options["namespace"] or cluster.namespace
                folder = options["to"] or Path(namespace)
                captured = capture(cluster, namespace, folder, progress)
        except (ConfigurationError, FolderInUse, OSError) as error:  # The last: of the folder and its files.
            _give_up(error, WRONG_USAGE)
        except ReadFailed as error:
            _give_up(error, WRONG_USAGE if error.kind == FailureKind.BAD_REQUEST else NOTHING_CAPTURED)
        finally:
            progress.clear()
        sys.stdout.writelines(f"{line}\n" for line in _report(captured, namespace, folder))


def _give_up(error: Exception, code: int) -> NoReturn:
    """One line that says what to do, on standard error, and nothing on standard output."""
    sys.stderr.write(f"capture: {error}\n")
    sys.exit(code)


def _report(captured: Capture, namespace: str, folder: Path) -> list[str]:
    saved = f"Saved {captured.objects} objects and {captured.logs} logs of {namespace} in {folder}, redacted."
    unread = ["Could not read:", *map(_line, captured.unavailable)] if captured.unavailable else []
    return [saved, "Read it before you share it: names and addresses are as they were.", *unread]


def _line(gap: Unavailable) -> str:
    needs = f"; needs: {gap.grant}" if gap.grant else ""
    where = f" in {gap.namespace}" if gap.namespace and needs else ""
    return f"  {gap.resource}: {gap.error}{needs}{where}"
