"""Views of the triage page that people save: whose they are, who sees them, how many there may be."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from diagnostics.models import Member, SavedView
from diagnostics.operations import views
from diagnostics.operations.refusing import Invalid
from diagnostics.queries import saved_views
from diagnostics.queries.saved_views import VIEWS_SHOWN
from tests.people import a_person
from tests.web.conftest import Look

pytestmark = pytest.mark.django_db
NEW = "/views/new?severity=critical&namespace=shop"


def as_somebody(client: Client, role: str) -> User:
    """Signs a browser in."""
    person = a_person("bo", role)
    client.force_login(person)
    return person


def test_a_filter_is_saved_renamed_and_deleted(browser: Client, look: Look, user: User) -> None:
    browser.post(NEW, {"name": " Shop, worst "})
    view = SavedView.objects.get()
    assert (view.name, view.owner, view.shared) == ("Shop, worst", user, False)
    assert view.query == "severity=critical&namespace=shop"
    assert '<a href="/?severity=critical&amp;namespace=shop" aria-current="page"' in look(f"/?{view.query}").html

    browser.post(f"/views/{view.pk}", {"name": "Shop", "shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Shop", True)

    browser.post(f"/views/{view.pk}", {"do": "delete", "name": "Shop"})
    assert not SavedView.objects.exists()
    assert browser.post(f"/views/{view.pk}", {"do": "delete"}).status_code == 404


@pytest.mark.parametrize("name", ["", "  ", "\0", "x" * 61, "Taken"])
def test_a_name_that_cannot_be_is_refused(browser: Client, user: User, name: str) -> None:
    SavedView.objects.create(owner=user, name="Taken", query="")
    answer = browser.post(NEW, {"name": name}, follow=True).content.decode()
    assert 'class="toast bad"' in answer
    assert SavedView.objects.count() == 1


@pytest.mark.parametrize(("role", "shared"), [("viewer", False), ("responder", True)])
def test_sharing_takes_a_responder(client: Client, role: str, shared: bool) -> None:
    as_somebody(client, role)
    client.post(NEW, {"name": "Shop", "shared": "on"})
    assert SavedView.objects.get().shared is shared


@pytest.mark.parametrize(
    ("role", "shared", "status"),
    [("viewer", True, 404), ("responder", True, 404), ("admin", True, 302), ("admin", False, 404)],
)
def test_what_is_somebody_elses_is_changed_by_admins_alone_and_only_if_shared(
    client: Client,
    role: str,
    shared: bool,
    status: int,
) -> None:
    view = SavedView.objects.create(owner=a_person("ana"), name="Shop", query="", shared=shared)
    as_somebody(client, role)
    assert client.post(f"/views/{view.pk}", {"do": "delete"}).status_code == status
    assert SavedView.objects.exists() is (status == 404)


def test_ones_own_stand_first_so_that_each_can_be_found_and_deleted() -> None:
    ana, bo = a_person("ana"), a_person("bo", Member.Role.VIEWER)
    for n in range(views.MOST):
        views.save(ana, f"a{n:02}", "", shared=True)
        views.save(bo, f"b{n:02}", "", shared=False)
    assert [view.owner for view in saved_views(bo)] == [bo] * views.MOST
    assert views.MOST <= VIEWS_SHOWN
    with pytest.raises(Invalid, match="delete one first"):
        views.save(bo, "one more", "", shared=False)
