"""The captured cluster, namespace by namespace: everything wrong is named, and nothing else is."""

from __future__ import annotations

from tests.corpus.judged import alone, as_a_whole
from tests.corpus.report import passes
from tests.corpus.truth import CLUSTER, CORPUS, truths


def test_everything_wrong_is_named_and_nothing_else() -> None:
    assert {place: score.wrong for place, score in as_a_whole().items() if score.wrong} == {}


def test_so_it_is_where_only_one_namespace_is_read() -> None:
    assert {place: score.wrong for place, score in alone().items() if score.wrong} == {}


def test_it_passes_the_bars() -> None:
    assert passes(as_a_whole().values())


def test_every_captured_namespace_has_its_truth() -> None:
    assert {path.parent.name for path in CORPUS.glob("*/pods.json")} | {CLUSTER} == set(truths())
    assert sum(len(truth.diagnoses) for truth in truths().values()) > 100
