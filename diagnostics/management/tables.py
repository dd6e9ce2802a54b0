"""The scan as people read it: entries at a terminal, else a table; worst first, symptoms indented under their root."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from diagnostics.engine.verdict import Symptom, Verdict
from diagnostics.management.entries import entries
from diagnostics.management.reports import age, headline, limits
from diagnostics.management.severities import marked
from diagnostics.operations.scanning import Scan

# Piped output is for grep and awk: a line is never broken, whatever its length.
_UNBROKEN = 100_000


def print_scan(scan: Scan, out: TextIO, *, wide: bool) -> None:
    """Prints the headline, the table and what could not be read."""
    if out.isatty():
        _print(scan, Console(file=out, highlight=False), wide=wide, folded=True)
        return
    console = Console(file=out, width=_UNBROKEN, highlight=False, soft_wrap=True)
    with console.capture() as printed:
        _print(scan, console, wide=wide, folded=False)
    # The last column is padded to its longest line, which serves nobody here.
    out.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def _print(scan: Scan, console: Console, *, wide: bool, folded: bool) -> None:
    console.print(Text(headline(scan), style="bold"))
    if scan.diagnoses:
        console.print()
        console.print(*(entries(scan, console) if folded and not wide else [_table(scan, wide=wide, folded=folded)]))
    if scan.pods:
        console.print()
        console.print(_pods(scan))
    for line in limits(scan):
        console.print(Text(f"! {line}", style="yellow"))


def _table(scan: Scan, *, wide: bool, folded: bool) -> Table:
    table = _grid("SEVERITY", "NAMESPACE", "WORKLOAD", "CODE", "PODS", "AGE")
    if wide:
        for title in ("CONFIDENCE", "NODE", "OFFENDER"):
            table.add_column(title, no_wrap=True)
    table.add_column("SUMMARY", overflow="fold", ratio=1 if folded else None, min_width=30)
    if wide:
        table.add_column("NEXT", overflow="fold", min_width=30)
    for found in scan.diagnoses:
        table.add_row(*_cells(found, scan, wide=wide))
        for symptom in found.symptoms:
            code, between = Text(f"└ {symptom.code}", style="dim"), [""] * (5 if wide else 2)
            table.add_row("", *_elsewhere(symptom, found), code, *between, Text(symptom.summary, style="dim"))
    return table


def _elsewhere(symptom: Symptom, found: Verdict) -> tuple[str, str]:
    """Namespace and workload of what follows from a cause that is not there, as from a node or a registry."""
    if symptom.namespace is None or symptom.namespace == found.namespace:
        return "", ""
    return symptom.namespace, f"{symptom.workload.kind}/{symptom.workload.name}"


def _grid(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, no_wrap=True, justify="right" if title in ("PODS", "AGE", "RESTARTS") else "left")
    return table


def _cells(found: Verdict, scan: Scan, *, wide: bool) -> list[Text | str]:
    container = f"/{found.container}" if found.container else ""
    cells: list[Text | str] = [
        marked(found.severity),
        found.namespace or "-",
        f"{found.workload.kind}/{found.workload.name}{container}",
        found.code,
        f"{found.pods_affected}/{found.pods_total}",
        age(found.first_seen, scan.observed_at),
    ]
    if wide:
        nodes = sorted({pod.node for pod in found.pods if pod.node})
        offender = f"{found.offender.kind}/{found.offender.name}"
        cells += [found.confidence, ",".join(nodes) or "-", f"{offender} {found.offender.path or ''}".strip()]
    cells.append(Text(found.summary))
    if wide:
        cells.append(Text(next(iter((*found.remedy.commands, *found.remedy.verify)), "-")))
    return cells


def _pods(scan: Scan) -> Table:
    table = _grid("NAMESPACE", "POD", "STATUS", "READY", "RESTARTS")
    for pod in scan.pods or ():
        table.add_row(pod.namespace, pod.name, pod.status, pod.ready, str(pod.restarts))
    return table
