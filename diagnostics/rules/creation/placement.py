"""A DaemonSet whose pods end on a node again and again (catalogue B2, create-placement)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.clues import core
from diagnostics.rules.creation.rules import PLACEMENT
from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.shortage import gap, short
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.objects import Event, Workload

# The controller deletes a failed pod at once and backs off up to 15 minutes.
LATELY = timedelta(minutes=20)
_NODE = re.compile(r'\bon node "?(?P<node>[A-Za-z0-9][A-Za-z0-9.-]{0,252})|on "(?P<other>[^"]{1,253})":')
_POD = re.compile(r"(?<=daemon pod) \S{1,320}")


@check(PLACEMENT, about=("DaemonSet",))
def failed_daemon_pods(view: ObjectView[Workload]) -> Iterator[Finding]:
    """One finding a node on which pods of a DaemonSet that is short of pods failed lately."""
    if not short(view):
        return
    missing, wanted = gap(view)
    newest: dict[str, Event] = {}
    for event in view.events("FailedPlacement", "FailedDaemonPod"):
        if view.age(event.at) <= LATELY and (found := _NODE.search(event.text)):
            newest.setdefault(found["node"] or found["other"], event)
    for node, event in sorted(newest.items()):
        yield view.finding(
            PLACEMENT,
            Confidence.CERTAIN if event.reason == "FailedDaemonPod" else Confidence.LIKELY,
            view.quote_event(event),
            offender=Offender("Node", node),
            since=event.since,
            signature=node,
            shortfall=(missing, wanted) if missing else None,
            node=node,
            said=core(_POD.sub("", event.text)),
        )
