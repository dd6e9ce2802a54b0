"""Badges for README files and dashboards: `/badge/<key>.svg` and `.json`, open to whoever has the key.

The key is signed and says what the badge is about; `manage.py badge` makes one. It holds until SECRET_KEY changes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.views.freshness import State, beat
from diagnostics.queries import badges
from diagnostics.queries.badges import Place
from diagnostics.rules.model import Severity

FRESH_SECONDS = 60  # That whoever shows a badge may keep it.
CHARACTER = 6.6  # Pixels; the picture tells the browser how wide the text is to be.
_SIGNER = signing.Signer(salt="dashboard.badges")
_UNKNOWN = (State.LOST, State.PAUSED, State.UNREAD)


@dataclass(frozen=True, slots=True)
class Look:
    """How a badge looks: a shape beside the word, for colour alone does not say it."""

    shape: str  # Of `badge.svg`.
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
class Badge:
    """What a badge says now."""

    label: str
    message: str
    look: Look


def key_of(place: Place) -> str:
    """The key of a place's badge: nobody can make one up."""
    return _SIGNER.sign_object(asdict(place), compress=True)


def place_of(key: str) -> Place:
    """What a key is about. Raises Http404 for one that was not made here."""
    try:
        return Place(**_SIGNER.unsign_object(key))
    except signing.BadSignature as error:
        raise Http404 from error


@require_safe
def svg(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django calls it so.
    """The badge as a picture."""
    badge = badge_of(place_of(key))
    left, right = (round(len(text) * CHARACTER) for text in (badge.label, badge.message))
    sizes = {"left": left, "right": right, "middle": left + 16, "text_at": left + 40, "width": left + right + 48}
    picture = render_to_string("badge.svg", {"badge": badge, **sizes})
    return _kept(HttpResponse(picture, content_type="image/svg+xml"))


@require_safe
def endpoint(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - as above
    """The badge as Shields' endpoint badges take it (shields.io, "Endpoint Badge")."""
    badge = badge_of(place_of(key))
    body = {"schemaVersion": 1, "label": badge.label, "message": badge.message, "color": badge.look.color}
    return _kept(JsonResponse({**body, "isError": badge.look is UNKNOWN, "cacheSeconds": FRESH_SECONDS}))


def badge_of(place: Place) -> Badge:
    """What is true of a place now; what is not known is never told as fine."""
    label = "/".join(part for part in (place.cluster, place.namespace, place.workload) if part)
    cluster = badges.cluster_of(place)
    seen = beat(cluster, timezone.now()) if cluster else None
    if seen is None or seen.state in _UNKNOWN:
        return Badge(label, _("not known"), UNKNOWN)
    counts = badges.open_in(place)
    if counts:
        worst = next(iter(counts))
        said = _("%(n)d open, worst %(severity)s") % {"n": sum(counts.values()), "severity": worst.word}
        return Badge(label, said, SEVERITIES[worst])
    if seen.blind or seen.unjudged:
        return Badge(label, _("not fully read"), UNKNOWN)
    return Badge(label, _("nothing failing"), FINE)


def _kept(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # It is made to be shown elsewhere.
    return response
