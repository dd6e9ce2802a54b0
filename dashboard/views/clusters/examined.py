"""An examination as its page shows it: a line a step, what it costs where it fails, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    granted = [right for right in found.rights if right.failure is None]
    failed = [right for right in found.rights if right.failure is not None]
    own = [right for right in granted if right.grant.resource in _OWN_LINE]
    for place in dict.fromkeys((right.grant.resource, right.grant.namespace) for right in own):
        yield _granted([right for right in own if (right.grant.resource, right.grant.namespace) == place])
    if others := len(granted) - len(own):
        more = ngettext("%(n)d more right", "%(n)d more rights", others) % {"n": others}
        yield Line(more, passed=True, said=_("all the others are granted") if failed else _("all granted"))
    for right in failed:
        said, lost = str(right.failure), cost(right.grant.resource)
        yield Line(
            _in_place(str(right.grant), right),
            passed=False,
            said=said,
            cost=lost,
            milliseconds=_milliseconds(right.seconds),
        )


def _granted(rights: Sequence[Right]) -> Line:
    """The verbs on one resource in one line: `list and watch pods`."""
    verbs = _(" and ").join(right.grant.verb for right in rights)
    name = _in_place(f"{verbs} {rights[0].grant.resource}", rights[0])
    return Line(name, passed=True, milliseconds=_milliseconds(sum(right.seconds for right in rights)))


def _in_place(name: str, right: Right) -> str:
    place = right.grant.namespace
    return _("%(right)s in %(namespace)s") % {"right": name, "namespace": place} if place else name


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000)
