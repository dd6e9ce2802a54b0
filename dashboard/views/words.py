"""The words on the screen that the database only knows as values, and how times and counts are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from diagnostics.models import Diagnosis
from diagnostics.queries import COUNT_LIMIT
from diagnostics.rules.model import Confidence, Severity

SEVERITIES: dict[int, Promise | str] = {
    Severity.CRITICAL: gettext_lazy("Critical"),
    Severity.HIGH: gettext_lazy("High"),
    Severity.MEDIUM: gettext_lazy("Medium"),
    Severity.LOW: gettext_lazy("Low"),
    Severity.INFO: gettext_lazy("Info"),
}
STATES: dict[str, Promise | str] = {
    Diagnosis.State.NEW: gettext_lazy("New"),
    Diagnosis.State.ONGOING: gettext_lazy("Ongoing"),
    Diagnosis.State.REGRESSED: gettext_lazy("Regressed"),
    Diagnosis.State.RESOLVED: gettext_lazy("Resolved"),
}
CONFIDENCES: dict[str, Promise | str] = {
    Confidence.CERTAIN: gettext_lazy("Certain"),
    Confidence.LIKELY: gettext_lazy("Likely"),
    Confidence.POSSIBLE: gettext_lazy("Possible"),
}


def severity_word(severity: int) -> str:
    """`Critical`, `High`..."""
    return str(SEVERITIES[severity])


def length(span: timedelta) -> str:
    """A length of time in its largest fitting unit: `20 s`, `14 min`, `27 h`, `14 d`. The script counts alike."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return _("%(n)d s") % {"n": seconds}
    if seconds < 3_600:
        return _("%(n)d min") % {"n": seconds // 60}
    if seconds < 172_800:
        return _("%(n)d h") % {"n": seconds // 3_600}
    return _("%(n)d d") % {"n": seconds // 86_400}


def ago(at: datetime, now: datetime) -> SafeString:
    """`20 s ago`, as a time that the page's script keeps true."""
    return _time(at, "ago", _("%(length)s ago") % {"length": length(now - at)})


def lasting(since: datetime, now: datetime) -> SafeString:
    """`14 min`: how long it has lasted, as a time that the page's script keeps true."""
    return _time(since, "length", length(now - since))


def clock(at: datetime, now: datetime) -> SafeString:
    """`12:03:58`, or `22 Nov, 12:03` on another day; the page's script turns it into the reader's own time."""
    same_day = localtime(at).date() == localtime(now).date()
    return _time(at, "clock", date_format(localtime(at), "H:i:s" if same_day else "j M, H:i"))


def minute(at: datetime, now: datetime) -> SafeString:
    """The same to the minute: `12:03`."""
    same_day = localtime(at).date() == localtime(now).date()
    return _time(at, "minute", date_format(localtime(at), "H:i" if same_day else "j M, H:i"))


def exact(count: int) -> str:
    """A count with its thousands set apart: `2,318`."""
    return f"{count:,}"


def _time(at: datetime, kind: str, text: str) -> SafeString:
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    absolute = date_format(localtime(at), "j M Y, H:i:s T")
    return format_html('<time datetime="{}" title="{}" data-{}>{}</time>', stamp, absolute, kind, text)


def rounded(count: int) -> str:
    """A count, exact to a thousand: `999`, `1k+` for one that was not counted to its end, `46k`."""
    if count <= COUNT_LIMIT:
        return str(count)
    return "1k+" if count == COUNT_LIMIT + 1 else f"{count // 1_000}k"


def clusters_word(count: int) -> str:
    """`1 cluster`, `4 clusters`."""
    return ngettext("%(n)d cluster", "%(n)d clusters", count) % {"n": count}
