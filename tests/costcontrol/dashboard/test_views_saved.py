"""Saved views: a page with its filters under a name, in the bar of every page."""

import html

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from billing.models import SavedView
from costcontrol.dashboard.views_saved import Refused, clean
from tests.costcontrol.dashboard import rows

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
CALLS, SAVE = "/dashboard/calls/", "/dashboard/views/save/"


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, path: str) -> str:
    rows.call()
    return " ".join(html.unescape(client.get(path).content.decode()).split())


def saved(client: Client, *, name: str = "Free rebuttals", **more: str) -> SavedView:
    given = {"page": "explorer", "query": "tier=free&kind=rebuttal", "name": name} | more
    response = client.post(SAVE, given)
    assert response.status_code == 302
    return SavedView.objects.get(name=name)


def test_a_view_leads_back_to_its_page_and_is_listed_in_every_bar(staff: Client) -> None:
    view = saved(staff)
    there = "/dashboard/explorer/?tier=free&kind=rebuttal"
    assert staff.post(SAVE, {"page": "explorer", "query": view.query, "name": view.name})[
        "Location"
    ] == there
    assert f'<a href="{there}">Free rebuttals</a> <span class="soft">Explorer</span>' in read(
        staff, CALLS
    )


def test_the_form_sends_the_filters_of_the_page(staff: Client) -> None:
    said = read(staff, f"{CALLS}?range=7d&outcome=refused&older=1-1")
    assert '<input type="hidden" name="query" value="range=7d&outcome=refused">' in said


def test_a_name_is_used_once_on_a_page(staff: Client) -> None:
    saved(staff)
    view = saved(staff, query="tier=premium")
    assert view.query == "tier=premium"
    saved(staff, page="calls", name="Other")
    staff.post(f"/dashboard/views/{view.pk}/change/", {"name": "Renamed", "shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("Renamed", True)
    other = saved(staff, name="Free rebuttals")
    staff.post(f"/dashboard/views/{other.pk}/change/", {"name": "Renamed"})
    other.refresh_from_db()
    assert other.name == "Free rebuttals"


def test_others_see_what_is_shared_and_change_none_of_it(staff: Client) -> None:
    own, shared = saved(staff), saved(staff, name="For all", shared="on")
    carol = Client()
    carol.force_login(rows.staff("carol@example.com"))
    said = read(carol, "/dashboard/explorer/")
    assert "For all</a> <span class=\"soft\">alice@example.com</span>" in said
    assert "Free rebuttals" not in said
    for view in (own, shared):
        carol.post(f"/dashboard/views/{view.pk}/change/", {"name": "Mine now"})
        carol.post(f"/dashboard/views/{view.pk}/delete/")
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Free rebuttals", "For all"}


def test_a_view_is_deleted_and_every_change_is_written_down(staff: Client) -> None:
    view = saved(staff)
    staff.post(f"/dashboard/views/{view.pk}/change/", {"name": "Renamed"})
    staff.post(f"/dashboard/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()
    actions = AuditEvent.objects.filter(action__startswith="view_").order_by("pk")
    assert [event.action for event in actions] == ["view_save", "view_change", "view_delete"]
    assert {event.actor for event in actions} == {"alice@example.com"}
    assert actions[2].before["name"] == "Renamed"


@pytest.mark.parametrize("given", [
    {"name": ""}, {"name": " \x00 "}, {"name": "x" * 81}, {"page": "nowhere"},
    {"page": "caches_purge"},
    {"query": "&".join(f"a{number}=1" for number in range(70))},
    {"query": "tier=" + "%C3%A9" * 400},
])
def test_what_cannot_be_saved_is_said(staff: Client, given: dict[str, str]) -> None:
    usual = {"page": "explorer", "query": "tier=free", "name": "A view"}
    response = staff.post(SAVE, usual | given, follow=True)
    assert response.status_code == 200
    assert 'data-tone="bad"' in response.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(("query", "kept"), [
    ("tier=free&renew=1&older=3-4", "tier=free"),
    ("next=//evil.example", "next=%2F%2Fevil.example"),
    ("a=\x00&b=1", "b=1"),
    ("", ""),
])
def test_an_address_is_its_parameters_alone(query: str, kept: str) -> None:
    assert clean(query) == kept


def test_a_long_address_is_refused() -> None:
    with pytest.raises(Refused):
        clean("tier=" + "x" * 1_200)


def test_the_list_says_how_to_save_the_first(staff: Client) -> None:
    assert "You have saved no view yet" in read(staff, "/dashboard/views/")
    saved(staff)
    assert "Delete “Free rebuttals” for good" in read(staff, "/dashboard/views/")


def test_a_page_that_is_gone_takes_its_views_along(staff: Client, alice: User) -> None:
    SavedView.objects.create(
        owner_id=alice.pk, page="moon", name="Old", query="", made_at=rows.NOW
    )
    assert "Old" not in read(staff, "/dashboard/views/")
