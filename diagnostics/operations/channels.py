"""Channels are added, changed, tested and removed. What cannot be sent to is refused before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from diagnostics.models import Channel, Delivery
from diagnostics.models.encrypted import KeyMissing
from diagnostics.notify.formats import Format, formats
from diagnostics.notify.guard import NotAllowed
from diagnostics.notify.notice import Type
from diagnostics.operations.refusing import Invalid, about
from diagnostics.operations.secret_fields import MASK, masked, restored
from diagnostics.operations.sending import guard
from diagnostics.operations.versions import store_named, unchanged
from diagnostics.queries import public


def create(name: str, kind: str, settings: Mapping[str, Any], *, enabled: bool = True) -> Channel:
    """A new channel. Raises Invalid."""
    channel = Channel(name=name, kind=kind, settings={}, enabled=enabled)
    channel.settings = _checked(_format(kind), settings, {})
    _store(channel)
    return channel


def change(channel: UUID, changes: Mapping[str, Any], version: int | None = None) -> Channel:
    """Another `name`, other `settings` (all of them; secrets may stay masked), or `enabled`; enabling forgives.

    Raises Channel.DoesNotExist, Changed and Invalid. What a channel is (`kind`) stays.
    """
    with transaction.atomic():
        row = unchanged(Channel.objects.select_for_update(), channel, version)
        for name in {"name", "enabled"} & changes.keys():
            setattr(row, name, changes[name])
        if "settings" in changes:
            row.settings = _checked(_format(row.kind), changes["settings"], row.settings)
        if changes.get("enabled"):
            row.disabled_reason, row.failures, row.failing_since, row.last_error = "", 0, None, ""
        row.version += 1
        _store(row)
    return row


def delete(channel: UUID, version: int | None = None) -> None:
    """Removes it with its deliveries; routes go on without it. Raises Channel.DoesNotExist and Changed."""
    with transaction.atomic():
        # Without the settings: one whose key is lost can be removed all the same.
        unchanged(Channel.objects.select_for_update().defer("settings"), channel, version).delete()


def test(channel: UUID, by: User | None, now: datetime) -> Delivery:
    """Puts a test into the outbox; its delivery tells how it went. Raises Channel.DoesNotExist, and Invalid if disabled."""
    row = Channel.objects.defer("settings").get(uuid=channel)
    if not row.enabled:
        raise Invalid({"enabled": ["the channel is disabled: enable it first"]})
    data = {"channel": row.name, "url": public.page("/"), "by": by.get_username() if by else ""}
    return Delivery.objects.create(channel=row, type=Type.TEST, data=data, created_at=now, due_at=now)


def shown(channel: Channel) -> dict[str, Any]:
    """Its settings, secrets masked."""
    known = formats().get(channel.kind)
    # Of a kind that this version does not know nothing is known to be harmless.
    return masked(channel.settings, known.settings.secret_fields if known else channel.settings)


def _format(kind: str) -> Format[Any]:
    known = formats().get(kind)
    if known is None:
        raise Invalid({"kind": [f"a channel is one of {', '.join(formats())}"]})
    return known


def _checked(form: Format[Any], given: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    settings = restored(given, stored, form.settings.secret_fields)
    if MASK in _texts(settings):
        raise Invalid({"settings": [f"{MASK} stands for a secret that is stored, and there is none"]})
    with about("settings"):
        form.read(settings)
    for name, url in settings.items():
        if name == "url" or name.endswith("_url"):
            _check_url(name, url)
    return settings


def _check_url(name: str, url: str) -> None:
    try:
        guard().check_url(url)
    except NotAllowed as error:
        raise Invalid({"settings": [f"{name}: {error}"]}) from error


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in value.values():
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)


def _store(row: Channel) -> None:
    try:
        store_named(row, "channel")
    except KeyMissing as error:
        raise Invalid({"settings": [str(error)]}) from error
