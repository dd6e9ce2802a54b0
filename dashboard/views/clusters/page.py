"""The page of all clusters: what cannot be read first, then what is read in part, then what is well."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.clusters.costs import Gap, gaps, mending
from dashboard.views.freshness import Beat, State
from dashboard.views.overview import Overview, current_overview, render_page
from dashboard.views.spark import Bars, bars
from diagnostics.queries import reading
from diagnostics.queries.reading import OpenIn, Reading

MILLISECONDS = 1_000


class Standing(StrEnum):
    """How far a cluster is read, worst first."""

    NOT = "not"
    PART = "part"
    UNREAD = "unread"
    PAUSED = "paused"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Card:
    """A cluster as the page shows it."""

    beat: Beat
    reading: Reading
    open: OpenIn | None
    gaps: list[Gap]

    @property
    def standing(self) -> Standing:
        """How far it is read."""
        if self.beat.state is State.PAUSED:
            return Standing.PAUSED
        if self.beat.state is State.LOST or self.beat.cluster.failing_since:
            return Standing.NOT
        if self.beat.state is State.UNREAD:
            return Standing.UNREAD
        whole = not self.gaps and not self.beat.unjudged and self.beat.state is State.FRESH
        return Standing.FULL if whole else Standing.PART

    @property
    def mending(self) -> str:
        """The YAML that adds what is missing."""
        return mending(self.gaps)

    @property
    def command(self) -> str:
        """What to try by hand where it cannot be read."""
        context = self.beat.cluster.context
        chosen = f"--context {shlex.quote(context)} " if context else ""
        return f"kubectl {chosen}get --raw '/readyz?verbose'"

    @property
    def bars(self) -> Bars:
        """How long its full lists took, by the hour."""
        return bars([round(seconds * MILLISECONDS) for seconds in self.reading.hours])


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """All clusters."""
    overview = current_overview()
    found = cards(overview)
    grouped = {standing.value: [card for card in found if card.standing is standing] for standing in Standing}
    context = {"headline": headline({name: len(group) for name, group in grouped.items()}), **grouped, "cards": found}
    return render_page(request, "clusters/page.html", overview, {"cannot": grouped[Standing.NOT], **context})


def cards(overview: Overview) -> list[Card]:
    """Every cluster, by name."""
    readings, opened = reading.readings(overview.now), reading.open_in()
    return [_card(beat, readings, opened) for beat in overview.beats]


def _card(beat: Beat, readings: Mapping[int, Reading], opened: Mapping[int, OpenIn]) -> Card:
    pk = beat.cluster.pk
    reading = readings.get(pk, Reading((), None, 0))  # One that was added between two queries.
    return Card(beat, reading, opened.get(pk), gaps(beat.cluster.gaps))


# What is said of clusters in a whole sentence, and behind a comma.
_SAID: dict[Standing, tuple[str | Promise, str | Promise]] = {
    Standing.FULL: (
        ngettext_lazy("%(n)d cluster is read in full", "%(n)d clusters are read in full", "n"),
        gettext_lazy("%(n)d in full"),
    ),
    Standing.PART: (
        ngettext_lazy("%(n)d cluster is read in part", "%(n)d clusters are read in part", "n"),
        gettext_lazy("%(n)d in part"),
    ),
    Standing.NOT: (
        ngettext_lazy("%(n)d cluster cannot be read", "%(n)d clusters cannot be read", "n"),
        gettext_lazy("%(n)d not at all"),
    ),
    Standing.UNREAD: (
        ngettext_lazy("%(n)d cluster was not read yet", "%(n)d clusters were not read yet", "n"),
        gettext_lazy("%(n)d not yet"),
    ),
    Standing.PAUSED: (
        ngettext_lazy("%(n)d cluster is paused", "%(n)d clusters are paused", "n"),
        gettext_lazy("%(n)d paused"),
    ),
}


def headline(counts: Mapping[str, int]) -> str:
    """`2 clusters are read in full, 1 in part, 1 not at all`: the first in a whole sentence, the others short."""
    some = [(*said, {"n": counts[standing]}) for standing, said in _SAID.items() if counts[standing]]
    if not some:
        return _("No cluster is watched yet")
    (whole, _short, n), *others = some
    return ", ".join([str(whole % n), *(str(short % n) for _whole, short, n in others)])
