"""`manage.py up`: the whole product on one machine, under one supervisor, until Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from itertools import chain
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseFault
from django.db import connections

from dashboard.settings import ENVIRONMENT
from dashboard.signin import one_time_link
from dashboard.supervisor.console import Console
from dashboard.supervisor.embedded import stages
from dashboard.supervisor.keeper import StartFailed
from dashboard.supervisor.preflight import CannotStart, check_port, held
from dashboard.supervisor.supervisor import supervise
from dashboard.supervisor.watched import Watched, choose_watched


class Command(BaseCommand):
    """Starts Redis, web, workers, beat and, where there is no kubeconfig, the demo cluster."""

    help = "Run all of Sickbay on this machine: Redis, web, workers and beat under one supervisor. Ctrl-C stops it."
    requires_system_checks = ()

    def handle(self, *_: object, **__: Any) -> None:
        try:
            with held(ENVIRONMENT.data_dir):
                self._run()
        except (CannotStart, StartFailed) as reason:
            self.stderr.write(f"sickbay: {reason}")
            sys.exit(2)
        except KeyboardInterrupt:  # Before the supervisor listens for it: nothing runs yet.
            sys.exit(130)

    def _run(self) -> None:
        check_port(ENVIRONMENT.address)
        watched = choose_watched(ENVIRONMENT)
        programs = stages(ENVIRONMENT, watched)
        link = self._prepare()
        report = _report(link, watched)
        names = [program.name for program in chain(*programs)]
        with closing(Console(sys.stdout, ENVIRONMENT.data_dir / "log", names)) as console:
            console.say("Starting Sickbay ...")
            asyncio.run(supervise(programs, console, when_up=lambda: console.say(report)))

    def _prepare(self) -> str:
        """Brings the database and the static files up to date. Returns a sign-in link."""
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("collectstatic", interactive=False, verbosity=0)
            return one_time_link()
        except DatabaseFault as error:
            reason = str(error).partition("\n")[0]
            raise CannotStart(f"DATABASE_URL: the database does not work: {reason}") from error
        finally:
            connections.close_all()


def _report(link: str, watched: Watched) -> str:
    """What somebody needs to know who has just started it, and nothing else."""
    lines = {
        "open": ENVIRONMENT.base_url + ENVIRONMENT.base_path + "/",
        "sign in": f"{link} (once, within 15 minutes; more: manage.py signin)",
        "watches": watched.words,
        "data": f"{ENVIRONMENT.data_dir} (logs in log/)",
        "stop": "Ctrl-C",
    }
    return "\n".join(["", "Sickbay is up.", "", *(f"  {name:<8} {text}" for name, text in lines.items()), ""])
