"""What autoscalers complain of, whose fault that is, and what is only about to be well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from diagnostics.rules.autoscalers import maxed, no_metrics, target_unusable, wants_around
from diagnostics.rules.model import Finding
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef
from tests.rules.views import NOW, Json, cluster, codes, condition, named, view

KIND = "HorizontalPodAutoscaler"
WEB = WorkloadRef(kind="Deployment", name="web", namespace="shop")
COMPUTE = "the HPA was unable to compute the replica count: failed to get cpu utilization: "


def web(ready: int = 2, replicas: int = 2, **fields: Any) -> Json:
    """Deployment web with one container, app, that requests nothing."""
    template = {"spec": {"containers": [{"name": "app"}]}}
    return {
        "metadata": named("web", **fields),
        "spec": {"replicas": replicas, "template": template},
        "status": {"replicas": replicas, "readyReplicas": ready},
    }


def autoscaler(*conditions: Json, name: str = "web", kind: str = "Deployment", **fields: Any) -> Json:
    """An autoscaler of Deployment web, for two to four pods, by CPU."""
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}}
    spec = {"scaleTargetRef": {"kind": kind, "name": "web"}, "minReplicas": 2, "maxReplicas": 4, "metrics": [metric]}
    status = {"conditions": list(conditions), "currentReplicas": 4, **fields.pop("status", {})}
    return {"metadata": named(name, **fields), "spec": spec, "status": status}


def inactive(reason: str = "FailedGetResourceMetric", said: str = "", minutes: float = 30) -> Json:
    return condition("ScalingActive", "False", reason, said, minutes)


def made(*documents: Json, deployments: tuple[Json, ...] = (web(),), pods: tuple[Json, ...] = ()) -> Snapshot:
    return cluster(pods, Deployment=list(deployments), **{KIND: list(documents)})


def only(document: Json, **around: Any) -> Finding:
    (found,) = no_metrics.judge(view(made(document, **around), KIND))
    return found


NONE = COMPUTE + "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
NO_REQUEST = COMPUTE + "missing request for cpu in container app of Pod web-6d9f-x2kp4"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (autoscaler(), []),
        (autoscaler(condition("ScalingActive", "True", "ValidMetricFound")), []),
        (autoscaler(inactive("")), []),
        (autoscaler(inactive("ScalingDisabled")), []),
        (autoscaler(inactive("AmbiguousSelector")), []),
        (autoscaler(inactive(said=NONE)), ["hpa-no-metrics"]),
        (autoscaler(inactive(said=NONE, minutes=2)), []),
        (autoscaler(inactive(said=NONE), deletionTimestamp="2026-11-23T03:59:00Z"), []),
        (autoscaler({"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}), []),
    ],
)
def test_an_autoscaler_by_its_condition(document: Json, found: list[str]) -> None:
    assert codes(no_metrics, view(made(document), KIND)) == found


def test_nobody_measures_what_is_scaled_to_zero() -> None:
    idle = made(autoscaler(inactive(said=NONE)), deployments=(web(0, 0),))
    assert codes(no_metrics, view(idle, KIND)) == []


def test_what_was_read_before_it_had_lasted_is_not_told() -> None:
    """It may have recovered since: the next reading will tell."""
    taken = made(autoscaler(inactive(said=NONE, minutes=6)))
    taken.read_at["horizontalpodautoscalers", None] = NOW - timedelta(minutes=4)
    assert codes(no_metrics, view(taken, KIND)) == []
    taken.read_at["horizontalpodautoscalers", None] = NOW - timedelta(minutes=3)
    assert codes(no_metrics, view(taken, KIND)) == ["hpa-no-metrics"]


@pytest.mark.parametrize(("ready", "follows"), [(1, (WEB,)), (2, ())])
def test_pods_that_do_not_run_have_no_metrics(ready: int, follows: tuple[WorkloadRef, ...]) -> None:
    assert only(autoscaler(inactive(said=NONE)), deployments=(web(ready),)).waits_for == follows


def test_of_an_unknown_kind_nothing_says_that_its_pods_run() -> None:
    found = only(autoscaler(inactive(said=NONE), kind="Rollout"))
    assert found.waits_for == (WorkloadRef(kind="Rollout", name="web", namespace="shop"),)


def test_a_missing_request_is_no_consequence_of_pods_that_fail() -> None:
    found = only(autoscaler(inactive(said=NO_REQUEST)), deployments=(web(0),))
    assert found.waits_for == ()
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.containers[app].resources.requests.cpu"


def test_older_servers_do_not_name_the_container() -> None:
    found = only(autoscaler(inactive(said=COMPUTE + "missing request for memory")))
    assert found.params["why"] == "container of its pods requests no memory"


def test_a_reason_that_is_not_known_is_quoted() -> None:
    found = only(autoscaler(inactive("InvalidMetricSourceType", "the HPA cannot tell")))
    assert (found.params["why"], found.signature) == ("the HPA cannot tell", "other")
    assert only(autoscaler(inactive())).params["why"] == "it does not say why"


def test_what_made_an_autoscaler_has_to_change_it() -> None:
    """KEDA makes an autoscaler of each of its ScaledObjects, and puts back what is changed in it."""
    owner: dict[str, Any] = {"ownerReferences": [{"kind": "ScaledObject", "name": "web", "controller": True}]}
    limited = condition("ScalingLimited", "True", "TooManyReplicas")
    taken = made(autoscaler(inactive("FailedGetExternalMetric", "no"), limited, **owner), deployments=(web(4, 4),))
    (metrics,), (most,) = no_metrics.judge(view(taken, KIND)), maxed.judge(view(taken, KIND))
    for found in (metrics, most):
        assert found.offender is not None
        assert (found.offender.kind, found.offender.path) == ("ScaledObject", None)
    assert most.params["limit"] == "the maximum in ScaledObject web"


FAILED = condition("AbleToScale", "False", "FailedGetScale", "the HPA controller was unable to get the target's current "
                   'scale: no matches for kind "Deployment" in version "extensions/v1beta1"')  # fmt: skip


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (autoscaler(), []),
        (autoscaler(condition("AbleToScale", "True", "SucceededGetScale")), []),
        (autoscaler(FAILED), ["hpa-target"]),
        (autoscaler(inactive("InvalidSelector")), ["hpa-target"]),
        (autoscaler(inactive()), []),
        (autoscaler(condition("AbleToScale", "False", "FailedGetScale", minutes=1)), []),
        (autoscaler(FAILED, deletionTimestamp="2026-11-23T03:59:00Z"), []),
    ],
)
def test_a_target_by_the_conditions(document: Json, found: list[str]) -> None:
    assert codes(target_unusable, view(made(document), KIND)) == found


def test_a_target_that_exists_is_not_called_missing() -> None:
    taken = made(autoscaler(FAILED))
    taken.read = {"deployments"}
    (found,) = target_unusable.judge(view(taken, KIND))
    assert found.params["why"] == (
        'Deployment web cannot be scaled: no matches for kind "Deployment" in version "extensions/v1beta1"'
    )


@pytest.mark.parametrize(
    ("others", "meant"),
    [(("webs",), "Is webs meant? Correct"), (("cart",), "Correct"), ((), "Correct")],
)
def test_a_missing_target_may_be_a_slip_of_the_pen(others: tuple[str, ...], meant: str) -> None:
    deployments = tuple({**web(), "metadata": named(other)} for other in others)
    taken = made(autoscaler(FAILED), deployments=deployments)
    taken.read = {"deployments"}
    (found,) = target_unusable.judge(view(taken, KIND))
    assert found.params["why"] == "Deployment web does not exist"
    assert str(found.params["mend"]).startswith(meant)


def test_a_target_that_was_made_since_will_be_found() -> None:
    taken = made(autoscaler(FAILED), deployments=(web(creationTimestamp="2026-11-23T03:31:00Z"),))
    assert codes(target_unusable, view(taken, KIND)) == []


def test_of_two_autoscalers_of_one_target_the_first_speaks() -> None:
    both = inactive("AmbiguousSelector")
    taken = made(autoscaler(both, name="a"), autoscaler(both, name="b"), autoscaler(name="c", kind="StatefulSet"))
    (found,) = target_unusable.judge(view(taken, KIND, "a"))
    assert found.params["why"] == "the pods of Deployment web are scaled by b too"
    assert codes(target_unusable, view(taken, KIND, "b")) == []


def test_the_other_autoscaler_may_have_another_target() -> None:
    (found,) = target_unusable.judge(view(made(autoscaler(inactive("AmbiguousSelector"))), KIND))
    assert found.params["why"] == "the pods of Deployment web are scaled by another autoscaler too"


LIMITED = condition("ScalingLimited", "True", "TooManyReplicas")


@pytest.mark.parametrize(
    ("document", "replicas", "found"),
    [
        (autoscaler(), 4, []),
        (autoscaler(LIMITED), 4, ["hpa-maxed"]),
        (autoscaler(LIMITED), 3, []),  # The maximum has been raised, or the load is gone, since it was read.
        (autoscaler(condition("ScalingLimited", "False", "DesiredWithinRange")), 4, []),
        (autoscaler(condition("ScalingLimited", "True", "TooFewReplicas")), 4, []),
        (autoscaler(condition("ScalingLimited", "True", "ScaleUpLimit")), 4, []),
        (autoscaler(condition("ScalingLimited", "True", "TooManyReplicas", minutes=4)), 4, []),
        (autoscaler(LIMITED, deletionTimestamp="2026-11-23T03:59:00Z"), 4, []),
        (autoscaler({"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}), 4, []),
    ],
)
def test_the_end_of_the_range(document: Json, replicas: int, found: list[str]) -> None:
    assert codes(maxed, view(made(document, deployments=(web(replicas, replicas),)), KIND)) == found


def test_without_a_minimum_it_is_one() -> None:
    document = autoscaler(LIMITED)
    document["spec"] |= {"minReplicas": None, "maxReplicas": 1}
    assert codes(maxed, view(made(document, deployments=()), KIND)) == []


@pytest.mark.parametrize(
    ("current", "usage"),
    [
        (None, ""),
        ([{"type": "External"}], ""),
        ([{"type": "Resource", "resource": {"name": "memory", "current": {"averageUtilization": 90}}}], ""),
        ([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "90m"}}}], ""),
        (
            [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 90}}}],
            ": cpu is at 90% of the requests, the aim is 60%",
        ),
    ],
)
def test_the_load_is_told_where_it_is_a_percentage(current: list[Json] | None, usage: str) -> None:
    document = autoscaler(LIMITED, kind="Rollout", status={"currentMetrics": current})
    (found,) = maxed.judge(view(made(document, deployments=()), KIND))
    assert found.params["usage"] == usage


def test_autoscalers_are_listed_once_or_where_there_are_workloads() -> None:
    taken = made()
    assert list(wants_around(taken)) == [("horizontalpodautoscalers", None)]
    taken.bookings_complete = False
    assert list(wants_around(taken)) == [("horizontalpodautoscalers", "shop")]
    taken.scope = frozenset({"elsewhere"})
    assert list(wants_around(taken)) == []
