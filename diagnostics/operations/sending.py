"""Sends one message: over HTTP through the guarded sender, or as e-mail."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from diagnostics.models import Cluster
from diagnostics.notify import sender
from diagnostics.notify.exchange import Answer, Mail, Request
from diagnostics.notify.guard import PORTS, Guard, NotAllowed, own_servers
from diagnostics.notify.sender import NoAnswer

POSTGRESQL = 5432


def opened() -> Callable[[Request | Mail], Answer]:
    """What sends one message after the other, with the guard as of now.

    It returns the receiver's answer; a mail server that takes a message answers 250. It raises NotAllowed and NoAnswer.
    """
    known = guard()
    return lambda message: sender.send(message, known) if isinstance(message, Request) else _mail(message)


def guard() -> Guard:
    """Who may be asked: the internet and the operator's networks, but no server of ours and no API server."""
    return Guard(tuple(settings.OUTBOUND_ALLOW_CIDRS), own_servers([*_ours(), *_api_servers()]))


def _ours() -> list[tuple[str, int]]:
    database, broker = settings.DATABASES["default"], urlsplit(settings.CELERY["broker_url"])
    servers = [(broker.hostname, broker.port or 6379), (database.get("HOST"), int(database.get("PORT") or POSTGRESQL))]
    return [(host, port) for host, port in servers if host and not host.startswith("/")]


def _api_servers() -> list[tuple[str, int]]:
    addresses = (urlsplit(server) for server in Cluster.objects.exclude(server="").values_list("server", flat=True))
    return [(parts.hostname, parts.port or PORTS.get(parts.scheme, 443)) for parts in addresses if parts.hostname]


def _mail(mail: Mail) -> Answer:
    if not settings.EMAIL_HOST:
        raise NotAllowed("no mail server is known: set EMAIL_URL, see .env.example")
    headers = {"Message-ID": mail.message_id}
    if mail.references:
        headers |= {"In-Reply-To": mail.references, "References": mail.references}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=list(mail.to), headers=headers)
    message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except OSError as error:  # What smtplib raises, too: refused, not reached, no answer in time.
        raise NoAnswer(f"the mail server: {error}") from error
    return Answer(250)
