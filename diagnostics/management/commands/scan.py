"""`manage.py scan`: one look at a cluster from the terminal."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from diagnostics.kube import access
from diagnostics.kube.errors import ConfigurationError, FailureKind, ReadFailed
from diagnostics.management.progress import Progress
from diagnostics.management.reports import WRITERS
from diagnostics.operations.scanning import Request, Scan, scan
from diagnostics.rules.model import Severity

SOMETHING_FAILS, WRONG_USAGE, NOTHING_JUDGED = 1, 2, 3


class Command(BaseCommand):
    """Reads one cluster, judges it and prints what fails; needs no database, Redis or worker."""

    help = "Say why pods fail, once, from what the API server answers now. Read-only."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the public contract."""
        parser.usage = "%(prog)s [OPTION]... (--help tells them all)"
        parser.add_argument("--kubeconfig", metavar="PATH", help="default: $KUBECONFIG, ~/.kube/config, in-cluster")
        parser.add_argument("--context", metavar="NAME", help="a context of the kubeconfig; default: its current one")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("-n", "--namespace", metavar="NS", action="append", type=_namespace, help="may be repeated")
        where.add_argument("-A", "--all-namespaces", action="store_true")
        parser.add_argument("-l", "--selector", default="", help="only pods with these labels, as kubectl takes it")
        parser.add_argument("-o", "--output", choices=WRITERS, default="table")
        parser.add_argument("--min-severity", type=_severity, default=Severity.LOW, metavar="S", help=_WORDS)
        parser.add_argument("--fail-on", type=_severity, metavar="S", help="exit 1 if anything is this bad or worse")
        parser.add_argument("--no-logs", action="store_true", help="do not read logs")
        parser.add_argument("--all-pods", action="store_true", help="list every pod with kubectl's STATUS as well")
        parser.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="for the whole scan")

    def handle(self, *_: object, **options: Any) -> None:
        """Exits 0 when scanned, 1 by `--fail-on`, 2 for wrong usage, 3 when nothing could be judged."""
        result = self._scan(options)
        try:
            WRITERS[options["output"]](result, sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:  # The reader (`| head`) has seen enough; say nothing at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        threshold = options["fail_on"]
        if threshold is not None and any(Severity[d.severity.upper()] >= threshold for d in result.diagnoses):
            sys.exit(SOMETHING_FAILS)

    def _scan(self, options: dict[str, Any]) -> Scan:
        progress = Progress()
        try:
            with access.load(options["kubeconfig"], options["context"], budget=options["timeout"]) as cluster:
                return scan(cluster, _request(options, cluster.namespace), progress)
        except ConfigurationError as error:
            _give_up(error, WRONG_USAGE)
        except ReadFailed as error:
            _give_up(error, WRONG_USAGE if error.kind == FailureKind.BAD_REQUEST else NOTHING_JUDGED)
        finally:
            progress.clear()


def _give_up(error: ReadFailed, code: int) -> NoReturn:
    """One line that says what to do, on standard error, and nothing on standard output."""
    sys.stderr.write(f"scan: {error}\n")
    sys.exit(code)


def _request(options: dict[str, Any], default_namespace: str) -> Request:
    namespaces = () if options["all_namespaces"] else tuple(dict.fromkeys(options["namespace"] or [default_namespace]))
    return Request(
        namespaces=namespaces,
        selector=options["selector"],
        min_severity=options["min_severity"],
        logs=not options["no_logs"],
        all_pods=options["all_pods"],
    )


_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123, as the API server demands.
_WORDS = ", ".join(severity.word for severity in reversed(Severity))


def _severity(word: str) -> Severity:
    try:
        return Severity[word.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{word!r} is not one of {_WORDS}") from None


def _namespace(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be the name of a namespace")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
