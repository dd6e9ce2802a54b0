"""Writes the reference of codes from the rules and their fixtures: `docs/codes.md`, and the examples that ship.

`python -m tests.rules.reference` writes both; a test holds them to what this module makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from diagnostics.engine.verdict import Verdict
from diagnostics.rules import rules
from diagnostics.rules.model import NEVER, Rule
from diagnostics.rules.readable import pieces, readable, typed
from diagnostics.rules.reference import EXAMPLES, Entry, Example, by_family
from tests.rules.loading import FIXTURES, judged

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"
QUOTED = 2  # Pieces of evidence.
LONGEST = 240  # Characters of one of them.
OPENING = """\
# Codes

What Sickbay says can be wrong, by the code that names it in the pages, in `manage.py scan` and in the API. Codes are
never renamed and never used for anything else. Words in angle marks are filled in with what was found; each example is
what Sickbay says of a captured failure.

Generated from the rules and their fixtures by `python -m tests.rules.reference`: do not edit.
"""


def examples() -> dict[str, Example]:
    """By code, what the engine says of the first case of each rule's own fixtures."""
    cases = ((code, case) for code in sorted(rules()) for case in sorted(FIXTURES.glob(f"{code}/*/expected.json")))
    found: dict[str, Example] = {}
    for code, case in cases:
        if code not in found and (verdict := _said(code, case.parent)):
            found[code] = _example(f"{code}/{case.parent.name}", verdict)
    return found


def _said(code: str, folder: Path) -> Verdict | None:
    return next((verdict for verdict in judged(folder)[1].verdicts if verdict.code == code), None)


def _example(case: str, verdict: Verdict) -> Example:
    return Example(
        case=case,
        summary=verdict.summary,
        cause=verdict.cause,
        remedy=verdict.remedy.text,
        confidence=verdict.confidence,
        evidence=tuple((f"{fact.object}, {fact.path}", _cut(fact.value)) for fact in verdict.evidence[:QUOTED]),
    )


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"


def packed(found: dict[str, Example]) -> bytes:
    """The examples as they are stored: one code after another, so that a change is a small difference."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def page() -> str:
    """The reference as one Markdown page, from the rules and the stored examples."""
    return "\n".join([OPENING, *_contents(), *(line for family in by_family().items() for line in _family(*family))])


def _contents() -> Iterator[str]:
    for family, members in by_family().items():
        yield f"- [{family}](#{_anchor(family)}): {', '.join(_link(entry.rule.code) for entry in members)}"
    yield ""


def _family(family: str, members: list[Entry]) -> Iterator[str]:
    yield f"## {family}\n"
    for entry in members:
        yield from _code(entry)


def _code(entry: Entry) -> Iterator[str]:
    rule = entry.rule
    yield f"### {rule.code}\n"
    yield f"**{_escaped(readable(rule.message))}**\n"
    yield f"{_severity(entry)}. {_clocks(rule.visible_after, rule.notify_after)}\n"
    if rule.together:
        yield f"Shared by several workloads: {_escaped(readable(rule.together))}\n"
    yield from _paragraph("Cause", rule.cause)
    yield from _paragraph("Remedy", rule.remedy)
    if commands := [*rule.commands, *rule.verify]:
        yield "\n".join(["```sh", *map(typed, commands), "```\n"])
    yield from _relations(entry)
    if entry.example:
        yield from _quoted(entry.rule, entry.example)


def _paragraph(title: str, template: str) -> Iterator[str]:
    yield f"{title}: {_escaped(readable(template)) or 'depends on what is found; see the example.'}\n"


def _severity(entry: Entry) -> str:
    cases = (f"{severity.word} {when}" for severity, when in entry.rule.cases)
    word = ", ".join((entry.rule.severity.word.capitalize(), *cases))
    if entry.worst is not None:
        return f"{word}, {entry.worst.word} while no pod of the workload is ready"
    if entry.softened is not None:
        return f"{word}, {entry.softened.word} while other pods of the workload are ready"
    return word


def _clocks(visible: timedelta, notify: timedelta) -> str:
    announced = "never announced" if notify == NEVER else f"announced {_after(notify)}"
    return f"Shown {_after(visible)}, {announced}."


def _after(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if not seconds:
        return "at once"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"after {seconds // size} {unit}"
    return f"after {seconds} s"


def _relations(entry: Entry) -> Iterator[str]:
    if entry.explains_everything:
        yield "Explains: whatever its pods suffer.\n"
    if entry.explains:
        yield f"Explains: {', '.join(map(_link, entry.explains))}.\n"
    if entry.explained_by:
        yield f"Explained by: {', '.join(map(_link, entry.explained_by))}.\n"
    if entry.needs:
        yield f"Needs: {', '.join(entry.needs)}.\n"
    if entry.rule.references:
        yield f"Read more: {', '.join(f'<{address}>' for address in entry.rule.references)}\n"


def _quoted(rule: Rule, example: Example) -> Iterator[str]:
    """The sentence; the cause and the remedy only where the rule has none that is the same for every finding."""
    told = [example.summary]
    told += [example.cause] if not pieces(rule.cause) else []
    told += [example.remedy] if not pieces(rule.remedy) else []
    yield "\n>\n".join(f"> {_escaped(' '.join(text.split()))}" for text in told) + "\n"


def _link(code: str) -> str:
    return f"[`{code}`](#{code})"


def _anchor(family: str) -> str:
    return family.lower().replace(" ", "-")


def _escaped(text: str) -> str:
    """Text that Markdown would take for markup, made plain."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#" else char for char in text)


if __name__ == "__main__":
    EXAMPLES.write_bytes(packed(examples()))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
