"""Rocket.Chat by an incoming webhook: see `attachments`."""

from __future__ import annotations

from diagnostics.notify.formats.attachments import Attachments


class RocketChat(Attachments):
    """As `Attachments` says."""

    kind = "rocketchat"
    label = "Rocket.Chat"


FORMAT = RocketChat()
