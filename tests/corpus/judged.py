"""The captured cluster judged: as a whole, as by a scan of all namespaces, and each namespace by itself."""

from __future__ import annotations

from functools import cache

from diagnostics.engine import judge
from diagnostics.engine.verdict import Verdict
from tests.corpus.scoring import Score, by_place, score
from tests.corpus.truth import CLUSTER, CORPUS, truths
from tests.rules.loading import load, load_all


@cache
def as_a_whole() -> dict[str, Score]:
    """The score of every place when all is read at once."""
    snapshot = load_all(CORPUS)
    judgement = judge(snapshot)
    assert not judgement.crashed, judgement.crashed
    places = by_place(judgement, snapshot.now)
    of_cluster = places.get(CLUSTER, [])
    return {place: score(place, truth, places.get(place, []), of_cluster) for place, truth in truths().items()}


@cache
def alone() -> dict[str, Score]:
    """The score of every namespace when nothing but itself and the nodes is read."""
    scores = {}
    for place, truth in truths().items():
        if place != CLUSTER:
            verdicts = _alone(place)
            scores[place] = score(place, truth, verdicts.get(place, []), verdicts.get(CLUSTER, []))
    return scores


def _alone(namespace: str) -> dict[str, list[Verdict]]:
    snapshot = load(CORPUS / namespace)
    snapshot.bookings_complete = False  # The pods of other namespaces were not counted.
    judgement = judge(snapshot)
    assert not judgement.crashed, judgement.crashed
    return by_place(judgement, snapshot.now)
