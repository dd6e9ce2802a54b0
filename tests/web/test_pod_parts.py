"""What the page of a pod is made of: levels of log lines, strips of states, and places in YAML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.views.pod import strip
from dashboard.views.pod.levels import Level, level, levels
from dashboard.views.pod.lines import proof_in, quoted_in
from dashboard.views.pod.manifest import as_yaml, lines_of
from dashboard.views.pod.strip import Run, Window
from diagnostics.operations.ended_runs import Ended
from diagnostics.snapshot.pods import ContainerState, ContainerStatus, Running, Waiting

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def _at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class TestLevels:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ('{"level":"warn","msg":"ERROR in the text"}', Level.WARNING),
            ('{"severity":"CRITICAL"}', Level.ERROR),
            ('{"level":50,"msg":"pino"}', Level.ERROR),
            ('{"level":30}', Level.INFO),
            ('{"level":-7}', Level.DEBUG),
            ('{"level":true and then nonsense', None),
            ('{"msg":"none"}', None),
            ("E1124 12:00:00.000000       1 server.go:1] no", Level.ERROR),
            ("I1124 12:00:00.000000       1 server.go:1] error is what it talks about", Level.INFO),
            ('time="2026" level=warning msg=x', Level.WARNING),
            ("2026-11-24 12:00:00,1 INFO billing: starting", Level.INFO),
            ("2026/11/24 12:00:00 [error] 7#7: *1 open() failed", Level.ERROR),
            ("[WARN] low", Level.WARNING),
            ("error: no such file", Level.ERROR),
            ("Traceback (most recent call last):", Level.ERROR),
            ("java.lang.IllegalStateException: no", Level.ERROR),
            ("panic: runtime error", Level.ERROR),
            ("an error is what people talk about", None),
            ("x" * 200 + " ERROR", None),
            ("", None),
        ],
    )
    def test_formats_that_programs_write(self, line: str, expected: Level | None) -> None:
        assert level(line) == expected

    def test_an_indented_line_goes_on_with_the_one_before(self) -> None:
        lines = ["  lost", "ERROR bad", "    at frame", "", "done"]
        assert list(levels(lines)) == [None, Level.ERROR, Level.ERROR, None, None]


class TestQuotes:
    LOG = ("up", "first", "KeyError: 'A'", "down")

    @pytest.mark.parametrize(
        ("quote", "expected"),
        [
            ("KeyError: 'A'", [2]),
            ("first\nKeyError: 'A'", [1, 2]),
            ("KeyError: 'A'\n    at /app/app.py:7 in __init__", [2]),
            ("never written", []),
            ("", []),
        ],
    )
    def test_they_are_found_as_far_as_the_log_says_them(self, quote: str, expected: list[int]) -> None:
        assert list(quoted_in(quote, self.LOG)) == expected

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("log, line 3 of 4", [2]), ("previous log, lines 1-2 of 4", [0, 1]), ("log, line 3 of 9", []), ("log", [])],
    )
    def test_the_message_of_a_structured_line_is_found_by_its_place(self, path: str, expected: list[int]) -> None:
        assert list(proof_in({"value": "in other words", "path": path}, self.LOG)) == expected


class TestStrip:
    def _segments(self, status: ContainerStatus | None, *ended: Ended, init: bool = False) -> list[tuple[str, float]]:
        parts = strip.segments(strip.runs(status, ended), status, HOUR, init=init)
        return [(part.kind, (part.start - NOON) / timedelta(minutes=1)) for part in parts]

    def _ended(self, number: int, begun: float, over: float, code: int = 1) -> Ended:
        return Ended("app", number, "Error", code, _at(begun), _at(over))

    def test_a_crash_loop_runs_ends_badly_and_waits(self) -> None:
        waiting = ContainerState(waiting=Waiting(reason="CrashLoopBackOff"))
        status = ContainerStatus("app", restart_count=1, state=waiting)
        drawn = self._segments(status, self._ended(0, 5, 6), self._ended(1, 10, 11))
        assert drawn == [("ran", 5), ("bad", 6), ("ran", 10), ("bad", 11), ("wait", 0), ("wait", 6), ("wait", 11)]

    @pytest.mark.parametrize(("ready", "kind"), [(True, "run"), (False, "unready")])
    def test_the_current_run_says_whether_it_is_ready(self, ready: bool, kind: str) -> None:
        state = ContainerState(running=Running(_at(20)))
        status = ContainerStatus("app", ready=ready, restart_count=3, state=state)
        assert self._segments(status) == [(kind, 20)]

    def test_between_runs_of_which_one_is_unknown_nothing_is_drawn(self) -> None:
        state = ContainerState(running=Running(_at(50)))
        status = ContainerStatus("app", restart_count=7, state=state)
        assert self._segments(status, self._ended(4, 10, 11)) == [("ran", 10), ("bad", 11), ("unready", 50)]

    def test_an_init_container_that_did_its_part_is_a_low_bar(self) -> None:
        status = ContainerStatus("app")
        assert self._segments(status, self._ended(0, 0, 2, code=0), init=True) == [("init", 0), ("wait", 0)]

    def test_one_that_was_never_made_waits(self) -> None:
        assert self._segments(None) == [("wait", 0)]

    def test_what_was_before_the_window_is_left_out(self) -> None:
        state = ContainerState(running=Running(_at(5)))
        status = ContainerStatus("app", restart_count=9, state=state)
        assert self._segments(status, self._ended(2, -30, -20)) == [("unready", 5)]

    def test_at_most_a_day_is_drawn(self) -> None:
        assert strip.window(NOON - timedelta(days=9), NOON).start == NOON - strip.LONGEST
        assert strip.window(None, NOON).start == NOON - strip.LONGEST
        assert strip.window(NOON, NOON).start < NOON

    def test_each_state_is_one_path_within_the_picture(self) -> None:
        runs = [Run(n, _at(n), _at(n + 0.001), 1) for n in range(60)]
        drawn = strip.paths(strip.segments(runs, ContainerStatus("app", restart_count=60), HOUR, init=False), HOUR)
        assert set(drawn) == {"ran", "wait", "bad"}
        assert drawn["bad"].count("z") == 60
        lefts = [float(part.split()[0]) for part in drawn["bad"].split("M")[1:]]
        assert max(lefts) <= strip.WIDTH - strip.TICK

    def test_how_long_a_run_was(self) -> None:
        assert Run(0, _at(0), _at(2)).lasted == timedelta(minutes=2)
        assert Run(0, None, _at(2)).lasted is None


class TestYaml:
    TEXT = as_yaml(
        {
            "metadata": {"name": "x", "annotations": {"note": "one\ntwo"}},
            "spec": {
                "containers": [
                    {"image": "a:1", "name": "app", "resources": {"limits": {"example.com/gpu": "1", "memory": "1Gi"}}},
                    {"image": "b:1", "name": "side", "env": [{"name": "A"}, {"name": "B", "value": "no"}]},
                ]
            },
            "status": {"conditions": [{"type": "Ready", "status": "False"}]},
        }
    )

    def _marked(self, *paths: str) -> list[str]:
        lines = self.TEXT.splitlines()
        return [lines[n].strip() for n in sorted(lines_of(self.TEXT, paths))]

    @pytest.mark.parametrize(
        ("path", "marked"),
        [
            ("spec.containers[app].image", ["- image: a:1"]),
            ("spec.containers[app].resources.limits.memory", ["memory: 1Gi"]),
            ("spec.containers[app].resources.limits.example.com/gpu", ["example.com/gpu: '1'"]),
            ("spec.containers[side].env[B].value", ["value: 'no'"]),
            ("spec.containers[side].env[*].name", ["- env:", "- name: A", "- name: B", "value: 'no'"]),
            ("spec.containers[app].env", ["name: app"]),
            ("status.conditions[Ready]", ["- status: 'False'", "type: Ready"]),
            ("spec.containers[other].image", []),
            ("spec.nothing", []),
            ("nonsense", []),
            ("", []),
        ],
    )
    def test_a_path_leads_to_its_lines(self, path: str, marked: list[str]) -> None:
        assert self._marked(path) == marked

    def test_it_begins_as_kubectl_does_and_keeps_lines_apart(self) -> None:
        assert self.TEXT.startswith("apiVersion: v1\nkind: Pod\nmetadata:\n")
        assert "note: |-\n      one\n      two\n" in self.TEXT
