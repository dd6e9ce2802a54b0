"""What is stored of notifications, said in words: matchers, kinds of news, manners of a route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from diagnostics.models import Delivery, Route
from diagnostics.notify.formats import formats
from diagnostics.notify.matching import Field, Matcher, Op, matchers
from diagnostics.notify.notice import Type
from diagnostics.notify.quiet import Quiet, hours

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


def kind_label(kind: str) -> str:
    """`Slack`; a kind that this version does not know is called what it is stored as."""
    known = formats().get(kind)
    return known.label if known else kind


def conditions(document: Any) -> list[str]:
    """Stored matchers, each as a phrase; nothing for none."""
    return [condition(matcher) for matcher in matchers(document)]


def condition(matcher: Matcher) -> str:
    """`namespace is shop or pay-*`."""
    name = _("label %(key)s") % {"key": matcher.key} if matcher.field is Field.LABEL else field_word(matcher.field)
    return f"{name} {op_word(matcher.op)} {_(' or ').join(matcher.value)}"


def field_word(field: Field) -> str:
    """`delivered by`."""
    return field.replace("_", " ")


def op_word(op: Op) -> str:
    """`is not`."""
    return {Op.IN: _("is"), Op.NOT_IN: _("is not"), Op.AT_LEAST: _("is at least")}[op]


def span(length: timedelta | None) -> str:
    """A length of time that `spans.Span` reads back: `90 min`, `4 h`; blank for none."""
    if length is None:
        return ""
    size, unit = next((size, unit) for size, unit in UNITS if length % size == timedelta() or unit == "s")
    return f"{length // size} {unit}"


def news(delivery: Delivery) -> str:
    """What a delivery tells, to come after the diagnosis' number where it has one."""
    words = {
        Type.OPENED: _("opened"),
        Type.UPDATED: _("still open"),
        Type.ESCALATED: _("got worse"),
        Type.ACKNOWLEDGED: _("acknowledged"),
        Type.RESOLVED: _("resolved"),
        Type.REGRESSED: _("failing again"),
        Type.UNREACHABLE: _("%(cluster)s cannot be read"),
        Type.RECOVERED: _("%(cluster)s is read again"),
        Type.STORM_STARTED: _("Storm in %(cluster)s"),
        Type.STORM_ENDED: _("Storm in %(cluster)s ended"),
        Type.TEST: _("Test"),
        Type.DIGEST: _("Daily digest"),
    }
    return words[Type(delivery.type)] % {"cluster": delivery.data.get("cluster", "")}


def manners(route: Route) -> list[str]:
    """What a route does besides sending at once, a phrase each."""
    return [*_silent(route), *_timely(route)]


def _silent(route: Route) -> Iterator[str]:
    if not route.send_resolved:
        yield _("no resolutions")
    for quiet in hours(route.quiet_hours):
        yield _("quiet %(hours)s %(zone)s") % {"hours": quiet_words(quiet), "zone": route.time_zone}
    if route.most_per_hour is not None:
        yield _("at most %(n)d an hour") % {"n": route.most_per_hour}


def _timely(route: Route) -> Iterator[str]:
    if route.repeat_after:
        yield _("reminds every %(span)s") % {"span": span(route.repeat_after)}
    if route.escalate_after:
        names = ", ".join(channel.name for channel in route.escalate_to.all()) or _("nobody")
        yield _("after %(span)s also to %(names)s") % {"span": span(route.escalate_after), "names": names}
    if route.digest_at:
        yield _("digest at %(time)s %(zone)s") % {"time": f"{route.digest_at:%H:%M}", "zone": route.time_zone}


def quiet_words(quiet: Quiet) -> str:
    """`Mon, Tue 22:00 to 07:00`; days in a row as a range."""
    return f"{_days(sorted(quiet.days))} {quiet.from_:%H:%M} to {quiet.to:%H:%M}"


def _days(days: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]} to {DAYS[run[-1]]}" for run in runs)
