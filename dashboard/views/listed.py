"""The lines of the triage page: diagnoses, and groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.views.evidence import Exhibit, exhibits
from dashboard.views.filters import Selection
from dashboard.views.freshness import Beat
from dashboard.views.overview import Overview
from dashboard.views.spark import WINDOW, Spark, spark
from dashboard.views.words import length
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.queries import PAGE_SIZE, Group, GroupBy
from diagnostics.rules.reference import Entry, entries

REASONS = 3
# What a group of more than a page is taken apart by.
_FINER = {GroupBy.CAUSE: GroupBy.WORKLOAD, GroupBy.NODE: GroupBy.CAUSE, GroupBy.NAMESPACE: GroupBy.CAUSE}


@dataclass(frozen=True, slots=True)
class Row:
    """A diagnosis as a line of the list."""

    diagnosis: Diagnosis
    spark: Spark
    frozen: Beat | None  # The cluster that was lost: the row tells what was, not what is.
    snoozed: bool
    opened: bool  # Whether its next step is shown.
    peek_url: str  # Shows the next step, or hides it.
    reasons: tuple[Exhibit, ...] = ()  # Why we say so; only of the one that is shown opened.

    @property
    def seen_at(self) -> datetime:
        """When it was last known to be so: an open watch that tells of no change says that nothing has changed."""
        row, read_at = self.diagnosis, self.diagnosis.cluster.fresh_at
        return max(row.last_seen, read_at) if read_at and row.clean_since is None else row.last_seen

    @property
    def command(self) -> str:
        """The command to copy: the first that mends it, else the first that shows more."""
        remedy = self.diagnosis.verdict["remedy"]
        return next(iter([*remedy["commands"], *remedy["verify"]]), "")

    @property
    def lasted(self) -> str:
        """How long a resolved one had been failing."""
        row = self.diagnosis
        return length(row.resolved_at - row.first_seen) if row.resolved_at else ""

    @property
    def unaffected(self) -> int:
        """How many pods of its workload it is not about."""
        return self.diagnosis.pods_total - self.diagnosis.pods_affected


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Some diagnoses as one line, or as the heading of their own lines."""

    by: GroupBy
    group: Group
    url: str  # Leads to them; blank where no filter says it.
    latest: Diagnosis | None = None  # The newest of them, where that tells what their group is about.
    rows: tuple[Row, ...] = ()

    @property
    def only(self) -> Diagnosis | None:
        """The one that it is made of."""
        return self.latest if self.group.diagnoses == 1 else None

    @property
    def entry(self) -> Entry | None:
        """What the reference says of its cause."""
        return entries().get(self.group.code)


def rows(found: Sequence[Diagnosis], overview: Overview, selection: Selection, *, opened: int | None) -> list[Row]:
    """Diagnoses as lines; `opened` is the number of the one that shows its next step."""
    failing = queries.lately_failing(found, overview.now - WINDOW)
    return [
        Row(
            diagnosis=row,
            spark=spark(failing[row.number], overview.now),
            frozen=overview.frozen.get(row.cluster_id) if row.resolved_at is None else None,
            snoozed=row.resolved_at is None and row.is_snoozed(overview.now),
            opened=row.number == opened,
            peek_url=selection.peeking(0 if row.number == opened else row.number).url,
            reasons=tuple(exhibits(row.verdict)[:REASONS]) if row.number == opened else (),
        )
        for row in found
    ]


def headed(lines: Sequence[Row], by: GroupBy, selection: Selection) -> list[GroupLine]:
    """Lines under headings, groups in the order of their first lines."""
    by_number = {line.diagnosis.number: line for line in lines}
    return [
        GroupLine(by, group, _url(group, by, selection), rows=tuple(by_number[row.number] for row in members))
        for group, members in queries.grouped([line.diagnosis for line in lines], by)
    ]


def folded(groups: Sequence[Group], by: GroupBy, selection: Selection) -> list[GroupLine]:
    """Groups as lines of their own. One of a single diagnosis says what that says, a cause what the newest says."""
    told = [group.latest for group in groups if by is GroupBy.CAUSE or group.diagnoses == 1]
    latest = queries.of_numbers(told)
    return [GroupLine(by, group, _url(group, by, selection), latest.get(group.latest)) for group in groups]


def _url(group: Group, by: GroupBy, selection: Selection) -> str:
    named = {
        "codes": group.code,
        "clusters": group.cluster_name,
        "namespaces": group.namespace,
        "workloads": f"{group.workload_kind}/{group.workload_name}" if group.workload_name else "",
        "nodes": group.node,
    }
    if (by is GroupBy.NODE and not group.node) or (by is GroupBy.NAMESPACE and not group.namespace):
        return ""
    finer = _FINER.get(by, GroupBy.NOTHING) if group.diagnoses > PAGE_SIZE else GroupBy.NOTHING
    narrowed = selection.narrowed(**{field: (value,) for field, value in named.items() if value})
    return narrowed.grouped(finer).url
