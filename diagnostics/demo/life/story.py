"""What happens in the demo cluster, and when: something breaks, something heals, and it never ends.

Whoever looks sees, within two minutes: a new Deployment that crash-loops and is mended, a Service's pods that become
ready again, a rollout whose image is missing, and a node that is lost and comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

from diagnostics.demo.life import cast
from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.controllers import Controllers
from diagnostics.demo.life.nodes import Nodes


@dataclass(frozen=True, slots=True)
class Story:
    """The timeline. All times are seconds since the opening."""

    controllers: Controllers
    nodes: Nodes

    def prologue(self) -> None:
        """What was deployed long before the opening, and runs well."""
        for act in cast.ROLLOUTS:
            self.controllers.apply(act.app, act.mended)
        self.controllers.apply(cast.PRICE_FEED, cast.PRICE_FEED_RELEASE)
        self.controllers.apply(cast.EMBEDDINGS, cast.EMBEDDINGS_RELEASE)

    def begin(self, opening: float) -> None:
        """Sets every thread going; `opening` is in so many seconds."""
        play = self.controllers.stage.clock.play
        play(self._readiness(), after=opening - 245)  # Already broken when one begins to look.
        play(self._crashes(), after=opening + 20)
        play(self._rollouts(), after=opening + 45)
        play(self._node(), after=opening + 62)

    def _crashes(self) -> Scene:
        for act in cycle(cast.CRASHES):
            self.controllers.apply(act.app, act.broken)
            yield 80.0
            self.controllers.apply(act.app, act.mended)
            yield 40.0

    def _rollouts(self) -> Scene:
        for act in cycle(cast.ROLLOUTS):
            self.controllers.apply(act.app, act.broken)
            yield 130.0
            self.controllers.apply(act.app, act.mended)
            yield 200.0

    def _readiness(self) -> Scene:
        while True:
            for ref in self.controllers.pods(cast.PRICE_FEED):
                self.controllers.stage.clock.play(self.controllers.kubelet.become_unready(ref, 300.0))
            yield 600.0

    def _node(self) -> Scene:
        while True:
            yield from self.nodes.lose(cast.GPU_NODE, 50.0, cast.EMBEDDINGS)
            yield 370.0
