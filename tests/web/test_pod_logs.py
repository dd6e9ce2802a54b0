"""Logs on the pages of a pod and of a diagnosis: every run, why there is none, and whatever a program may write."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from diagnostics.models import Suspect
from tests.web.conftest import Look, Page
from tests.web.pods import a_log, a_manifest, a_pod, ended, stamp
from tests.web.rows import a_cluster, a_diagnosis, before

pytestmark = pytest.mark.django_db
PATH = "/c/prod-eu/p/cart-uid"
CRASH = ("starting", "Traceback (most recent call last):", '  File "a.py", line 1', "KeyError: 'DATABASE_URL'", "bye")


@pytest.fixture
def pod() -> Suspect:
    return a_pod(a_diagnosis(a_cluster()))


def _card(look: Look, path: str = PATH, **query: str) -> Page:
    return look(path, **query).part('<section class="card" id="log"')


class TestRuns:
    def test_the_one_that_is_quoted_comes_first_and_the_line_is_marked(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *CRASH, restart=2)
        a_log(pod, "serving", restart=3)
        card = _card(look)
        assert card.part("<mark").html.startswith('<mark id="L4"')
        assert "Line 4 is quoted as evidence. All of the run: 5 lines." in card.text

    def test_each_has_a_tab_and_an_address(self, look: Look, pod: Suspect) -> None:
        a_log(pod, "first of all", restart=1)
        a_log(pod, *CRASH, restart=2)
        a_log(pod, "serving now", restart=3, previous=False)
        card = _card(look)
        tabs = card.part('<nav class="tabs" aria-label="Which run"').text
        assert tabs == "Current run Previous run Run 1"
        assert 'href="/c/prod-eu/p/cart-uid?restart=2#log" id="log-previous" data-key="p"' in card.html
        assert "first of all" in _card(look, restart="1").text
        assert "serving now" in _card(look, restart="3").text
        assert "KeyError" in _card(look, restart="nonsense").text

    def test_containers_have_tabs_too(self, look: Look) -> None:
        manifest = a_manifest()
        manifest["spec"]["initContainers"] = [{"name": "prep"}]
        pod = a_pod(a_diagnosis(a_cluster()), manifest)
        a_log(pod, *CRASH)
        a_log(pod, "prepared", container="prep", restart=1)
        assert "KeyError" in _card(look).text
        assert "prepared" in _card(look, container="prep").text
        assert "KeyError" in _card(look, container="no such").text

    def test_the_command_that_shows_it_can_be_copied(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *CRASH)
        shown = 'data-copy="kubectl --context prod-eu -n shop logs cart-6d9f-abcde -c app --previous"'
        assert shown in _card(look).html

    def test_a_tail_says_that_more_was_written(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *(f"line {n}" for n in range(200)))
        assert "The last 200 lines of the run; what came before is not kept." in _card(look).text

    def test_of_very_many_lines_the_last_are_shown_and_the_rest_on_demand(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *(f"line {n}" for n in range(3_000)))
        assert _card(look).html.count('id="L') == 500
        assert "Show 2500 earlier lines, too" in _card(look).text
        assert _card(look, lines="all").html.count('id="L') == 3_000


class TestMissing:
    def reason(self, look: Look, status: dict[str, Any] | None = None, **cluster: Any) -> str:
        manifest = a_manifest() if status is None else a_manifest(containerStatuses=[{"name": "app", **status}])
        a_pod(a_diagnosis(a_cluster(**cluster)), manifest)
        return _card(look).text

    def test_the_container_never_started(self, look: Look) -> None:
        text = self.reason(look, {"state": {"waiting": {"reason": "ImagePullBackOff"}}})
        assert "The container has never started, so it has written no log." in text

    def test_the_program_could_not_be_started(self, look: Look) -> None:
        status = {"restartCount": 2, "lastState": ended(before(minutes=1), 128, "StartError")}
        assert "The program could not be started, so it has written no log." in self.reason(look, status)

    def test_logs_may_not_be_read(self, look: Look) -> None:
        gap = {"resource": "pods/log", "namespace": "shop", "error": "forbidden", "grant": "get pods/log"}
        assert "The grant to add: get pods/log." in self.reason(look, gaps=[gap])

    def test_nothing_is_wrong_with_the_container(self, look: Look) -> None:
        running = {"ready": True, "state": {"running": {"startedAt": stamp(before(minutes=9))}}}
        assert "Nothing is wrong with this container" in self.reason(look, running)

    def test_others_stand_for_the_pod(self, look: Look) -> None:
        manifest = a_manifest()
        del manifest["spec"]["dnsPolicy"]
        a_pod(a_diagnosis(a_cluster()), manifest)
        assert "the logs of five are kept" in _card(look).text

    def test_no_check_asked(self, look: Look) -> None:
        assert "No check asked for its log so far." in self.reason(look)

    @pytest.mark.parametrize(
        ("missing", "said"),
        [
            ("the node no longer has it", "it was rotated away"),
            ("the container wrote nothing", "The container wrote nothing in this run."),
            ('container "app" <b> is waiting', 'The cluster did not give it: container "app" <b> is waiting'),
        ],
    )
    def test_the_cluster_had_none(self, look: Look, pod: Suspect, missing: str, said: str) -> None:
        a_log(pod, missing=missing)
        assert said in _card(look).text


class TestHostileText:
    def test_markup_is_text(self, look: Look, pod: Suspect) -> None:
        a_log(pod, "<script>alert(1)</script>")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in _card(look).html

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
            ("nul\x00 bell\x07", "nul␀ bell␇"),
            ("access\u202elevel", "access\\u202elevel"),
            ("a\u2066b\u2028c\u200f", "a\\u2066b\\u2028c\\u200f"),
        ],
    )
    def test_what_would_act_on_the_page_is_spelled_out(
        self, look: Look, pod: Suspect, written: str, shown: str
    ) -> None:
        a_log(pod, written)
        html = _card(look).html
        assert shown in html
        assert written not in html

    def test_a_huge_line_is_cut_where_it_is_shown(self, look: Look, pod: Suspect) -> None:
        a_log(pod, "x" * 2_000_000)
        page = look(PATH)
        assert len(page.html) < 100_000
        assert "and 1,995,904 more characters" in page.text


class TestFinding:
    def test_lines_are_marked_without_any_script(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *CRASH)
        card = _card(look, find="TRACEBACK")
        assert card.html.count('class="found"') == 1
        assert "found in 1 line" in card.text
        assert 'value="TRACEBACK"' in card.html

    def test_a_level_hides_what_is_less_and_never_what_proves(self, look: Look, pod: Suspect) -> None:
        a_log(pod, "INFO up", "WARN low on memory", "ERROR bad", "    at frame", "KeyError: 'DATABASE_URL'", "DEBUG x")
        card = _card(look, level="warning")
        assert "2 lines hidden" in card.text
        assert card.html.count(" hidden>") >= 2
        assert '<mark id="L5" data-level="4"><a' in card.html
        assert '<span id="L4" data-level="4"><a' in card.html

    def test_no_filter_is_offered_where_no_line_has_a_level(self, look: Look, pod: Suspect) -> None:
        a_log(pod, "hello", "world")
        assert "<select" not in _card(look).html


class TestDownload:
    def test_it_is_text_as_it_is_stored(self, browser: Client, pod: Suspect) -> None:
        a_log(pod, "<b>one</b>", "two")
        answer = browser.get(f"{PATH}/log/app/3")
        assert answer.content == b"<b>one</b>\ntwo\n"
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="cart-uid.app.3.log"'
        assert answer["X-Content-Type-Options"] == "nosniff"

    def test_a_log_outlives_the_rest_of_its_pod(self, browser: Client, pod: Suspect) -> None:
        a_log(pod, "one")
        pod.delete()
        assert browser.get(f"{PATH}/log/app/3").status_code == 200

    @pytest.mark.parametrize("path", ["app/4", "other/3", "app/99999999999999999999", "%00/3"])
    def test_what_is_not_kept_is_404(self, browser: Client, pod: Suspect, path: str) -> None:
        a_log(pod, "one")
        a_log(pod, restart=4, missing="the pod is gone")
        assert browser.get(f"{PATH}/log/{path}").status_code == 404


class TestOnTheDiagnosis:
    def test_the_log_of_the_pod_that_is_quoted_is_shown(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *CRASH)
        number = pod.cluster.diagnoses.get().number
        card = _card(look, f"/d/{number}")
        assert "cart-6d9f-abcde / app" in card.text
        assert '<mark id="L4"' in card.html
        assert f'href="{PATH}"' in card.html

    def test_other_runs_are_there_and_the_evidence_stays(self, look: Look, pod: Suspect) -> None:
        a_log(pod, *CRASH, restart=2)
        a_log(pod, "serving", restart=3, previous=False)
        page = look(f"/d/{pod.cluster.diagnoses.get().number}", restart="3")
        assert "serving" in page.part('<section class="card" id="log"').text
        assert "<mark><i>4</i>KeyError" in page.part('<ol class="ev"').html

    def test_pods_lead_to_their_pages_and_to_the_yaml(self, look: Look, pod: Suspect) -> None:
        section = look(f"/d/{pod.cluster.diagnoses.get().number}").part('<section class="card" id="pods"').html
        assert f'<a href="{PATH}">' in section
        assert f'<a href="{PATH}#yaml" data-key="y">' in section

    def test_a_missing_log_says_why(self, look: Look) -> None:
        waiting = {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
        row = a_diagnosis(a_cluster())
        a_pod(row, a_manifest(containerStatuses=[waiting]))
        assert "The container has never started" in _card(look, f"/d/{row.number}").text

    def test_what_has_no_container_has_no_log(self, look: Look) -> None:
        row = a_diagnosis(a_cluster(), container=None)
        a_pod(row)
        assert 'id="log"' not in look(f"/d/{row.number}").html

    def test_a_pod_of_which_nothing_is_kept_is_no_link(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        assert "<a " not in look(f"/d/{row.number}").part('<section class="card" id="pods"').html
