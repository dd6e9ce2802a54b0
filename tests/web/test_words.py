"""How numbers, times, commands and names are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.templatetags.sickbay import command_parts, named
from dashboard.views import words
from dashboard.views.spark import spark
from diagnostics.models import Diagnosis, Occurrence

NOW = datetime(2026, 11, 23, 12, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (172_799, "47 h"),
        (172_800, "2 d"),
        (14 * 86_400, "14 d"),
    ],
)
def test_a_length_of_time(seconds: float, text: str) -> None:
    assert words.length(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1000"), (1001, "1k+"), (1999, "1k"), (46_200, "46k")]
)
def test_a_count(count: int, text: str) -> None:
    assert words.rounded(count) == text


def test_a_time_says_when_exactly() -> None:
    at = datetime(2026, 11, 23, 12, 3, 58, 120_000, tzinfo=UTC)
    assert words.ago(at, NOW) == (
        '<time datetime="2026-11-23T12:03:58Z" title="23 Nov 2026, 12:03:58 UTC" data-ago>1 s ago</time>'
    )
    assert words.clock(at, NOW).endswith("data-clock>12:03:58</time>")
    assert words.minute(at, NOW).endswith("data-minute>12:03</time>")
    assert words.clock(at - timedelta(days=1), NOW).endswith("data-clock>22 Nov, 12:03</time>")


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("kubectl get pods", ["kubectl", "get", "pods"]),
        ("kubectl --context prod -n shop logs x", ["kubectl", "--context prod", "-n shop", "logs", "x"]),
        ("kubectl logs x --previous", ["kubectl", "logs", "x", "--previous"]),
        (
            "kubectl set env d/x A=1 --limits=cpu=1 -c app",
            ["kubectl", "set", "env", "d/x", "A=1", "--limits=cpu=1", "-c app"],
        ),
        ("""x -p '[{"a": 1}]' y""", ["x", """-p '[{"a": 1}]'""", "y"]),
        ("kubectl exec x -- cat a", ["kubectl", "exec", "x", "--", "cat", "a"]),
        ("echo it's", ["echo", "it", "'", "s"]),
    ],
)
def test_a_command_breaks_between_its_arguments(command: str, parts: list[str]) -> None:
    assert command_parts(command) == parts


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("web of shop-web fails.", "<code>web</code> of shop-web fails."),
        ("Node node-1 and node-12.", "Node <code>node-1</code> and node-12."),
        ("Image quay.io/a/b:1.2 is gone.", "Image <code>quay.io/a/b:1.2</code> is gone."),
        ("Set DATABASE_URL, not URL.", "Set <code>DATABASE_URL</code>, not URL."),
        ("No tag of shop/cart. Push it.", "No tag of <code>shop/cart</code>. Push it."),
        ("a < b & c", "a &lt; b &amp; c"),
        ("go to Go", "go to Go"),
    ],
)
def test_names_in_a_sentence(sentence: str, html: str) -> None:
    verdict = {"offender": {"name": "web"}, "pods": [{"node": "node-1"}]}
    assert named(sentence, Diagnosis(workload_name="web", container="go", verdict=verdict)) == html


class TestSpark:
    @staticmethod
    def occurrence(start: float, end: float | None, pods: int = 1) -> Occurrence:
        ended_at = None if end is None else NOW - timedelta(hours=end)
        return Occurrence(started_at=NOW - timedelta(hours=start), ended_at=ended_at, pods_peak=pods)

    @pytest.mark.parametrize(
        ("occurrences", "hours"),
        [
            ([], 0),
            ([(0.2, None)], 1),
            ([(3.5, None)], 4),
            ([(400, None)], 24),
            ([(7.9, 7.5)], 1),
            ([(7.9, 7.5), (2.5, 1.5)], 3),
            ([(30, 25)], 0),
        ],
    )
    def test_shows_in_which_hours_it_failed(self, occurrences: list[tuple[float, float | None]], hours: int) -> None:
        drawn = spark([self.occurrence(*span) for span in occurrences], NOW)
        assert drawn.hours == drawn.failing.count("M") == hours
        assert drawn.quiet.count("M") == 24 - hours

    def test_is_higher_the_more_pods_fail(self) -> None:
        drawn = spark([self.occurrence(5.5, 5.2, pods=2), self.occurrence(1.5, 1.2, pods=8)], NOW)
        assert drawn.failing == "M72 15h3v9h-3zM88 4h3v20h-3z"
