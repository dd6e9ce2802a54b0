"""A scan to write out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diagnostics.engine import judge, judging
from diagnostics.operations.scanning import Scan
from diagnostics.rules.model import Severity, Stage
from diagnostics.snapshot.cluster import Unavailable
from tests.engine.building import NOW, checks, finding, pod, rule, snapshot, yields

GAP = Unavailable(resource="pods/log", namespace="shop", grant="get pods/log")


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Two pods of cart with two causes, one of them with a symptom, and a namespace whose logs may not be read."""
    since = NOW - timedelta(minutes=14)
    crash = rule(
        "crash-config-env",
        message="Container {container} exits: DATABASE_URL is not set.",
        commands=("kubectl -n {namespace} rollout undo {workload}",),
    )
    probe = rule("probe-refused", Stage.PROBE, message="Nobody | answers {container}.")
    hygiene = rule("image-tag-drift", severity=Severity.LOW)
    found = (finding(crash, "app", since=since), finding(probe, "app"), finding(hygiene, "side", since=since))
    monkeypatch.setattr(judging, "checks", checks(yields(*found)))
    taken = snapshot(pod("cart-7f6-a"), pod("cart-7f6-b"), context="prod-eu")
    return Scan(
        cluster="prod-eu",
        server_version="v1.36.2",
        observed_at=NOW,
        pods_seen=212,
        namespaces=("shop",),
        unavailable=(GAP,),
        malformed=0,
        crashed=(),
        skipped=(),
        diagnoses=judge(taken).verdicts,
    )
