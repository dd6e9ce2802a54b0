"""Setup: the three steps from an empty installation to the first message. What is done is told from facts."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboard.signin import for_admins
from dashboard.views.overview import current_overview
from dashboard.views.settings.sections import reader, render_section
from diagnostics.queries import notifying


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps, and whether it is done."""

    name: str
    label: str | Promise
    done: bool


@require_safe
@for_admins
def setup(request: HttpRequest) -> HttpResponse:
    """The steps; the first that is not done is opened."""
    overview, channels = current_overview(), notifying.channel_choices()
    steps = [
        Step("account", gettext_lazy("Your account"), reader(request).has_usable_password()),
        Step("cluster", gettext_lazy("A cluster"), bool(overview.beats)),
        Step("channel", gettext_lazy("A channel"), bool(channels)),
    ]
    current = next((step.name for step in steps if not step.done), "")
    context = {"headline": headline(steps), "steps": steps, "current": current, "channels": channels}
    return render_section(request, "setup", "setup.html", context, overview=overview)


def headline(steps: list[Step]) -> str:
    """The sentence that says what is left to do."""
    left = sum(not step.done for step in steps)
    if not left:
        return _("Sickbay is set up")
    return _("Set Sickbay up: %(done)d of %(all)d steps done") % {"done": len(steps) - left, "all": len(steps)}
