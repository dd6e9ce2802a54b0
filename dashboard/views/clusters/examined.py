"""An examination as its page shows it: a line a step, what it costs where it fails, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard.views.clusters.costs import cost
from diagnostics.kube.examining import Right, Stage
from diagnostics.kube.mending import rights_for, user_in
from diagnostics.operations.examining import Examination
from diagnostics.queries.reading import watched_as

_STAGES = {
    Stage.HOST: gettext_lazy("Find the host"),
    Stage.PORT: gettext_lazy("Reach its port"),
    Stage.CERTIFICATE: gettext_lazy("Trust its certificate"),
    Stage.LOGIN: gettext_lazy("Log in"),
    Stage.VERSION: gettext_lazy("Read the version"),
}
# Told one by one even where they are granted: without them least can be said.
_OWN_LINE = ("pods", "events", "nodes", "pods/log")


@dataclass(frozen=True, slots=True)
class Line:
    """A step; `milliseconds` None where it took no request of its own."""

    name: str
    passed: bool
    said: str = ""
    cost: str = ""
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """All of it."""

    lines: list[Line]
    readable: bool
    failure: str
    mending: str
    seconds: float
    twin: str  # The cluster that is watched already and is the same.

    @property
    def passed(self) -> int:
        """How many lines went well."""
        return sum(line.passed for line in self.lines)


def examined(found: Examination, own_name: str = "") -> Examined:
    """What was found, in lines; `own_name` is the cluster's own, where it is watched already."""
    missing = [right for right in found.rights if right.missing]
    user = next(filter(None, (user_in(str(right.failure)) for right in missing)), "")
    twin = watched_as(found.identity)
    return Examined(
        lines=[*_steps(found), *_rights(found)],
        readable=found.readable,
        failure=found.failure,
        mending=rights_for((right.grant for right in missing), user),
        seconds=found.seconds,
        twin="" if twin == own_name else twin,
    )


def _steps(found: Examination) -> Iterator[Line]:
    for step in found.steps:
        yield Line(str(_STAGES[step.stage]), step.passed, step.said, milliseconds=_milliseconds(step.seconds))


def _rights(found: Examination) -> Iterator[Line]:
    """Those that matter most and those that are missing by themselves, the others in one line."""
    granted: list[Right] = []
    for right in found.rights:
        if right.failure is None and right.grant.resource not in _OWN_LINE:
            granted.append(right)
            continue
        place = right.grant.namespace
        name = (
            _("%(grant)s in %(namespace)s") % {"grant": right.grant, "namespace": place} if place else str(right.grant)
        )
        said = str(right.failure) if right.failure else ""
        lost = cost(right.grant.resource) if right.failure else ""
        yield Line(name, right.failure is None, said, lost, _milliseconds(right.seconds))
    if granted:
        n = len(granted)
        yield Line(ngettext("%(n)d more right", "%(n)d more rights", n) % {"n": n}, passed=True, said=_("all granted"))


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000)
