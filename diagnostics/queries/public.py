"""The public JSON of rows: what REST answers, exports stream and notices carry (contracts.md, HTTP)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from diagnostics.models import Diagnosis

Json = dict[str, Any]


def diagnosis(row: Diagnosis) -> Json:
    """A diagnosis: the scan's schema, and what only a stored one has. Reads `cluster`, `assignee` and the verdict."""
    return {
        "id": str(row.uuid),
        "number": row.number,
        "url": page(f"/d/{row.number}"),
        "cluster": row.cluster.name,
        "state": row.state,
        **{name: value for name, value in row.verdict.items() if name not in ("visible_at", "notify_at")},
        "last_seen": time(row.last_seen),
        "opened_at": time(row.opened_at),
        "resolved_at": time(row.resolved_at),
        "explained_by": row.explained_by_id,
        "occurrences": row.occurrences_count,
        "last_fixed_by": row.last_fixed_by or None,
        "assignee": row.assignee.get_username() if row.assignee else None,
        "acknowledged_at": time(row.acknowledged_at),
        "snoozed_until": time(row.snoozed_until),
    }


def page(path: str) -> str:
    """The whole address of a page of the product."""
    return f"{settings.BASE_URL}{settings.BASE_PATH}{path}"


def time(moment: Any) -> str | None:
    """ISO-8601 UTC, as everywhere in the contract."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
