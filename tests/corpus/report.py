"""The score of a corpus for people: a table by family, then everything that is wrong; and whether it is good enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.corpus.scoring import CODES, OFFENDERS, Row, Score

_WIDTHS = (26, 9, 7, 7, 9)


def passes(scores: Iterable[Score]) -> bool:
    """Everything found, enough of it by the right name and in the right object, and nothing reported beyond it."""
    scores = list(scores)
    rows = _rows(scores)
    return (
        all(row.found for row in rows)
        and sum(row.code_right for row in rows) >= CODES * len(rows)
        and sum(row.offender_right for row in rows) >= OFFENDERS * len(rows)
        and not any(score.extras for score in scores)
    )


def lines(scores: Iterable[Score]) -> Iterator[str]:
    """The report, line by line."""
    scores = list(scores)
    rows = _rows(scores)
    yield _line("family", "expected", "found", "code", "offender")
    for family in sorted({row.expected.family for row in rows}):
        yield _line(family, *_counts([row for row in rows if row.expected.family == family]))
    yield _line("all", *_counts(rows))
    yield _line("", "", *(_percent(count, len(rows)) for count in _counts(rows)[1:]))
    yield _line("at least", "", "100.0%", f"{CODES:.1%}", f"{OFFENDERS:.1%}")
    extras = [extra for score in scores for extra in score.extras]
    yield f"reported beyond the truth, or of what is healthy: {len(extras)}"
    yield from (f"  {wrong}" for score in scores for wrong in score.wrong)


def _rows(scores: Iterable[Score]) -> list[Row]:
    return [row for score in scores for row in score.rows if row.counts]


def _counts(rows: list[Row]) -> tuple[int, int, int, int]:
    return (
        len(rows),
        sum(row.found for row in rows),
        sum(row.code_right for row in rows),
        sum(row.offender_right for row in rows),
    )


def _percent(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else ""


def _line(first: str, *cells: object) -> str:
    name, *widths = _WIDTHS
    return f"{first:<{name}}" + "".join(f"{cell!s:>{width + 1}}" for cell, width in zip(cells, widths, strict=True))
