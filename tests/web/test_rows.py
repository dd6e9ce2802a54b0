"""The rows of the list: their order, whose they are, their next steps, and what is done to one of them."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from diagnostics.models import Diagnosis
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before, resolved
from tests.web.test_bulk import post, undo
from tests.web.test_triage import cost, names

pytestmark = pytest.mark.django_db


def row_of(page: Page, row: Diagnosis) -> Page:
    return page.part(f'<tr id="d-{row.uuid}"')


def does(page: Page) -> list[str]:
    """What the buttons of a part of a page post."""
    return [html.unescape(value) for value in re.findall(r'name="do" value="([^"]*)"', page.html)]


class TestOrder:
    @pytest.fixture(autouse=True)
    def rows(self) -> None:
        cluster = a_cluster()
        a_diagnosis(cluster, "worst", severity="critical", first_seen=before(hours=9))
        a_diagnosis(cluster, "newest", severity="low", first_seen=before(hours=1))
        a_diagnosis(cluster, "between", severity="medium", first_seen=before(hours=5))

    def test_is_by_weight_unless_the_newest_are_asked_for(self, look: Look) -> None:
        assert (
            names(look())
            == names(look(sort="worst"))
            == names(look(sort="cleverest"))
            == ["worst", "between", "newest"]
        )
        page = look(sort="newest")
        assert names(page) == ["newest", "between", "worst"]
        assert page.part("<caption").text == "Open diagnoses, newest first"
        assert "Newest first" in page.part('<details class="menu right" id="menu-sort"').part("<summary").text

    def test_stays_while_filters_change(self, look: Look) -> None:
        page = look(sort="newest", severity=["critical", "low"])
        assert names(page) == ["newest", "worst"]
        assert 'href="/?tab=review&amp;severity=critical&amp;severity=low&amp;sort=newest"' in page.html
        assert (
            'href="/?severity=critical&amp;severity=low"'
            in page.part('<details class="menu right" id="menu-sort"').html
        )

    def test_of_resolved_ones_is_by_time_alone(self, look: Look) -> None:
        page = look(tab="resolved", sort="newest")
        assert 'id="menu-sort"' not in page.html
        assert "Latest first" in page.part('<div class="bar"').text


class TestWhose:
    """Narrowed to those of the reader, of nobody, of somebody."""

    @pytest.fixture(autouse=True)
    def rows(self, user: User) -> None:
        cluster = a_cluster()
        for name, owner in (("mine", user), ("bos", a_person("bo")), ("free", None)):
            row = a_diagnosis(cluster, name)
            Diagnosis.objects.filter(pk=row.pk).update(assignee=owner)

    @pytest.mark.parametrize(
        ("assignee", "found"),
        [
            ("me", {"mine"}),
            ("ana", {"mine"}),
            ("bo", {"bos"}),
            ("nobody", {"free"}),
            (["me", "nobody"], {"mine", "free"}),
            ("carl", set()),
        ],
    )
    def test_is_said_by_the_address(self, look: Look, assignee: str | list[str], found: set[str]) -> None:
        page = look(assignee=assignee)
        assert set(names(page)) == found
        assert f"{len(found)} of 3 match" in page.text

    def test_me_is_whoever_reads(self, client: Client) -> None:
        client.force_login(User.objects.get(username="bo"))
        page = Page(client.get("/?assignee=me").content.decode(), 200)
        assert names(page) == ["bos"]
        assert 'href="/?tab=review&amp;assignee=me"' in page.html  # Shared, it means its next reader.

    def test_is_chosen_from_a_menu(self, look: Look) -> None:
        page = look()
        for word in ("me", "nobody", "bo"):
            assert f'href="/?assignee={word}"' in page.html
        assert "me" in look(assignee="me").part('<details class="menu is-set"').part("<summary").text

    def test_nobody_is_mine_for_who_is_not_signed_in(self, client: Client, settings: Settings) -> None:
        settings.DEMO = True
        page = Page(client.get("/?assignee=me").content.decode(), 200)
        assert names(page) == []


@pytest.mark.parametrize(
    ("query", "label"), [({"workload": "Deployment/cart"}, "Workload"), ({"node": "node-7"}, "Node")]
)
def test_what_only_links_narrow_to_has_a_menu_to_give_it_up(look: Look, query: dict[str, str], label: str) -> None:
    row = a_diagnosis(a_cluster())
    Diagnosis.objects.filter(pk=row.pk).update(node="node-7")
    a_diagnosis(row.cluster, "web")
    assert label not in look().part('<div class="bar"').text
    page = look(**query)
    assert names(page) == ["cart"]
    menu = page.part('<details class="menu is-set"')
    assert label in menu.text
    assert next(iter(query.values())) in menu.text
    assert 'href="/"' in menu.html


class TestNextStep:
    """One row shows it: the one that was asked for, else the first of few."""

    def test_of_another_row_is_a_link_away_and_so_is_none(self, look: Look) -> None:
        cluster = a_cluster()
        worst, other = a_diagnosis(cluster, "worst", severity="critical"), a_diagnosis(cluster, "other")
        assert f'id="peek-{worst.uuid}"' in look().html
        assert f'href="/?peek={other.number}"' in row_of(look(), other).html
        assert 'href="/?peek=0" data-key="space" aria-expanded="true"' in row_of(look(), worst).html
        page = look(peek=other.number)
        assert re.findall('id="peek-([^"]+)"', page.html) == [str(other.uuid)]
        assert "kubectl -n shop set env deployment/other" in page.part('<tr class="peek"').text
        assert 'class="peek"' not in look(peek=0).html

    @pytest.mark.parametrize("peek", ["99999", "x", "-1", "9" * 30])
    def test_of_what_is_not_listed_is_none(self, look: Look, peek: str) -> None:
        a_diagnosis(a_cluster())
        page = look(peek=peek)
        assert page.status == 200
        assert page.html.count('class="peek"') == (0 if peek == "99999" else 1)

    def test_is_left_by_every_other_choice(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        page = look(peek=row.number, severity="high")
        assert f'href="/?severity=high&amp;peek={row.number}"' not in page.part('<nav class="tabs"').html
        assert f'action="/?severity=high&amp;peek={row.number}"' in page.html  # What is done here comes back here.

    def test_shows_in_its_group_too(self, look: Look) -> None:
        cluster = a_cluster()
        a_diagnosis(cluster, "web")
        row = a_diagnosis(cluster, "cart")
        page = look(group="workload", peek=row.number)
        assert re.findall('id="peek-([^"]+)"', page.html) == [str(row.uuid)]


class TestDeeds:
    """What the buttons of one row do."""

    @pytest.fixture
    def cart(self) -> Diagnosis:
        row = a_diagnosis(a_cluster(), "cart")
        a_diagnosis(row.cluster, "web")
        return row

    def test_are_of_the_version_that_is_shown_and_can_be_undone(
        self, browser: Client, look: Look, cart: Diagnosis
    ) -> None:
        (do,) = does(row_of(look(), cart))
        assert do == f"acknowledge @ {cart.number}:{cart.version}"
        page = post(browser, do, f"{cart.number + 1}:0")  # What is chosen elsewhere is not meant.
        assert page.part('<p class="toast').text == "Acknowledged. 1 diagnosis. Undo"
        assert [row.workload_name for row in Diagnosis.objects.exclude(acknowledged_at=None)] == ["cart"]
        assert does(row_of(page, cart)) == []
        post(browser, undo(page))
        assert not Diagnosis.objects.exclude(acknowledged_at=None).exists()

    def test_do_nothing_to_what_was_changed_meanwhile(self, browser: Client, look: Look, cart: Diagnosis) -> None:
        (do,) = does(row_of(look(), cart))
        Diagnosis.objects.filter(pk=cart.pk).update(version=cart.version + 1)
        assert "1 was changed meanwhile" in post(browser, do).text
        assert not Diagnosis.objects.exclude(acknowledged_at=None).exists()

    def test_come_back_to_the_same_view(self, browser: Client, cart: Diagnosis) -> None:
        path = f"/?severity=high&group=workload&sort=newest&peek={cart.number}"
        answer = browser.post(path, {"do": f"acknowledge @ {cart.number}:{cart.version}"})
        assert answer["Location"] == path

    @pytest.mark.parametrize("verb", ["snooze 8h", "snooze worse", "assign bo", "resolve"])
    def test_of_the_menus_are_undone_too(self, browser: Client, cart: Diagnosis, verb: str) -> None:
        a_person("bo")
        before_it = Diagnosis.objects.values("snoozed_until", "assignee", "state").get(pk=cart.pk)
        page = post(browser, f"{verb} @ {cart.number}:{cart.version}")
        assert Diagnosis.objects.values("snoozed_until", "assignee", "state").get(pk=cart.pk) != before_it
        post(browser, undo(page))
        after = Diagnosis.objects.get(pk=cart.pk)
        assert (after.snoozed_until, after.assignee, after.resolved_at) == (None, None, None)

    def test_an_opened_one_is_taken_over_in_place(self, browser: Client, look: Look, cart: Diagnosis) -> None:
        take = does(look(peek=cart.number).part('<tr class="peek"'))
        assert take[1] == f"assign ana @ {cart.number}:{cart.version}"
        page = post(browser, take[1], path=f"/?peek={cart.number}")
        assert does(page.part('<tr class="peek"')) == [f"acknowledge @ {cart.number}:{cart.version + 1}"]

    def test_a_silence_is_filled_in_from_those_chosen(self, browser: Client, look: Look, cart: Diagnosis) -> None:
        other = Diagnosis.objects.get(workload_name="web")
        picks = [f"{row.number}:{row.version}" for row in (cart, other)]
        answer = browser.post("/", {"do": "silence", "pick": picks})
        assert answer["Location"] == f"/notifications/silences/new?diagnosis={cart.number}&diagnosis={other.number}"
        page = look(answer["Location"])
        assert "cart" in page.html
        assert "web" in page.html
        one = browser.post("/", {"do": f"silence @ {cart.number}:{cart.version}", "pick": picks})
        assert one["Location"] == f"/notifications/silences/new?diagnosis={cart.number}"
        assert "choose diagnoses first" in post(browser, "silence").text

    def test_of_a_lost_cluster_there_are_none(self, look: Look, cart: Diagnosis) -> None:
        lost = a_cluster("prod-us", fresh_at=before(minutes=6), failing_since=before(minutes=6), failure="timed out")
        stale = a_diagnosis(lost, "old")
        page = look(peek=stale.number)
        row = row_of(page, stale)
        for control in ('name="pick"', "data-menu", 'name="do"'):
            assert control not in row.html
            assert control in row_of(page, cart).html
        assert does(page.part('<tr class="peek"')) == []
        assert "as of" in row.text

    def test_of_resolved_ones_there_are_none(self, look: Look, cart: Diagnosis) -> None:
        done = resolved(cart.cluster, "done")
        row = row_of(look(tab="resolved"), done)
        assert 'name="do"' not in row.html
        assert "data-menu" not in row.html

    def test_a_viewer_has_none(self, client: Client, cart: Diagnosis) -> None:
        client.force_login(a_person("vi", "viewer"))
        page = client.get("/").content.decode()
        for control in ('name="pick"', "data-menu=", 'name="do"', "menu-for-row"):
            assert control not in page
        answer = client.post("/", {"do": f"resolve @ {cart.number}:{cart.version}"})
        assert answer.status_code == 403
        assert not Diagnosis.objects.filter(state="resolved").exists()


def test_a_resolved_one_says_how_long_it_failed(look: Look) -> None:
    resolved(a_cluster(), "web", first_seen=before(hours=4), resolved_at=before(hours=1))
    assert "after 3 h" in look(tab="resolved").part('<tbody id="rows').text


@pytest.mark.parametrize(
    "path",
    ["/?group=cause", "/?group=node", "/?assignee=me", "/?node=node-1&workload=Deployment/cart", "/?sort=newest"],
)
def test_the_number_of_queries_does_not_depend_on_what_is_listed(browser: Client, user: User, path: str) -> None:
    cluster = a_cluster()
    columns = {"node": "node-1", "assignee": user}
    Diagnosis.objects.filter(pk=a_diagnosis(cluster, "cart").pk).update(**columns)
    few = cost(browser, path)
    for n in range(30):
        row = a_diagnosis(a_cluster(f"c{n}"), "cart", namespace=f"n{n}", code=f"c-{n}")
        Diagnosis.objects.filter(pk=row.pk).update(**columns)
    assert cost(browser, path) == few
    assert few <= 22


def test_nor_does_that_of_a_storm(browser: Client) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart", pods_affected=1_200)
    few = cost(browser)
    for n in range(30):
        a_diagnosis(a_cluster(f"c{n}"), f"cart-{n}", code=f"c-{n}", pods_affected=60)
    assert cost(browser) == few
    assert few <= 22
