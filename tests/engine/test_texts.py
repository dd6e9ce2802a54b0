"""Sentences and commands."""

from __future__ import annotations

import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.owners import WorkloadRef
from tests.engine.building import finding, pod, rule, snapshot, suspect

IMAGE = "kubectl -n {namespace} set image {workload} {container}={image}"
LOGS = "kubectl -n {namespace} logs {pod} -c {container} | grep {what}"


def texts(of: Suspect | None = None, **params: object) -> Texts:
    """The texts of a finding about container app."""
    return Texts(of or suspect(), finding(rule(), "app", params=params))


def test_a_sentence_names_suspect_and_finding() -> None:
    """Words of both are at hand."""
    assert texts(limit="64Mi").sentence("{workload_name}/{container}: {limit}") == "cart/app: 64Mi"


def test_a_missing_word_is_an_error() -> None:
    """A template that names what nobody offers is a faulty rule, not an empty gap in a sentence."""
    with pytest.raises(KeyError):
        texts().sentence("{limit}")


def test_braces_in_values_stay() -> None:
    """Messages of the cluster may hold braces of their own."""
    assert texts(message="{x: 1}").sentence("said {message}") == "said {x: 1}"


def test_values_are_quoted_for_the_shell() -> None:
    """An image reference that was made to run something when pasted does not."""
    (command,) = texts(image="x; rm -rf /").commands((IMAGE,))
    assert command == "kubectl -n shop set image deployment/cart app='x; rm -rf /'"


def test_the_context_is_part_of_every_command() -> None:
    """With several clusters at hand a command without it would hit the wrong one."""
    (command,) = texts(suspect(context="prod eu"), what="E").commands((LOGS,))
    assert command == "kubectl --context 'prod eu' -n shop logs cart-7f6-x1 -c app | grep E"


def test_what_a_kind_refuses_is_not_offered() -> None:
    """`kubectl set image` knows no Rollout and no Pod; reading a log works for each."""
    one = pod()
    rollout = Suspect(snapshot(one), one, WorkloadRef(kind="Rollout", name="cart", namespace="shop"))
    assert texts(rollout, image="x", what="E").commands((IMAGE, LOGS)) == (
        "kubectl -n shop logs cart-7f6-x1 -c app | grep E",
    )


def test_a_command_for_another_case_is_left_out() -> None:
    """A rule may hold commands for several cases; a word that is None says that this one is not theirs."""
    assert texts(image=None, what="E").commands((IMAGE, LOGS)) == ("kubectl -n shop logs cart-7f6-x1 -c app | grep E",)
