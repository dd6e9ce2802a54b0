"""Mattermost by an incoming webhook: see `attachments`."""

from __future__ import annotations

from diagnostics.notify.formats.attachments import Attachments


class Mattermost(Attachments):
    """As `Attachments` says."""

    kind = "mattermost"
    label = "Mattermost"


FORMAT = Mattermost()
