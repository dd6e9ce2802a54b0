"""Selectors, affinity and tolerations, as the API server and the scheduler match them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.objects import Node, Taint
from diagnostics.snapshot.placement import LabelSelector, SelectorRequirement, Toleration
from diagnostics.snapshot.pods import PodSpec
from diagnostics.snapshot.selectors import (
    as_argument,
    describe,
    describe_selector,
    holds,
    matches,
    node_requirements,
    selects,
    tolerates,
    unmet,
    untolerated,
)

LABELS = {"disk": "ssd", "cores": "16", "zone": "b", "empty": ""}
OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]


def requirement(key: str, operator: str, *values: str) -> SelectorRequirement:
    return SelectorRequirement(key=key, operator=operator, values=values)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (requirement("disk", "In", "hdd", "ssd"), True),
        (requirement("disk", "In", "hdd"), False),
        (requirement("gpu", "In", ""), False),
        (requirement("empty", "In", ""), True),
        (requirement("disk", "NotIn", "ssd"), False),
        (requirement("disk", "NotIn", "hdd"), True),
        (requirement("gpu", "NotIn", "a"), True),
        (requirement("disk", "Exists"), True),
        (requirement("gpu", "Exists"), False),
        (requirement("disk", "DoesNotExist"), False),
        (requirement("gpu", "DoesNotExist"), True),
        (requirement("cores", "Gt", "8"), True),
        (requirement("cores", "Gt", "16"), False),
        (requirement("cores", "Lt", "17"), True),
        (requirement("cores", "Lt", "16"), False),
        (requirement("gpu", "Gt", "1"), False),
        (requirement("disk", "Gt", "1"), False),
        (requirement("cores", "Gt", "many"), False),
        (requirement("cores", "Gt", "1", "2"), False),
        (requirement("cores", "Gt"), False),
        (requirement("disk", "Resembles", "ssd"), False),
    ],
)
def test_holds(one: SelectorRequirement, expected: bool) -> None:
    assert holds(one, LABELS) is expected


@given(
    st.sampled_from(["disk", "gpu"]),
    st.lists(st.sampled_from(["ssd", "hdd"]), min_size=1),
    st.dictionaries(st.sampled_from(["disk", "gpu"]), st.sampled_from(["ssd", "hdd"])),
)
def test_an_operator_and_its_opposite_never_agree(key: str, values: list[str], labels: dict[str, str]) -> None:
    assert holds(requirement(key, "In", *values), labels) is not holds(requirement(key, "NotIn", *values), labels)
    assert holds(requirement(key, "Exists"), labels) is not holds(requirement(key, "DoesNotExist"), labels)


def test_a_missing_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not matches(None, LABELS)
    assert matches(LabelSelector(), LABELS)


def test_labels_and_expressions_must_all_hold() -> None:
    selector = LabelSelector(match_labels={"disk": "ssd"}, match_expressions=(requirement("gpu", "DoesNotExist"),))
    assert matches(selector, LABELS)
    assert not matches(selector, {"disk": "ssd", "gpu": "a100"})
    assert not matches(selector, {"disk": "hdd"})


@pytest.mark.parametrize(
    ("one", "said", "argument"),
    [
        (requirement("disk", "In", "ssd"), "disk=ssd", "disk=ssd"),
        (requirement("disk", "NotIn", "ssd"), "disk!=ssd", "disk!=ssd"),
        (requirement("zone", "In", "a", "b"), "zone in (a, b)", "zone in (a,b)"),
        (requirement("zone", "NotIn", "a", "b"), "zone not in (a, b)", "zone notin (a,b)"),
        (requirement("gpu", "Exists"), "gpu (any value)", "gpu"),
        (requirement("gpu", "DoesNotExist"), "no gpu", "!gpu"),
        (requirement("cores", "Gt", "8"), "cores > 8", None),
        (requirement("cores", "Lt", "8"), "cores < 8", None),
        (requirement("disk", "Resembles", "ssd"), "disk Resembles (ssd)", None),
    ],
)
def test_requirements_in_words_and_on_a_command_line(one: SelectorRequirement, said: str, argument: str | None) -> None:
    assert describe(one) == said
    if argument is not None:
        assert as_argument(LabelSelector(match_expressions=(one,))) == argument


def test_selectors_in_words_and_on_a_command_line() -> None:
    selector = LabelSelector(match_labels={"app": "web"}, match_expressions=(requirement("tier", "Exists"),))
    assert describe_selector(selector) == "app=web, tier (any value)"
    assert as_argument(selector) == "app=web,tier"
    assert [describe_selector(one) for one in (None, LabelSelector())] == ["nothing", "every pod"]
    assert as_argument(None) == ""


# Nodes.


def spec(selector: dict[str, str] | None = None, *terms: dict[str, Any]) -> PodSpec:
    document: dict[str, Any] = {"nodeSelector": selector or {}}
    if terms:
        required = {"nodeSelectorTerms": list(terms)}
        document["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    return msgspec.convert(document, PodSpec)


def term(*expressions: dict[str, Any], fields: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"matchExpressions": list(expressions), "matchFields": fields or []}


def node(name: str = "n1", **labels: str) -> Node:
    return msgspec.convert({"metadata": {"name": name, "labels": labels}}, Node)


SSD = {"key": "disk", "operator": "In", "values": ["ssd"]}
ZONE_B = {"key": "zone", "operator": "In", "values": ["b"]}
NAMED_N1 = {"key": "metadata.name", "operator": "In", "values": ["n1"]}


@pytest.mark.parametrize(
    ("demands", "there", "expected"),
    [
        (spec(), node(), True),
        (spec({"disk": "ssd"}), node(disk="ssd"), True),
        (spec({"disk": "ssd"}), node(disk="hdd"), False),
        (spec({}, term(SSD), term(ZONE_B)), node(zone="b"), True),
        (spec({}, term(SSD, ZONE_B)), node(zone="b"), False),
        (spec({"disk": "ssd"}, term(ZONE_B)), node(zone="b"), False),
        (spec({"disk": "ssd"}, term(ZONE_B)), node(zone="b", disk="ssd"), True),
        (spec({}, term(fields=[NAMED_N1])), node("n1"), True),
        (spec({}, term(fields=[NAMED_N1])), node("n2"), False),
        (spec({}, term(), term(SSD)), node(disk="ssd"), True),
        (spec({}, term()), node(disk="ssd"), False),
    ],
    ids=[
        "no demand",
        "selector",
        "selector unmet",
        "terms are alternatives",
        "a term holds in full",
        "selector and affinity: one missing",
        "selector and affinity",
        "field",
        "field unmet",
        "an empty term is no alternative",
        "an empty term alone matches nothing",
    ],
)
def test_which_nodes_a_pod_may_use(demands: PodSpec, there: Node, expected: bool) -> None:
    assert selects(node_requirements(demands), there) is expected


def test_what_a_node_does_not_meet_and_where_the_spec_says_so() -> None:
    (alternative,) = node_requirements(spec({"disk": "ssd"}, term(ZONE_B)))
    missing = unmet(alternative, node(disk="hdd"))
    assert [str(demand) for demand in missing] == ["disk=ssd", "zone=b"]
    assert missing[0].path == "nodeSelector[disk]"
    assert missing[1].path == ("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms")


# Taints.

GPU = Taint(key="dedicated", value="gpu", effect="NoSchedule")


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (Toleration(key="dedicated", value="gpu", effect="NoSchedule"), True),
        (Toleration(key="dedicated", value="gpu"), True),
        (Toleration(key="dedicated", value="batch"), False),
        (Toleration(key="dedicated", operator="Exists"), True),
        (Toleration(key="dedicated", operator="Exists", effect="NoExecute"), False),
        (Toleration(operator="Exists"), True),
        (Toleration(key="other", operator="Exists"), False),
        (Toleration(value="gpu"), False),
    ],
    ids=["equal", "any effect", "other value", "exists", "other effect", "everything", "other key", "no key, equal"],
)
def test_tolerates(toleration: Toleration, expected: bool) -> None:
    assert tolerates(toleration, GPU) is expected


def test_only_taints_that_repel_count() -> None:
    wish = Taint(key="spot", effect="PreferNoSchedule")
    leave = Taint(key="node.kubernetes.io/unreachable", effect="NoExecute")
    assert untolerated((), (wish, GPU, leave)) == (GPU, leave)
    assert untolerated((Toleration(key="dedicated", operator="Exists"),), (wish, GPU, leave)) == (leave,)
