"""The scan for people at a terminal: an entry a diagnosis, its sentence across the whole width, what to type below it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnostics.engine.verdict import Symptom, Verdict
from diagnostics.management.reports import age
from diagnostics.management.severities import marked
from diagnostics.operations.scanning import Scan

INDENT = 12  # As wide as "◆ critical" and the space after it.
WIDEST = 120  # Longer lines are hard to read.


def entries(scan: Scan, console: Console) -> Iterator[RenderableType]:
    """One entry a diagnosis, with an empty line between two."""
    width = min(console.width, WIDEST)
    for number, found in enumerate(scan.diagnoses):
        if number:
            yield ""
        yield Padding(Group(_head(found, scan), *_body(found)), (0, console.width - width, 0, 0))


def _head(found: Verdict, scan: Scan) -> Table:
    """Severity, where, pods and age, in columns that are the same for all entries."""
    head = Table.grid(expand=True, padding=(0, 2, 0, 0))
    head.add_column(width=INDENT - 2, no_wrap=True)
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(width=7, no_wrap=True, justify="right")
    head.add_column(width=5, no_wrap=True, justify="right")
    pods = f"{found.pods_affected}/{found.pods_total}"
    head.add_row(marked(found.severity), _place(found), pods, age(found.first_seen, scan.observed_at))
    return head


def _place(found: Verdict) -> Text:
    container = f"/{found.container}" if found.container else ""
    place = Text(f"{found.namespace}  " if found.namespace else "", style="dim")
    return place.append(f"{found.workload.kind}/{found.workload.name}{container}", style="bold")


def _body(found: Verdict) -> Iterator[RenderableType]:
    yield _indented(Text.assemble((f"{found.code}: ", "bold"), found.summary))
    for symptom in found.symptoms:
        yield _indented(Text(f"└ {symptom.code}: {_elsewhere(symptom, found)}{symptom.summary}", style="dim"))
    if commands := (*found.remedy.commands, *found.remedy.verify):
        yield _indented(Text(f"$ {commands[0]}", style="cyan", overflow="fold"))


def _elsewhere(symptom: Symptom, found: Verdict) -> str:
    """Where a symptom is that is not where its cause is, as with a node or a registry."""
    if symptom.namespace is None or symptom.namespace == found.namespace:
        return ""
    return f"in {symptom.namespace}: "


def _indented(line: Text) -> Padding:
    return Padding(line, (0, 0, 0, INDENT))
