"""The reference of codes as pages."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.templatetags.sickbay import coded, spelled
from diagnostics.queries import WORST_SHOWN
from diagnostics.rules import rules
from diagnostics.rules.model import NEVER
from diagnostics.rules.reference import by_family, entries
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


def listed(page: Page) -> list[str]:
    """The codes that the list of all shows, in order."""
    return re.findall(r'<a class="mono" href="/codes/([\w-]+)">', page.html)


class TestAll:
    def test_every_code_is_there_once_with_its_family_and_severity(self, look: Look) -> None:
        page = look("/codes/")
        assert listed(page) == list(entries())
        headings = re.findall(r'<h2 id="h-[\w-]+">([^<]+)</h2>', page.html)
        assert headings == list(by_family())
        nodes = page.part('<section class="card" id="nodes"').text
        assert "Critical node-unreachable Node ‹name› is unreachable: its kubelet has reported nothing" in nodes  # noqa: RUF001

    def test_it_says_what_is_open_and_leads_to_it(self, look: Look) -> None:
        cluster = a_cluster()
        a_diagnosis(cluster, "cart")
        a_diagnosis(cluster, "web")
        resolved(cluster, "old", code="crash-oom-limit")
        page = look("/codes/")
        assert page.headline == f"{len(rules())} causes known, 1 of them open now"
        assert '<a class="sm nw" href="/?code=crash-config-env">2 open</a>' in page.html
        assert page.html.count('<a class="sm nw"') == 1
        assert look("/", code="crash-config-env").text.count("crash-config-env") > 1

    def test_nothing_open_is_said_so(self, look: Look) -> None:
        assert look("/codes/").headline.endswith("causes known, none of them open now")

    def test_a_sentence_that_several_share_gives_way_to_the_example(self, look: Look) -> None:
        crashes = look("/codes/").part('<section class="card" id="crash-and-restart"').text
        example = entries()["crash-python-1"].example
        assert example
        assert f"crash-python-1 For example: {example.summary}" in crashes

    @pytest.mark.parametrize("words", ["oom limit", "LIMIT OOM", "  oom-limit "])
    def test_it_is_narrowed_by_words_in_any_order(self, look: Look, words: str) -> None:
        page = look("/codes/", q=words)
        assert "crash-oom-limit" in listed(page)
        assert len(listed(page)) < len(rules()) / 4
        assert f"{len(listed(page))} of {len(rules())} match" in page.text

    def test_it_finds_by_family_cause_and_remedy(self, look: Look) -> None:
        assert set(listed(look("/codes/", q="control plane cp-"))) == {"cp-apiservice"}
        assert "sched-gated" in listed(look("/codes/", q="scheduling gates"))

    @pytest.mark.parametrize("words", ["no such words", '"><script>', "\0x" * 200])
    def test_nothing_found_is_said_and_led_out_of(self, look: Look, words: str) -> None:
        page = look("/codes/", q=words)
        assert listed(page) == []
        assert f"0 of {len(rules())} match" in page.text
        assert "Show all codes" in page.text
        assert "<script>" not in page.part("<main").html

    def test_the_count_of_queries_does_not_grow(self, look: Look) -> None:
        look("/codes/")
        with CaptureQueriesContext(
            connection,
        ) as few:
            look("/codes/")
        cluster = a_cluster()
        for n in range(6):
            a_diagnosis(cluster, f"web-{n}", code=list(rules())[n])
        with CaptureQueriesContext(connection) as many:
            look("/codes/")
        assert len(many) <= len(few) + 1  # The clusters of those that are open.


class TestOne:
    def test_every_code_has_a_whole_page(self, look: Look) -> None:
        for code in rules():
            page = look(f"/codes/{code}")
            assert (page.status, page.headline) == (200, code)
            assert not re.search(r"\{\w+\}", page.part("<article").text), code

    def test_it_says_cause_remedy_and_commands(self, look: Look) -> None:
        page = look("/codes/crash-oom-limit")
        assert page.title == "crash-oom-limit · Sickbay"
        article = page.part("<article")
        for said in ("What it means", "The kernel killed the main process", "Raise the memory limit", "Example"):
            assert said in article.text
        assert 'data-copy="kubectl -n NAMESPACE top pod POD --containers"' in article.html
        assert article.html.count("data-copy=") == 5
        example = entries()["crash-oom-limit"].example
        assert example
        assert example.summary in article.text
        assert "Certain because of what was found" in article.text
        for where, value in example.evidence:
            assert where in article.html.replace("<wbr>", "")
            assert value in article.text

    def test_references_open_without_a_way_back(self, look: Look) -> None:
        references = rules()["crash-oom-limit"].references
        html = look("/codes/crash-oom-limit").html
        assert references
        assert all(f'<a href="{address}" rel="noopener">' in html for address in references)

    def test_what_depends_on_the_finding_is_told_by_the_example(self, look: Look) -> None:
        article = look("/codes/crash-config-env").part("<article").text
        example = entries()["crash-config-env"].example
        assert example
        assert f"The cause depends on what is found. For example: {example.cause}" in article
        assert f"What helps depends on what is found. For example: {example.remedy}" in article

    def test_severity_and_clocks_are_in_words(self, look: Look) -> None:
        glance = '<section class="card" aria-labelledby="gl-h"'
        text = look("/codes/crash-oom-limit").part(glance).text
        assert (
            "Severity High Critical while no pod of the workload is ready Shown at once Announced after 1 min" in text
        )
        assert "Critical High while other pods of the workload are ready" in look("/codes/create-psa").part(glance).text
        silent = next(rule.code for rule in rules().values() if rule.notify_after == NEVER)
        assert "Announced never: it is only shown" in look(f"/codes/{silent}").part(glance).text
        needy = next(code for code, entry in entries().items() if entry.needs == ("events",))
        assert "Needs list events" in look(f"/codes/{needy}").part(glance).text

    def test_relations_lead_to_each_other(self, look: Look) -> None:
        secret, auth = look("/codes/image-secret-missing"), look("/codes/image-auth")
        assert 'href="/codes/image-auth"' in secret.part('<section class="card" aria-labelledby="ex-h"').html
        assert 'href="/codes/image-secret-missing"' in auth.part('<section class="card" aria-labelledby="eb-h"').html
        assert "Whatever its pods suffer." in look("/codes/job-backoff-limit").text
        near = look("/codes/crash-oom-limit").part('<section class="card" aria-labelledby="ne-h"')
        assert "crash-oom-child" in near.text

    def test_what_is_open_here_is_listed_worst_first_and_counted(self, look: Look) -> None:
        cluster = a_cluster()
        for n in range(WORST_SHOWN):
            a_diagnosis(cluster, f"web-{n}", first_seen=before(minutes=n + 1))
        worst = a_diagnosis(cluster, "cart", severity="critical")
        a_diagnosis(cluster, "other", code="crash-oom-limit")
        resolved(cluster, "old")
        here = look("/codes/crash-config-env").part('<section class="card" id="here"')
        assert here.html.index(f"#{worst.number} cart") < here.html.index("web-")
        assert here.html.count('href="/d/') == WORST_SHOWN
        assert f'<a href="/?code=crash-config-env">all {WORST_SHOWN + 1} in triage</a>' in here.html
        assert "web-0" not in here.text  # The youngest gives way.
        assert "old" not in here.text

    def test_nothing_open_here_is_said_so(self, look: Look) -> None:
        assert "No open diagnosis has this cause." in look("/codes/crash-config-env").text

    @pytest.mark.parametrize("path", ["/codes/crash-nothing", "/codes/CRASH-OOM-LIMIT", "/codes/a.b", "/codes/x/y"])
    def test_an_unknown_code_is_a_page_that_is_not_there(self, look: Look, path: str) -> None:
        page = look(path)
        assert (page.status, page.headline) == (404, "There is nothing here")


class TestTheWay:
    def test_rows_facts_and_symptoms_lead_to_their_code(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        link = 'href="/codes/crash-config-env"'
        assert link in look("/").part('<tbody id="rows"').html
        assert link in look(f"/d/{row.number}").part('<section class="card" aria-labelledby="wh-h"').html

    def test_every_page_leads_to_the_list_and_triage_is_not_where_it_stands(self, look: Look) -> None:
        a_diagnosis(a_cluster())
        for path in ("/", "/codes/", "/codes/crash-oom-limit"):
            page = look(path)
            assert 'href="/codes/"' in page.part('<aside class="rail"').html
            assert ("aria-current" in page.part('<aside class="rail"').html) == (path == "/")

    @pytest.mark.parametrize("path", ["/codes/", "/codes/crash-oom-limit"])
    def test_they_take_no_posts_and_allow_nothing_inline(self, browser: Client, path: str) -> None:
        assert browser.post(path).status_code == 405
        response = browser.get(path)
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r"\s(?:style|on[a-z]+)=|<style|<script(?![^>]*\ssrc=)", response.content.decode())


def test_sentences_escape_what_they_hold() -> None:
    assert spelled("<b> {name} & {other}") == "&lt;b&gt; <var>‹name›</var> &amp; <var>‹other›</var>"  # noqa: RUF001
    assert coded("the file /etc/cart/x.json <i>") == "the file <code>/etc/cart/x.json</code> &lt;i&gt;"
    assert "<var>" not in render_to_string("parts/code_sentence.html", {"entry": entries()["crash-python-1"]})
