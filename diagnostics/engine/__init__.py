"""From suspects to verdicts: triage, judge, fold symptoms under roots, fingerprint.

Layer 2: pure, like the layers below it; imports rules and snapshot.
"""
