"""How old what is shown is: one beat a cluster, and whether anybody watches at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from diagnostics.models import Cluster

LATE_AFTER = timedelta(seconds=60)  # An open watch answers at least once a minute.
LOST_AFTER = timedelta(minutes=3)
LEASE_SLACK = timedelta(seconds=60)  # Between two slices of watching a lease may lapse for a moment.


class State(StrEnum):
    """How fresh a cluster is; the value is its class in the stylesheet."""

    FRESH = "fresh"
    LATE = "late"
    LOST = "dead"
    PAUSED = "paused"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Beat:
    """One cluster and when it was last known."""

    cluster: Cluster
    state: State

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.cluster.name

    @property
    def read_at(self) -> datetime | None:
        """When its watches were last known to be open and true."""
        return self.cluster.fresh_at

    @property
    def partial(self) -> str:
        """What of it cannot be read, in a few words; blank if everything can."""
        resources = dict.fromkeys(gap["resource"] for gap in self.cluster.gaps)
        names = [_("logs") if resource == "pods/log" else resource for resource in resources]
        return _("%(what)s not readable") % {"what": ", ".join(names)} if names else ""

    @property
    def blind(self) -> bool:
        """Whether pods themselves cannot be read somewhere: then nothing can be said of them."""
        return any(gap["resource"] == "pods" for gap in self.cluster.gaps)

    @property
    def unjudged(self) -> bool:
        """Whether something that was read could not be understood or judged: nothing can be said of that either."""
        return bool(self.cluster.malformed or self.cluster.crashed)

    @property
    def current(self) -> bool:
        """Whether what is shown of it is true now."""
        return self.state is State.FRESH

    @property
    def frozen(self) -> bool:
        """Whether its diagnoses are only known as they were."""
        return self.state in (State.LOST, State.PAUSED)

    @property
    def mark(self) -> str:
        """Its class in the stylesheet: disc, ring or diamond."""
        if self.state is State.FRESH:
            return "late" if self.partial else ""
        return "dead" if self.state is State.LOST else "late"


def beat(cluster: Cluster, now: datetime) -> Beat:
    """How fresh a cluster is at a moment."""
    return Beat(cluster, _state(cluster, now))


def _state(cluster: Cluster, now: datetime) -> State:
    if cluster.paused:
        return State.PAUSED
    if cluster.fresh_at is None:
        return State.LOST if cluster.failing_since else State.UNREAD
    age = now - cluster.fresh_at
    if age > LOST_AFTER or (cluster.failing_since and age > LATE_AFTER):
        return State.LOST
    return State.LATE if age > LATE_AFTER or cluster.failing_since else State.FRESH


def workers(clusters: Sequence[Cluster], now: datetime) -> int:
    """How many workers hold a lease now."""
    return len({c.lease_owner for c in clusters if c.lease_owner and c.lease_until and c.lease_until > now})


def unwatched_since(clusters: Sequence[Cluster], now: datetime) -> datetime | None:
    """Since when no worker has taken any of the clusters that are due; None while one does, or none is due."""
    due = [c for c in clusters if not c.paused and (c.retry_at is None or c.retry_at < now - LEASE_SLACK)]
    if not due or workers(clusters, now):
        return None
    last = max(max(filter(None, (c.lease_until, c.fresh_at, c.added_at))) for c in due)
    return last if last < now - LEASE_SLACK else None
