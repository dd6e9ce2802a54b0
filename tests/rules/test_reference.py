"""Rules, fixtures, shipped examples and the Markdown page say the same, in both directions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diagnostics.rules import rules
from diagnostics.rules.model import Severity
from diagnostics.rules.readable import pieces, readable, typed
from diagnostics.rules.reference import EXAMPLES, OTHER, by_family, entries
from tests.rules.loading import FIXTURES, judged
from tests.rules.reference import PAGE, examples, packed, page

STALE = "run: python -m tests.rules.reference"
FOLDERS = sorted(path.parent for path in FIXTURES.glob("*/*/expected.json"))


# A second rule of the same code speaks once it has lasted long.
WORSE_IN_TIME = {"sched-gated"}


def angled(text: str) -> str:
    return text.replace("<", "\u2039").replace(">", "\u203a")


def codes_expected(folder: Path) -> set[str]:
    return {diagnosis["code"] for diagnosis in json.loads((folder / "expected.json").read_text())}


def test_what_is_committed_is_what_the_rules_and_fixtures_make() -> None:
    assert EXAMPLES.read_bytes() == packed(examples()), STALE
    assert PAGE.read_text(encoding="utf-8") == page(), STALE


def test_every_rule_has_a_heading_of_its_own_and_no_heading_lacks_its_rule() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(rules())
    assert set(entries()) == set(rules())


def test_every_rule_with_a_fixture_has_an_example_that_is_of_that_fixture() -> None:
    with_fixture = {folder.parent.name for folder in FOLDERS if folder.parent.name in codes_expected(folder)}
    with_example = {code: entry.example for code, entry in entries().items() if entry.example}
    assert set(with_example) == with_fixture
    assert all(example.case.startswith(f"{code}/") for code, example in with_example.items())
    assert all(example.evidence for example in with_example.values())


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_families_hold_every_code_once() -> None:
    grouped = [entry.rule.code for members in by_family().values() for entry in members]
    assert sorted(grouped) == sorted(rules())
    assert OTHER not in by_family()


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("image-not-found", "Image <image> does not exist in the registry <registry>"),
        ("probe-refused", "No process of the container accepts connections on the port that the readiness probe asks"),
        ("sched-insufficient-extended", "The pod needs <request>"),
        ("crash-app-unknown", ""),  # What its sentences say is all of a finding.
        ("crash-sidecar", ""),
    ],
)
def test_a_title_tells_a_code_from_all_others(code: str, title: str) -> None:
    assert entries()[code].title == angled(title)


def test_no_two_codes_share_a_title() -> None:
    titles = [entry.title for entry in entries().values() if entry.title]
    assert len(set(titles)) == len(titles)


class TestReadable:
    def test_names_what_is_filled_in(self) -> None:
        assert readable("{kind} {name} has no {service_account}.") == angled("<kind> <name> has no <service account>.")
        assert [piece.open for piece in pieces("Pod {pod} ends.")] == [False, True, False]

    @pytest.mark.parametrize(
        "template",
        [
            "Image {image} is gone{restarts}{words}.",
            "{hedge}Image {image} is gone.",
            "{instead} Image {image} is gone.",
            "Image {image} is gone. {instead}",
            "Image {image} is gone.{instead}",
        ],
    )
    def test_leaves_out_what_a_finding_may_add(self, template: str) -> None:
        assert readable(template) == angled("Image <image> is gone.")

    def test_keeps_what_the_sentence_needs(self) -> None:
        assert readable("It fails: {error}{more}. Give {n} node{s} to {domain}s.") == angled(
            "It fails: <error>. Give <n> nodes to <domain>s."
        )

    def test_is_blank_where_nothing_is_the_same_for_every_finding(self) -> None:
        assert readable("{advice}") == ""
        assert readable("{hedge}{why}.") == ""

    def test_commands_stay_commands(self) -> None:
        command = (
            "kubectl -n {namespace} get {workload} {service_account} -o jsonpath='{{.spec}}' --previous={previous}"
        )
        expected = "kubectl -n NAMESPACE get KIND/NAME SERVICE-ACCOUNT -o jsonpath='{.spec}' --previous=true"
        assert typed(command) == expected

    def test_no_sentence_of_a_rule_becomes_a_torso(self) -> None:
        for rule in rules().values():
            for template in (rule.message, rule.cause, rule.remedy):
                text = readable(template)
                assert not re.search(r"[ :,;]\.(?: |$)|[{}]|  |^[ :,;.]", text), (rule.code, text)
                assert not text or text.endswith((".", "?", angled(">"))), (rule.code, text)
            assert readable(rule.message), rule.code


class TestRelations:
    def test_stars_are_resolved_and_turned_round(self) -> None:
        assert {"image-auth", "image-not-found"} <= set(entries()["image-secret-missing"].explains)
        assert "image-secret-missing" in entries()["image-auth"].explained_by
        assert "probe-exec" in entries()["node-unreachable"].explains
        assert "node-unreachable" not in entries()["node-unreachable"].explained_by

    def test_one_that_explains_everything_names_nothing(self) -> None:
        entry = entries()["job-backoff-limit"]
        assert entry.explains_everything
        assert entry.explains == ()

    def test_near_it_are_those_that_begin_alike(self) -> None:
        assert {"crash-oom-child", "crash-oom-node"} <= set(entries()["crash-oom-limit"].near)
        assert "crash-oom-limit" not in entries()["crash-oom-limit"].near

    def test_severities_of_all_fixtures_are_among_those_that_are_promised(self) -> None:
        for folder in FOLDERS:
            for verdict in judged(folder)[1].verdicts:
                entry = entries()[verdict.code]
                promised = {entry.rule.severity, entry.worst, entry.softened, *dict(entry.rule.cases)}
                assert verdict.code in WORSE_IN_TIME or Severity[verdict.severity.upper()] in promised, verdict.code
