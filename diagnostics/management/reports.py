"""How a scan is written out: JSON and NDJSON for programs, Markdown for issues and chats, a table for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TextIO

import msgspec

from diagnostics.engine.verdict import Verdict
from diagnostics.operations.scanning import Scan
from diagnostics.snapshot.display import short_duration

_ENCODER = msgspec.json.Encoder()


def write_json(scan: Scan, out: TextIO) -> None:
    """The contract's one object, indented."""
    out.write(msgspec.json.format(_ENCODER.encode(scan), indent=2).decode() + "\n")


def write_ndjson(scan: Scan, out: TextIO) -> None:
    """One diagnosis a line; the last line is the object without its diagnoses."""
    out.writelines(_ENCODER.encode(diagnosis).decode() + "\n" for diagnosis in scan.diagnoses)
    rest = msgspec.to_builtins(scan)
    del rest["diagnoses"]
    out.write(_ENCODER.encode(rest).decode() + "\n")


def write_markdown(scan: Scan, out: TextIO) -> None:
    """A heading, a table to skim and a section a diagnosis, to paste where people discuss."""
    out.write(f"# {headline(scan)}\n\n{_scope(scan)}\n")
    if scan.diagnoses:
        out.write("\n| severity | workload | code | pods | since | summary |\n|---|---|---|---|---|---|\n")
    for found in scan.diagnoses:
        cells = (found.severity, _place(found), f"`{found.code}`", _pods(found), _age(found, scan), found.summary)
        out.write(f"| {' | '.join(_cell(cell) for cell in cells)} |\n")
    for found in scan.diagnoses:
        out.write("\n" + "\n".join(_section(found)) + "\n")
    out.writelines(f"\n> {line}\n" for line in limits(scan))


def write_table(scan: Scan, out: TextIO, *, wide: bool = False) -> None:
    """For people at a terminal; piped, every diagnosis is one line that can be searched."""
    # Imported here: rich costs a tenth of a second, which machine-readable formats need not pay.
    from diagnostics.management.tables import print_scan  # noqa: PLC0415

    print_scan(scan, out, wide=wide)


def write_wide(scan: Scan, out: TextIO) -> None:
    """The table with the offender, the confidence, the node and the next command."""
    write_table(scan, out, wide=True)


WRITERS: dict[str, Callable[[Scan, TextIO], None]] = {
    "table": write_table,
    "wide": write_wide,
    "json": write_json,
    "ndjson": write_ndjson,
    "markdown": write_markdown,
}


def headline(scan: Scan) -> str:
    """One sentence that says whether something is wrong and how bad it is."""
    seen = f"{scan.pods_seen:,} pod{'s' * (scan.pods_seen != 1)}"
    if not scan.diagnoses:
        return f"Nothing failing in {scan.cluster}: {seen} read"
    counts: dict[str, int] = {}
    for found in scan.diagnoses:  # Worst first, and so are the words.
        counts[found.severity] = counts.get(found.severity, 0) + 1
    words = ", ".join(f"{count} {severity}" for severity, count in counts.items())
    total = len(scan.diagnoses)
    return f"{total} diagnos{'is' if total == 1 else 'es'} in {scan.cluster}: {words} ({seen} read)"


def limits(scan: Scan) -> Iterator[str]:
    """What this scan could not see, so that a blind spot is never taken for health."""
    if scan.namespaces and not scan.pods_seen:
        yield f"There are no pods in {', '.join(scan.namespaces)}: empty, or misspelt"
    for gap in scan.unavailable:
        where = f" in namespace {gap.namespace}" if gap.namespace else ""
        grant = f"; to mend it, grant: {gap.grant}" if gap.grant else ""
        yield f"Could not read {gap.resource}{where} ({gap.error}){grant}"
    if scan.malformed:
        yield f"{scan.malformed} objects could not be decoded and were not judged"
    for skipped in scan.skipped:
        yield f"Not checked for {skipped.pods} pods: {skipped.check}, which needs {skipped.needs}"
    for crashed in scan.crashed:
        yield f"The check {crashed.check} failed on {crashed.object}: {crashed.error}; please report this"


def _scope(scan: Scan) -> str:
    where = ", ".join(scan.namespaces) if scan.namespaces else "all namespaces"
    version = f"Kubernetes {scan.server_version}, " if scan.server_version else ""
    return f"{version}{where}, {scan.observed_at:%F %T} UTC"


def _place(found: Verdict) -> str:
    namespace = f"{found.namespace}/" if found.namespace else ""
    container = f" ({found.container})" if found.container else ""
    return f"{namespace}{found.workload.kind}/{found.workload.name}{container}"


def _pods(found: Verdict) -> str:
    return f"{found.pods_affected}/{found.pods_total}"


def _age(found: Verdict, scan: Scan) -> str:
    return age(found.first_seen, scan.observed_at)


def age(since: datetime, now: datetime) -> str:
    """How long it has been failing, as kubectl writes ages."""
    return short_duration(now - since)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _section(found: Verdict) -> Iterable[str]:
    yield f"## {found.summary}"
    yield ""
    yield f"{found.severity}, {found.confidence}: `{found.code}` in {_place(found)}. {found.cause}"
    yield ""
    yield f"**Next step.** {found.remedy.text}"
    if commands := (*found.remedy.commands, *found.remedy.verify):
        yield from ("", "```sh", *commands, "```")
    yield from ("", "**Evidence**", "")
    for item in found.evidence:
        yield f"- {item.object} `{item.path}`: `{_cell(item.value).replace('`', chr(39))}`"
    if found.ruled_out:
        yield f"- Ruled out: {'; '.join(found.ruled_out)}"
    for symptom in found.symptoms:
        yield f"- Symptom: {symptom.summary} (`{symptom.code}`)"
