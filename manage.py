#!/usr/bin/env python
"""Django's command line, with a short way in for the commands that need nothing but their own code."""

from __future__ import annotations

import os
import sys

# Neither database, Redis nor apps: loading those would be most of the time that a scan takes.
SLIM_COMMANDS = ("scan", "capture", "democluster")


def main(arguments: list[str]) -> None:
    """Runs one command of `diagnostics`, `dashboard` or Django."""
    slim = arguments[1:2] and arguments[1] in SLIM_COMMANDS
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.slim_settings" if slim else "dashboard.settings")
    from django.core.management import execute_from_command_line, load_command_class  # noqa: PLC0415 - reads the above

    if slim:
        load_command_class("diagnostics", arguments[1]).run_from_argv(arguments)
    else:
        execute_from_command_line(arguments)


if __name__ == "__main__":
    main(sys.argv)
