"""The closer look at suspects: reads what the rules want to see besides, each thing once, and has them judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

import msgspec

from diagnostics import engine
from diagnostics.engine.verdict import Judgement
from diagnostics.kube.access import Access
from diagnostics.kube.collect import FIELDS, enrich
from diagnostics.kube.errors import ReadFailed
from diagnostics.kube.resources import LOGS
from diagnostics.operations.ended_runs import runs_ended
from diagnostics.operations.log_reading import Asked, Come, LogReader
from diagnostics.operations.picture import Picture, Place
from diagnostics.rules import rules
from diagnostics.snapshot.cluster import ContainerLog, Snapshot, Unavailable
from diagnostics.snapshot.pods import ContainerStatus
from diagnostics.snapshot.wanted import LogWanted, Wanted

READ_AGAIN = timedelta(minutes=5)  # What was read on demand is good for so long, if only known suspects want it;
READ_AGAIN_FOR_NEW = timedelta(seconds=30)  # and for so long, if a new one does: it may be what is missing now.


@dataclass(slots=True)
class Looker:
    """Looks at a picture's suspects, and remembers what it has read on demand and when."""

    access: Access
    picture: Picture
    _read_at: dict[Place, datetime] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)  # Suspects that have been looked at before.
    _sharable: frozenset[tuple[str, str]] = frozenset()  # As in a judgement, of all namespaces.
    _explained: frozenset[str] = frozenset()  # Namespaces in which something follows from what is not in them.
    # Verdicts, by fingerprint, with their namespace, that were concluded from lists that had just been read.
    _confirmed: dict[str, str | None] = field(default_factory=dict)
    _logs: LogReader = field(init=False)
    # Pods, by uid, of which a log is on its way that nothing stands in for: what is said of them may change with it.
    awaited: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Starts with no log asked for."""
        self._logs = LogReader(self.access)

    @property
    def due(self) -> set[str]:
        """The namespaces that are to be judged again, for logs of their pods have come."""
        return self._logs.due

    def judge(self, namespaces: Collection[str] | None = None) -> tuple[Judgement, Collection[str] | None]:
        """The verdicts on some namespaces, or (None) on all; and which of the two it has become.

        What stands above the namespaces, such as a node, can only be judged with every suspect at hand, and so can
        what they may share, such as a registry. So all are judged where that has changed, or where it explains, or did,
        what fails in these namespaces.
        """
        if namespaces is not None and ("" in namespaces or not self._explained.isdisjoint(namespaces)):
            namespaces = None
        judgement = self._judged(self.picture.view(namespaces))
        if namespaces is None:
            self._sharable, self._explained = judgement.sharable, frozenset(_explained(judgement))
            self._mark_diagnosed(judgement)
            return judgement, None
        if self._concerns_others(judgement, namespaces):
            return self.judge()
        inside = tuple(found for found in judgement.verdicts if found.namespace in namespaces)
        judgement = msgspec.structs.replace(judgement, verdicts=inside)
        self._mark_diagnosed(judgement)
        return judgement, namespaces

    def forget(self) -> None:
        """Forgets what was read on demand: a sweep has begun a new snapshot."""
        self._read_at.clear()

    def _judged(self, view: Snapshot) -> Judgement:
        """The verdicts on a view; what is newly concluded from lists that may be old, only after these were read again."""
        fresh = self._read(view)
        judgement = engine.judge(view)
        new = (found for found in judgement.verdicts if found.fingerprint not in self._confirmed)
        doubtful = {(name, found.namespace) for found in new for name in rules()[found.code].rests_on}
        stale = frozenset(place for place in doubtful if fresh.isdisjoint({place, (place[0], None)}))
        if stale:
            self._read_lists(view, stale)
            judgement = engine.judge(view)
        resting = {found.fingerprint: found.namespace for found in judgement.verdicts if rules()[found.code].rests_on}
        others = {key: place for key, place in self._confirmed.items() if not view.judges(place or "")}
        self._confirmed = others | resting
        return judgement

    def _read(self, view: Snapshot) -> frozenset[Place]:
        """Reads what is wanted and due; returns which lists these were."""
        wanted = engine.wanted(view)
        uids = {pod.metadata.uid for pod in view.suspects}
        patience = READ_AGAIN if uids <= self._seen else READ_AGAIN_FOR_NEW
        self._seen = (self._seen & self.picture.suspects.keys()) | uids
        places = self._due(wanted.resources, view.now - patience) | self._due(wanted.around, view.now - READ_AGAIN)
        if places:
            self._read_lists(view, places)
        self._read_logs(view, wanted.logs)
        view.logs = view.logs | dict(_not_yet_previous(view, wanted.logs))
        view.logs |= dict(self._lent(view, wanted.logs))
        pending = self._logs.pending
        self.awaited = {
            log.uid
            for log in wanted.logs
            if (log.uid, log.container) not in view.logs
            and any((uid, log.container) in pending for uid in (log.uid, *self._beside(log)))
        }
        return places

    def _read_lists(self, view: Snapshot, places: frozenset[Place]) -> None:
        self._forget(view, places)
        enrich(self.access, view, Wanted(resources=places))
        self.picture.gaps = {(gap.resource, gap.namespace): gap for gap in view.unavailable}
        self._read_at |= dict.fromkeys(places, view.now)

    def _due(self, places: Iterable[Place], read_by: datetime) -> frozenset[Place]:
        """Those that were last read by then, or never."""
        return frozenset(place for place in places if place not in self._read_at or self._read_at[place] <= read_by)

    def _read_logs(self, view: Snapshot, wanted: Iterable[LogWanted]) -> None:
        """Asks for the logs that are wanted, and takes over what has come of these and of earlier ones."""
        self._logs.ask(self._in_turn(asked for asked in map(self._asked, wanted) if self._lacks(asked)))
        for come in self._logs.receive():
            self._learn(come)
        view.unavailable[:] = self.picture.gaps.values()

    def _in_turn(self, lacking: Iterable[Asked]) -> list[Asked]:
        """One log of each group of pods that fail alike, for it tells of all of them; then the second ones."""
        turns = Counter[Hashable]()
        ranked = []
        for asked in lacking:
            group = self._beside(asked.log), asked.log.container
            ranked.append((turns[group], asked))
            turns[group] += 1
        return [asked for _, asked in sorted(ranked, key=itemgetter(0))]

    def _beside(self, log: LogWanted) -> frozenset[str]:
        """The pods, by uid, that stand for a log's."""
        return self.picture.witnesses.beside(self.picture.suspects[log.uid].pod)

    def _lent(self, view: Snapshot, wanted: Iterable[LogWanted]) -> Iterator[tuple[tuple[str, str], ContainerLog]]:
        """The logs of witnesses, for pods that fail as they do and whose own logs are not read."""
        for log in wanted:
            if (log.uid, log.container) not in view.logs:
                places = ((uid, log.container) for uid in sorted(self._beside(log)))
                known = [view.logs[place] for place in places if place in view.logs]
                if known:
                    yield (log.uid, log.container), next((found for found in known if found.lines), known[0])

    def _asked(self, log: LogWanted) -> Asked:
        pod, status = self.picture.suspects[log.uid].pod, self._status(log)
        return Asked(log, pod.spec.node_name, runs_ended(status) if status else 0)

    def _lacks(self, asked: Asked) -> bool:
        """Whether a log is worth its requests: its run was not read before, it may be read, and no other stands for it."""
        if (LOGS, asked.log.namespace) in self.picture.gaps or self.picture.log_runs.get(asked.key) == asked.run:
            return False
        return self.picture.witnesses.claim(self.picture.suspects[asked.log.uid].pod)

    def _status(self, log: LogWanted) -> ContainerStatus | None:
        status = self.picture.suspects[log.uid].pod.status
        statuses = (*status.init_container_statuses, *status.container_statuses)
        return next((found for found in statuses if found.name == log.container), None)

    def _forget(self, view: Snapshot, places: Iterable[Place]) -> None:
        """Makes room for lists that are read again: what is no longer in them is no longer there."""
        for name, namespace in places:
            known = getattr(self.picture.snapshot, FIELDS[name])
            for key in [key for key in known if namespace is None or key[0] == namespace]:
                del known[key]
            self.picture.gaps.pop((name, namespace), None)
        view.unavailable[:] = self.picture.gaps.values()

    def _learn(self, come: Come) -> None:
        log, found, picture = come.asked.log, come.found, self.picture
        if isinstance(found, ReadFailed):
            picture.gaps[LOGS, log.namespace] = Unavailable(LOGS, log.namespace, found.kind.value, found.grant)
            found = ContainerLog(missing=found.message)
        elif log.uid in picture.suspects:
            picture.log_runs[come.asked.key] = come.asked.run
            picture.unsaved.logs.add(come.asked.key)
            picture.snapshot.read.add(LOGS)
        if log.uid in picture.suspects:
            picture.snapshot.logs[come.asked.key] = found
            self._put_down_to_its_run(log)

    def _put_down_to_its_run(self, log: LogWanted) -> None:
        """Keeps the log of a run that has ended as the previous one: so it is, as soon as the container runs again."""
        logs, status = self.picture.snapshot.logs, self._status(log)
        found = logs[log.uid, log.container]
        if found.lines and status is not None and status.state.running is None:
            logs[log.uid, log.container] = msgspec.structs.replace(found, previous=True)

    def _concerns_others(self, judgement: Judgement, namespaces: Collection[str]) -> bool:
        """Whether what was found in these namespaces cannot be told without the others; else notes what may be shared."""
        elsewhere = frozenset(pair for pair in self._sharable if pair[0] not in namespaces)
        self._sharable = elsewhere | judgement.sharable
        things = {thing for _, thing in elsewhere}
        above = any(found.namespace is None and (found.pods or found.symptoms) for found in judgement.verdicts)
        return above or any(thing in things for _, thing in judgement.sharable)

    def _mark_diagnosed(self, judgement: Judgement) -> None:
        """Marks the pods that a visible verdict names: what is kept of them is evidence."""
        now = self.picture.snapshot.now
        for uid in (pod.uid for found in judgement.verdicts if found.visible_at <= now for pod in found.pods):
            held = self.picture.suspects.get(uid)
            if held is not None and not held.diagnosed:
                held.diagnosed = True
                self.picture.unsaved.suspects.add(uid)


def _explained(judgement: Judgement) -> Iterator[str]:
    """The namespaces of what hangs under a cause that is not in them."""
    for found in judgement.verdicts:
        for symptom in found.symptoms:
            if symptom.namespace != found.namespace:
                yield symptom.namespace or ""


def _not_yet_previous(view: Snapshot, wanted: Iterable[LogWanted]) -> Iterator[tuple[tuple[str, str], ContainerLog]]:
    """Logs that are kept as the previous ones while no run has begun since: to kubectl they still are the current ones."""
    for log in wanted:
        kept = view.logs.get((log.uid, log.container))
        if kept is not None and kept.previous and not log.previous_first:
            yield (log.uid, log.container), msgspec.structs.replace(kept, previous=False)
