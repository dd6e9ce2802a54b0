"""What every page shows around its own matter: how fresh things are, how many are open, who watches."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.formats import date_format
from django.utils.timezone import localtime

from dashboard.environment import PROJECT
from dashboard.roles import Role, may
from dashboard.signin import is_guest
from dashboard.views import freshness
from dashboard.views.filters import Selection, triage_url
from dashboard.views.freshness import Beat, State
from diagnostics import queries
from diagnostics.models import SavedView
from diagnostics.queries import Counts, Filter

VERSION: str = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything watched, at a moment."""

    now: datetime
    seq: int  # Of the newest update when it was read, so that a browser knows what it may have missed.
    beats: tuple[Beat, ...]
    counts: Counts
    kept_since: datetime | None

    @classmethod
    def read(cls, now: datetime) -> Overview:
        """Reads it; the sequence number first, so that it never promises more than was read."""
        seq = queries.latest_seq()
        return cls(
            now=now,
            seq=seq,
            beats=tuple(freshness.beat(cluster, now) for cluster in queries.clusters()),
            counts=queries.counts(Filter(), now),
            kept_since=queries.kept_since(),
        )

    @cached_property
    def read_at(self) -> datetime | None:
        """How old the data is: when the slowest of the clusters that answer was read, else the latest of the others.

        What is lost, late or paused has its own mark.
        """
        current = [beat.read_at for beat in self.beats if beat.read_at and beat.current]
        return min(current) if current else max((beat.read_at for beat in self.beats if beat.read_at), default=None)

    @cached_property
    def slowest_read_at(self) -> datetime | None:
        """When the cluster was read that was read longest ago, whatever its state."""
        return min((beat.read_at for beat in self.beats if beat.read_at), default=None)

    @cached_property
    def unread(self) -> list[Beat]:
        """Clusters that were not read yet, and nothing is wrong with that so far."""
        return [beat for beat in self.beats if beat.state is State.UNREAD]

    @cached_property
    def lost(self) -> list[Beat]:
        """Clusters that cannot be reached."""
        return [beat for beat in self.beats if beat.state is State.LOST]

    @cached_property
    def not_current(self) -> list[Beat]:
        """Clusters of which not all can be said now: late, lost, paused, never read, or not readable in full."""
        return [beat for beat in self.beats if not beat.current or beat.blind or beat.unjudged]

    @cached_property
    def blind(self) -> list[Beat]:
        """Clusters some of whose pods may not be read."""
        return [beat for beat in self.beats if beat.blind]

    @cached_property
    def with_gaps(self) -> list[Beat]:
        """Clusters that could not be read or judged in full."""
        return [b for b in self.beats if b.cluster.gaps or b.cluster.crashed or b.cluster.malformed]

    @cached_property
    def frozen(self) -> dict[int, Beat]:
        """The clusters whose diagnoses are shown as they were, by primary key."""
        return {beat.cluster.pk: beat for beat in self.beats if beat.frozen}

    @property
    def kept_since_day(self) -> str:
        """`2 Aug`, with the year once it is another one; blank while nothing is stored."""
        if self.kept_since is None:
            return ""
        at = localtime(self.kept_since)
        return date_format(at, "j M" if at.year == localtime(self.now).year else "j M Y")

    @cached_property
    def frozen_open(self) -> int:
        """How many open diagnoses are only known as they were."""
        return sum(self.counts.open_by_cluster.get(key, 0) for key in self.frozen)

    @property
    def current_open(self) -> int:
        """How many open diagnoses are true now."""
        return self.counts.open - self.frozen_open

    @cached_property
    def workers(self) -> int:
        """How many workers watch now."""
        return freshness.workers([beat.cluster for beat in self.beats], self.now)

    @cached_property
    def unwatched_since(self) -> datetime | None:
        """Since when nothing is being updated for want of a worker."""
        return freshness.unwatched_since([beat.cluster for beat in self.beats], self.now)

    @cached_property
    def pods_seen(self) -> int:
        """Pods in all clusters, as last read."""
        return sum(beat.cluster.pods_seen for beat in self.beats)


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A saved view as the rail lists it."""

    view: SavedView
    url: str
    count: int | None = None  # Open diagnoses; None where they were not counted.


def render_page(
    request: HttpRequest, template: str, overview: Overview, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """A page with what every page shows around it; never kept by a cache, for it is true for a moment only."""
    selection: Selection = context.get("selection", Selection())
    frame = {
        "overview": overview,
        "now": overview.now,
        "version": VERSION,
        "guest": is_guest(request.user),
        "may_respond": may(request.user, Role.RESPONDER),
        "may_configure": may(request.user, Role.ADMIN),
        "selection": selection,
        "scopes": selection.cluster_menu(tuple(beat.name for beat in overview.beats)),
        "all_scopes_url": selection.narrowed(clusters=()).url,
    }
    if "views" not in context:
        frame["views"] = [ViewLine(view, triage_url(view.query)) for view in queries.saved_views(request.user)]  # type: ignore[arg-type]  # Only people who signed in see pages.
    response = render(request, template, {**frame, **context}, status=status)
    patch_cache_control(response, no_cache=True, private=True)
    return response


def current_overview() -> Overview:
    """Everything watched, now."""
    return Overview.read(timezone.now())
