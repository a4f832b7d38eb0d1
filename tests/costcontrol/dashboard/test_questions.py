"""The page of questions: what each tier cost on which day, and links that lead to answers."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from tests.costcontrol.dashboard.rows import NOW, call, rolled_up

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/questions/"
DAY = timedelta(days=1)
DOLLAR = 1_000_000_000
MAIN = re.compile(r"<main.*?</main>", re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)">(?:<data[^>]*>)?([^<]+)<')


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    found = MAIN.search(unescape(response.content.decode()))
    assert found
    return found[0]


def links(said: str) -> dict[str, str]:
    return {words: url for url, words in LINK.findall(said)}


def test_it_is_for_staff(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_every_staff_page_has_a_link_to_it(staff: Client) -> None:
    assert f'href="{PAGE}" title="Questions"' in staff.get("/dashboard/forecast/").content.decode()


def test_what_a_tier_cost_on_a_day_stands_there_and_leads_to_its_users(staff: Client) -> None:
    call(NOW - 2 * DAY, cost_nanos=3 * DOLLAR, tier="premium")
    call(NOW - 2 * DAY, cost_nanos=DOLLAR, tier="free")
    call(NOW - 1 * DAY, cost_nanos=5 * DOLLAR, tier="free")
    rolled_up()
    said = read(staff)
    days = re.findall(r'<th scope="col" class="number">(.*?)</th>', said)
    assert days[:3] == ["Wed 11-25", "Tue 11-24", "Mon 11-23"]
    tuesday = "from=2026-11-23&to=2026-11-23"
    assert links(said)["$3.0000"] == (
        f"/dashboard/explorer/?{tuesday}&tier=premium&group=user"
    )
    assert links(said)["$4.0000"] == f"/dashboard/movers/?{tuesday}"


def test_days_are_those_of_the_zone_that_is_asked_for(staff: Client) -> None:
    call(NOW - 2 * DAY, cost_nanos=3 * DOLLAR, tier="premium")
    rolled_up()
    said = read(staff, zone="America/New_York")
    assert "zone=America%2FNew_York" in links(said)["$3.0000"]
    assert "There is no time zone" in read(staff, zone="Moon/Sea")


def test_without_a_call_the_questions_are_there_all_the_same(staff: Client) -> None:
    said = read(staff)
    assert "No calls in the last days" in said
    assert "Which cache layer pays?" in links(said)


def test_every_link_leads_to_a_page_and_every_place_on_it_is_there(staff: Client) -> None:
    for day in range(1, 20):
        call(NOW - day * DAY, cost_nanos=DOLLAR, tier="free")
    rolled_up()
    wrong = []
    for words, url in links(read(staff)).items():
        response = staff.get(url.partition("#")[0])
        place = url.partition("#")[2]
        body = response.content.decode() if place else ""
        if response.status_code != 200 or (place and f'id="{place}"' not in body):
            wrong.append((words, url))
    assert not wrong
