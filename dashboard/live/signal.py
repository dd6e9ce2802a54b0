"""A signal: that something changed, in under a kilobyte whatever happened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics import live
from diagnostics.models import Update

NAME_LIMIT = 100  # A longer cluster's name is left out: it may be 253 characters of four bytes each.


@dataclass(frozen=True, slots=True)
class Signal:
    """What changed: `ids` None means too much to name, `cluster` None several."""

    topic: str
    ids: frozenset[str] | None
    cluster: str | None
    seq: int = 0

    EVERYTHING: ClassVar[Signal]

    @classmethod
    def of(cls, update: Update) -> Signal:
        """The signal of a stored update."""
        return cls(update.topic, _ids(update.ids), update.cluster.name, update.seq)

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> Signal:
        """The signal of what was published to the channel layer."""
        return cls(message["topic"], _ids(message["ids"]), message["cluster"], message["seq"])

    def merge(self, other: Signal) -> Signal:
        """Both in one. News of diagnoses make a page fetch what news of a cluster would, and more."""
        diagnoses = [signal for signal in (self, other) if signal.topic == Update.Topic.DIAGNOSES] or [self, other]
        named = [signal.ids for signal in diagnoses if signal.ids is not None]
        return Signal(
            topic=diagnoses[0].topic,
            ids=frozenset().union(*named) if len(named) == len(diagnoses) else None,
            cluster=self.cluster if self.cluster == other.cluster else None,
            seq=max(self.seq, other.seq),
        )

    def body(self) -> dict[str, Any]:
        """Its JSON object, without the numbers."""
        few = self.ids is not None and len(self.ids) <= live.IDS_LIMIT
        return {
            "topic": self.topic,
            "ids": sorted(self.ids or ()) if few else None,
            "cluster": self.cluster if self.cluster and len(self.cluster) <= NAME_LIMIT else None,
        }

    def frame(self, prev: int) -> str:
        """What is sent to a tab that was last told `prev`."""
        return json.dumps({"seq": self.seq, "prev": prev, **self.body()}, separators=(",", ":"))


Signal.EVERYTHING = Signal(Update.Topic.DIAGNOSES, None, None)


def merged(signals: Iterable[Signal]) -> list[Signal]:
    """One signal a topic and cluster, in the order in which they were first heard of."""
    found: dict[tuple[str, str | None], Signal] = {}
    for signal in signals:
        key = (signal.topic, signal.cluster)
        found[key] = found[key].merge(signal) if key in found else signal
    return list(found.values())


def _ids(ids: Iterable[str] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(map(str, ids))
