"""`manage.py democluster`: the demo cluster's Kubernetes API on loopback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics.demo.recordings import NoRecording
from diagnostics.demo.serving import DEFAULT_PORT, CannotServe, Serving, serve, stop_on_signals

_PROJECT = Path(__file__).resolve().parents[3]
# Not the demo.kubeconfig of `manage.py up`, whose workers would otherwise follow a cluster started by hand.
KUBECONFIG = "democluster.kubeconfig"
WRONG_USAGE = 2


class Command(BaseCommand):
    """Serves recorded Kubernetes objects as a cluster; needs no database, Redis or worker."""

    help = "Serve a demo cluster, whose pods fail and heal, to kubectl and to Sickbay; or any captured folder."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the public contract."""
        parser.usage = "%(prog)s [OPTION]... (--help tells them all)"
        parser.add_argument(
            "--from", dest="folder", type=Path, metavar="FOLDER", help="a captured cluster or namespace"
        )
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help="default: %(default)s; 0: any")
        parser.add_argument("--frozen", action="store_true", help="no life: as captured, at the time of the capture")
        parser.add_argument(
            "--kubeconfig", type=Path, metavar="PATH", help="where to write it; default: data directory"
        )

    def handle(self, *_: object, **options: Any) -> None:
        """Ends with Ctrl-C; exits 2 for a folder or a port that cannot be served."""
        asked = Serving(
            kubeconfig=(options["kubeconfig"] or _data_dir() / KUBECONFIG).absolute(),
            folder=options["folder"],
            port=options["port"],
            frozen=options["frozen"],
        )
        try:
            serve(asked, self._announce, stop_on_signals())
        except (NoRecording, CannotServe) as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error

    def _announce(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _data_dir() -> Path:
    """Where `dashboard.environment` puts it, which is not loaded here: these commands start fast."""
    return Path(os.environ.get("SICKBAY_DATA_DIR") or _PROJECT / "var" / "data").expanduser()
