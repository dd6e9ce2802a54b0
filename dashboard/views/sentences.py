"""The one sentence that a page opens with: is something wrong, how bad, how fresh."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard.views.freshness import Beat, State
from dashboard.views.overview import Overview
from dashboard.views.storm import Storm
from dashboard.views.words import clusters_word, exact, lasting, minute, rounded

HALF = 50  # Percent.


def headline(overview: Overview) -> SafeString:
    """`3 new, 12 open in 2 of 4 clusters`, and what is unknown; whatever is not current never sounds like health."""
    if not overview.beats:
        return format_html("{}", _("No cluster is watched yet"))
    if not overview.counts.unresolved:
        return _nothing_open(overview)
    return format_html("{}{}", format_html_join(", ", "{}", ((part,) for part in _open(overview))), _unknown(overview))


def storm_headline(storm: Storm, overview: Overview) -> SafeString:
    """`Storm: 2,318 pods failing in 3 of 4 clusters, 92 % share one cause`; shared is what half of them have."""
    if storm.share >= HALF:
        text = _("Storm: {} pods failing in {}, {}\u00a0% share one cause")
    else:
        text = _("Storm: {} pods failing in {}, the largest cause has {}\u00a0%")
    said = format_html(text, exact(storm.pods), _where(overview), storm.share)
    return format_html("{}{}", said, _unknown(overview))


def _open(overview: Overview) -> Iterator[str]:
    counts = overview.counts
    if counts.new:
        yield _("%(n)s new") % {"n": rounded(counts.new)}
    if counts.regressed:
        yield _("%(n)s regressed") % {"n": rounded(counts.regressed)}
    if counts.open:
        yield _("%(n)s open in %(where)s") % {"n": rounded(counts.open), "where": _where(overview)}
    else:
        yield _("Nothing open")
    if counts.snoozed:
        yield _("%(n)s snoozed") % {"n": rounded(counts.snoozed)}


def _where(overview: Overview) -> str:
    failing, watched = len(overview.counts.open_by_cluster), len(overview.beats)
    if watched == 1:
        return overview.beats[0].name
    if failing == watched:
        return clusters_word(watched)
    return _("%(failing)d of %(clusters)s") % {"failing": failing, "clusters": clusters_word(watched)}


def _unknown(overview: Overview) -> SafeString:
    """`; prod-us unknown since 11:58`."""
    lost = overview.lost
    if not lost:
        return SafeString()
    names = lost[0].name if len(lost) == 1 else clusters_word(len(lost))
    text = format_html('; <span class="nw">{}</span> {}', names, _("unknown"))
    since = lost[0].read_at
    return format_html("{} {} {}", text, _("since"), minute(since, overview.now)) if since and len(lost) == 1 else text


def _nothing_open(overview: Overview) -> SafeString:
    doubtful = overview.not_current
    if not doubtful:
        where = overview.beats[0].name if len(overview.beats) == 1 else clusters_word(len(overview.beats))
        return format_html("{}", _("Nothing is failing in %(where)s") % {"where": where})
    return format_html("{} {}", _("Cannot say:"), _doubt(doubtful, overview))


def _doubt(doubtful: list[Beat], overview: Overview) -> SafeString:
    if len(doubtful) > 1:
        where = _("%(n)d of %(clusters)s") % {"n": len(doubtful), "clusters": clusters_word(len(overview.beats))}
        return format_html(_("{} are not current"), where)
    beat = doubtful[0]
    if beat.blind:
        return format_html(_("the pods of {} may not be read"), beat.name)
    if beat.state is State.PAUSED:
        return format_html(_("watching {} is paused"), beat.name)
    if beat.read_at is None:
        return format_html(_("{} was not read yet"), beat.name)
    if beat.current:
        return format_html(_("not all of {} could be judged"), beat.name)
    return format_html(_("{} not read for {}"), beat.name, lasting(beat.read_at, overview.now))
