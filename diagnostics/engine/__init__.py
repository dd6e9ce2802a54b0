"""From suspects to verdicts: triage, judge, fold symptoms under roots, fingerprint.

Layer 2: pure, like the layers below it; imports rules and snapshot.
"""

from diagnostics.engine.context import wanted
from diagnostics.engine.judging import judge
from diagnostics.engine.triage import EVER, UNSETTLED, suspicious

__all__ = ["EVER", "UNSETTLED", "judge", "suspicious", "wanted"]
