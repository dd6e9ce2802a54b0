"""Series, their figures and their tables: numbers in, the same numbers out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.charts import figures, series
from dashboard.charts.series import MOST_MARKS, Chart, Series
from dashboard.charts.twin import each, lines
from diagnostics.queries.flows import Ended, Opened, OpenedHere, Slots
from diagnostics.queries.happenings import Deploy
from diagnostics.rules.model import Severity

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOTS = Slots(NOON - 3 * HOUR, HOUR, 3)
CAUSES = ("a", "b", "c", "d", "e", "f", "g")


def opened(*counts: tuple[int, str, int], severity: Severity = Severity.HIGH) -> list[Opened]:
    """Rows of slot, code and how many."""
    return [Opened(slot, code, severity, n, 2 * n) for slot, code, n in counts]


def drawn(chart: Chart) -> Any:
    return json.loads(figures.bars(chart))


class TestSeries:
    def test_the_five_biggest_causes_are_named_and_the_others_taken_together(self) -> None:
        rows = opened(*((0, code, 10 - at) for at, code in enumerate(CAUSES)), (2, "g", 1))
        found = series.by_cause(rows, SLOTS)
        assert [one.label for one in found] == [*CAUSES[:5], "other causes"]
        assert found[0].counts == (10, 0, 0)
        assert found[-1].counts == (9, 0, 1)
        assert len({one.colour for one in found}) == 6

    def test_severities_are_counted_worst_first(self) -> None:
        rows = opened((0, "a", 1), severity=Severity.LOW) + opened((1, "b", 1), severity=Severity.CRITICAL)
        assert [one.label for one in series.by_severity(rows, SLOTS)] == ["Critical", "Low"]

    def test_namespaces_are_named_with_their_cluster(self) -> None:
        rows = [OpenedHere(0, "eu", "shop", 2, 2), OpenedHere(1, "us", "shop", 1, 1), OpenedHere(1, "us", "", 1, 1)]
        labels = [one.label for one in series.by_namespace(rows, SLOTS)]
        assert labels == ["eu / shop", "us, no namespace", "us / shop"]

    def test_kills_for_memory_are_marked(self) -> None:
        rows = [Ended(0, "OOMKilled", 137, 3), Ended(1, "Error", 1, 1), Ended(1, "", 2, 1)]
        found = series.by_ending(rows, SLOTS)
        assert [(one.label, one.hatched) for one in found] == [
            ("OOMKilled, exit code 137", True),
            ("exit code 2", False),
            ("Error, exit code 1", False),
        ]

    def test_the_busiest_slot_is_known(self) -> None:
        chart = Chart(SLOTS, series.by_cause(opened((0, "a", 2), (1, "a", 1), (1, "b", 2)), SLOTS))
        assert chart.peak == (SLOTS.begin(1), 3)
        assert Chart(SLOTS, ()).peak == (SLOTS.first, 0)


class TestFigure:
    def test_bars_carry_the_counts_at_the_middle_of_their_slot(self) -> None:
        figure = drawn(Chart(SLOTS, series.by_cause(opened((0, "a", 2), (2, "b", 1)), SLOTS)))
        first, second = figure["data"]
        assert (first["name"], first["y"]) == ("a", [2, None, None])
        assert second["y"] == [None, None, 1]
        assert first["x"][0] == (NOON - 2.5 * HOUR).timestamp() * 1_000
        assert figure["layout"]["meta"] == 3_600_000

    def test_what_healed_is_drawn_downwards(self) -> None:
        figure = drawn(Chart(SLOTS, (Series("a", "c-1", (4, 0, 0)),), healed=(0, 6, 0)))
        assert figure["data"][-1]["y"] == [None, -6, None]
        axis = figure["layout"]["yaxis"]
        assert axis["tickvals"] == [-6, -4, -2, 0, 2, 4]
        assert axis["ticktext"] == ["6", "4", "2", "0", "2", "4"]

    def test_deploys_of_a_slot_are_one_mark_with_its_line(self) -> None:
        found = tuple(Deploy(NOON - HOUR / n, "eu", "shop", f"web-{n}", str(n)) for n in (2, 3, 4, 5, 6))
        figure = drawn(Chart(SLOTS, (), deploys=((), (), found)))
        (marks,) = figure["data"]
        assert marks["x"] == [(NOON - HOUR / 2).timestamp() * 1_000]
        assert marks["text"] == ["5 deploys"]
        assert marks["hovertext"] == ["deployed: web-2 r2, web-3 r3, web-4 r4 and 2 more"]
        assert [shape["x0"] for shape in figure["layout"]["shapes"]] == marks["x"]

    def test_a_mark_is_named_where_there_is_room_towards_the_middle(self) -> None:
        slots = Slots(NOON - 24 * HOUR, HOUR, 24)
        deploys = [Deploy(NOON - n * HOUR, "eu", "shop", f"web-{n}") for n in (20, 5, 4)]
        (marks,) = drawn(Chart(slots, (), deploys=series.deploys_by_slot(deploys, slots)))["data"]
        assert marks["text"] == ["web-20", "web-5", ""]
        assert marks["textposition"] == ["middle right", "middle left", "middle left"]

    def test_the_time_before_watching_is_shaded(self) -> None:
        chart = Chart(SLOTS, (Series("a", "c-1", (1, 0, 0)),), watched_since=NOON - 2 * HOUR)
        (shade,) = drawn(chart)["layout"]["shapes"]
        assert (shade["x0"], shade["x1"]) == (SLOTS.first.timestamp() * 1_000, (NOON - 2 * HOUR).timestamp() * 1_000)

    def test_a_heat_map_has_most_at_the_top(self) -> None:
        rows = [OpenedHere(0, "eu", "few", 1, 1), OpenedHere(1, "eu", "many", 5, 5)]
        (cells,) = json.loads(figures.heat(Chart(SLOTS, series.by_namespace(rows, SLOTS))))["data"]
        assert cells["y"] == ["eu / few", "eu / many"]  # Plotly counts from below.
        assert cells["z"] == [[1, None, None], [None, 5, None]]

    def test_it_is_small_and_brings_no_look_of_its_own(self) -> None:
        text = figures.bars(Chart(SLOTS, (Series("a", "c-1", (1, 0, 0)),)))
        assert len(text) < 600
        assert "template" not in text

    @pytest.mark.parametrize(
        "span", [timedelta(hours=6), timedelta(days=7), timedelta(days=400), timedelta(days=4_500)]
    )
    def test_it_never_has_too_many_marks(self, span: timedelta) -> None:
        bars = Slots.over(NOON - span, NOON, series.BARS)
        rows = opened(*((slot, code, 1) for slot in range(bars.count) for code in CAUSES))
        healed = tuple(1 for _slot in range(bars.count))
        deploys = tuple((Deploy(bars.begin(n), "eu", "shop", "web"),) * 50 for n in range(bars.count))
        chart = Chart(bars, series.by_cause(rows, bars), healed=healed, deploys=deploys)
        marks = sum(len(trace["x"]) for trace in drawn(chart)["data"])
        assert marks <= MOST_MARKS

        cells = Slots.over(NOON - span, NOON, series.HEAT_SLOTS)
        places = [OpenedHere(slot, "eu", f"ns-{n}", 1, 1) for slot in range(cells.count) for n in range(60)]
        heat = Chart(cells, series.by_namespace(places, cells))
        assert sum(len(row) for row in json.loads(figures.heat(heat))["data"][0]["z"]) <= MOST_MARKS
        assert heat.opened == 60 * cells.count


class TestTable:
    def test_it_has_the_numbers_of_the_figure_newest_first(self) -> None:
        chart = Chart(SLOTS, series.by_cause(opened((0, "a", 2), (2, "b", 1)), SLOTS), healed=(0, 3, 0))
        rows = lines(chart)
        assert [row.begin for row in rows] == [SLOTS.begin(n) for n in (2, 1, 0)]
        *bars, healed = drawn(chart)["data"]
        for at, row in enumerate(reversed(rows)):
            assert row.counts == tuple((trace["name"], trace["y"][at] or 0) for trace in bars)
            assert row.healed == -(healed["y"][at] or 0)

    @pytest.mark.parametrize(
        ("span", "words"),
        [(HOUR, "each hour"), (timedelta(days=1), "each day"), (HOUR / 4, "every 15 min"), (6 * HOUR, "every 6 h")],
    )
    def test_how_long_a_slot_is_is_said(self, span: timedelta, words: str) -> None:
        assert each(span) == words
