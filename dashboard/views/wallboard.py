"""The wallboard: read from five metres, without a hand on it. Nothing on it is green that is not known to be fine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.signin import is_guest, signed_in
from dashboard.views.filters import Selection
from dashboard.views.freshness import Beat, State
from dashboard.views.overview import Overview, current_overview, render_page
from dashboard.views.sentences import headline
from dashboard.views.words import severity_word
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.queries import Filter
from diagnostics.queries.boards import Board, board
from diagnostics.rules.model import Severity

MOST_ROWS = 12  # How many of them fit is up to the screen: the page's script leaves out the rest.
MOST_TILES = 10


@dataclass(frozen=True, slots=True)
class Tile:
    """One cluster."""

    beat: Beat
    open: Counter[Severity]

    @property
    def kind(self) -> str:
        """What can be said of it: lost, paused, unread, open, doubt or clear. Only what is known to be so is clear."""
        if self.beat.state in (State.LOST, State.PAUSED, State.UNREAD):
            return self.beat.state.name.lower()
        if self.open:
            return "open"
        return "clear" if self.beat.current and not self.beat.blind and not self.beat.unjudged else "doubt"

    @property
    def count(self) -> int:
        """How many diagnoses are open in it."""
        return self.open.total()

    @property
    def worst(self) -> Severity | None:
        """The severest that is open in it."""
        return max(self.open, default=None)

    @property
    def said(self) -> str:
        """`2 critical`: how many there are of the severest."""
        return _counted(Counter({self.worst: self.open[self.worst]})) if self.worst is not None else ""

    @property
    def urgency(self) -> tuple[bool, bool, int, int]:
        """Greater for what people have to see first."""
        worst = -1 if self.worst is None else int(self.worst)
        return self.kind == "lost", self.kind != "clear", worst, self.count


@dataclass(frozen=True, slots=True)
class Line:
    """One of the worst diagnoses, and what is left to tell if it is the last one that fits."""

    diagnosis: Diagnosis
    frozen: Beat | None  # Its cluster, if that was lost: then the line tells what was, not what is.
    behind: str


@require_safe
@signed_in
def wallboard(request: HttpRequest) -> HttpResponse:
    """All clusters, or those that `?cluster=` names."""
    names = Selection.of(request.GET).filter.clusters
    overview = _narrowed(current_overview(), names)
    shown = board(Filter(clusters=names), overview.now, request.user, MOST_ROWS)  # type: ignore[arg-type]  # A User passed the gate.
    missing = [name for name in names if name not in {beat.name for beat in overview.beats}]
    tiles = _tiles(overview, shown)
    context = {
        "headline": _headline(overview, missing),
        "missing": missing,
        "tiles": tiles[:MOST_TILES],
        "further": tiles[MOST_TILES:],
        "lines": list(_lines(shown, overview)),
        "behind": _behind(shown.severities),
        "last_resolved": shown.last_resolved,
    }
    _keep_signed_in(request, overview)
    return render_page(request, "wallboard.html", overview, context)


def _narrowed(overview: Overview, names: tuple[str, ...]) -> Overview:
    """The same of some clusters alone; of all for no names."""
    if not names:
        return overview
    counts = queries.counts(Filter(clusters=names), overview.now, with_resolved=False)
    return replace(overview, beats=tuple(beat for beat in overview.beats if beat.name in names), counts=counts)


def _headline(overview: Overview, missing: Sequence[str]) -> SafeString:
    if overview.beats or not missing:
        return headline(overview)
    return format_html("{}", _("No cluster is named %(names)s") % {"names": ", ".join(missing)})


def _tiles(overview: Overview, shown: Board) -> list[Tile]:
    """All clusters, the most urgent first."""
    tiles = (Tile(beat, shown.open.get(beat.name, Counter())) for beat in overview.beats)
    return sorted(tiles, key=lambda tile: tile.urgency, reverse=True)


def _lines(shown: Board, overview: Overview) -> Iterator[Line]:
    left = shown.severities
    for row in shown.worst:
        left -= Counter({Severity(row.severity): 1})
        yield Line(row, overview.frozen.get(row.cluster_id), _behind(left))


def _behind(left: Counter[Severity]) -> str:
    """`6 more: 2 high, 4 low`; blank if nothing is left."""
    return _("%(n)d more: %(which)s") % {"n": left.total(), "which": _counted(left)} if left else ""


def _counted(severities: Counter[Severity]) -> str:
    parts = ((n, severity_word(severity).lower()) for severity, n in sorted(severities.items(), reverse=True))
    return ", ".join(_("%(n)d %(severity)s") % {"n": n, "severity": word} for n, word in parts)


def _keep_signed_in(request: HttpRequest, overview: Overview) -> None:
    """Renews the session once a day: a wall has no keyboard, and must not be signed out while it is looked at."""
    today = localdate(overview.now).isoformat()
    if not is_guest(request.user) and request.session.get("wallboard_on") != today:
        request.session["wallboard_on"] = today
