"""Badges for README files and dashboards: `/badge/<key>.svg` and `.json`, open to whoever has the key."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.views.freshness import State, beat
from diagnostics.models import Badge
from diagnostics.queries import badges
from diagnostics.rules.model import Severity

FRESH_SECONDS = 60  # That whoever shows a badge may keep it.
CHARACTER = 6.6  # Pixels; the picture tells the browser how wide the text is to be.
_UNKNOWN = (State.LOST, State.PAUSED, State.UNREAD)


@dataclass(frozen=True, slots=True)
class Look:
    """How a badge looks: a shape beside the word, for colour alone does not say it."""

    shape: str  # Of `badges/badge.svg`.
    color: str  # Dark enough for white text.


FINE = Look("check", "#1d6b3a")
UNKNOWN = Look("question", "#5b6069")
SEVERITIES = {
    Severity.CRITICAL: Look("critical", "#b0211d"),
    Severity.HIGH: Look("high", "#9a4a00"),
    Severity.MEDIUM: Look("medium", "#7a5c00"),
    Severity.LOW: Look("low", "#3f5a73"),
    Severity.INFO: Look("info", "#4a5560"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a badge says now."""

    label: str
    message: str
    look: Look


@dataclass(frozen=True, slots=True)
class Addresses:
    """How a badge is shown elsewhere; all of them absolute."""

    badge: Badge

    @property
    def picture(self) -> str:
        """The picture."""
        return self._at("badge")

    @property
    def endpoint(self) -> str:
        """For shields.io's endpoint badges."""
        return self._at("badge-endpoint")

    @property
    def markdown(self) -> str:
        """The picture in Markdown."""
        return f"![Sickbay: {self.badge}]({self.picture})"

    @property
    def html(self) -> str:
        """The picture in HTML."""
        return f'<img src="{self.picture}" alt="Sickbay: {escape(self.badge)}">'

    def _at(self, name: str) -> str:
        return urljoin(settings.BASE_URL, reverse(name, args=[self.badge.key]))


@require_safe
def svg(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django calls it so.
    """The badge as a picture."""
    told = _told_by(key)
    left, right = (round(len(text) * CHARACTER) for text in (told.label, told.message))
    sizes = {"left": left, "right": right, "middle": left + 16, "text_at": left + 40, "width": left + right + 48}
    picture = render_to_string("badges/badge.svg", {"badge": told, **sizes})
    return _kept(HttpResponse(picture, content_type="image/svg+xml"))


@require_safe
def endpoint(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - as above
    """The badge as Shields' endpoint badges take it (shields.io, "Endpoint Badge")."""
    told = _told_by(key)
    body = {"schemaVersion": 1, "label": told.label, "message": told.message, "color": told.look.color}
    return _kept(JsonResponse({**body, "isError": told.look is UNKNOWN, "cacheSeconds": FRESH_SECONDS}))


def _told_by(key: str) -> Told:
    badge = badges.find(key)
    if badge is None:
        raise Http404
    return told_of(badge)


def told_of(badge: Badge) -> Told:
    """What is true now where a badge looks; what is not known is never told as fine."""
    seen = beat(badge.cluster, timezone.now())
    if seen.state in _UNKNOWN:
        return Told(str(badge), _("not known"), UNKNOWN)
    counts = badges.open_in(badge)
    if counts:
        worst = next(iter(counts))
        said = _("%(n)d open, worst %(severity)s") % {"n": sum(counts.values()), "severity": worst.word}
        return Told(str(badge), said, SEVERITIES[worst])
    if not (seen.current and badges.is_seen(badge)):
        return Told(str(badge), _("not known"), UNKNOWN)
    if seen.blind or seen.unjudged:
        return Told(str(badge), _("not fully read"), UNKNOWN)
    return Told(str(badge), _("nothing failing"), FINE)


def _kept(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # It is made to be shown elsewhere.
    return response
