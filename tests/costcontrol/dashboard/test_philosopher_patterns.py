"""The pages about philosophers' patterns: what recurs, what is rated well, what is missing."""

import html
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from routing.models import Philosopher, StoredAnswer
from tests.costcontrol.dashboard.stored import answer, topic

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
ALL, KANT = "/dashboard/caches/philosophers/", "/dashboard/caches/philosophers/kant/"
MOST_QUERIES = 12


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    Philosopher.objects.create(key="kant", name_ko="칸트", name_en="Immanuel Kant")
    Philosopher.objects.create(key="hegel", name_ko="헤겔", name_en="Hegel")
    Philosopher.objects.create(key="own-1", name_ko="비밀", name_en="Secret", owner_id=7)
    for place, key in enumerate(("t001", "t002", "t003")):
        topic(key, popularity_rank=place + 1)


def read(client: Client, path: str = KANT, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def arguments(*claims: str, **columns: Any) -> StoredAnswer:
    text = json.dumps({"arguments": [{"claim": each, "reason": "so"} for each in claims]})
    key = f"{StoredAnswer.objects.count():064d}"
    return answer(key=key, kind="core_arguments", text=text, **columns)


def part(said: str, language: str) -> str:
    """The card of one language."""
    found = re.search(rf'aria-labelledby="in-{language}"(.*?)</section>', said)
    assert found
    return found[1]


def test_the_list_has_everybody_on_offer_but_nobodys_own(staff: Client) -> None:
    answer(served=4)
    answer(key="b" * 64, philosopher="own-1", owner_id=7)
    said = read(staff, ALL)
    assert said.index("Immanuel Kant") < said.index("Hegel")
    assert "Secret" not in said


def test_arguments_that_recur_are_listed_with_their_topics_language_by_language(
    staff: Client,
) -> None:
    arguments("Persons must never be treated merely as means.")
    arguments("Persons must never be treated merely as means!", topic_key="t002")
    arguments("Persons must never be treated merely as means.", topic_key="t003", language="ko")
    said = read(staff)
    assert "Patterns of Immanuel Kant" in said
    english, korean = part(said, "en"), part(said, "ko")
    assert 'Persons must never be treated merely as means.</th><td class="number">' in english
    assert "2 newest stored answers" in english
    assert "treated" in english
    assert "No argument stands in more than one stored answer" in korean


def test_topics_without_a_stored_opening_are_named(staff: Client) -> None:
    answer(topic_key="t001")
    answer(key="b" * 64, topic_key="t002", kind="core_arguments")
    said = part(read(staff), "en")
    assert "Is t002 a question?" in said
    assert "Is t003 a question?" in said
    assert said.count("Is t001 a question?") == 0
    assert "t001 질문인가?" in part(read(staff), "ko")


def test_variants_that_people_rate_well_are_linked(staff: Client) -> None:
    good = answer(ups=5, downs=1, variant=2)
    bad = answer(key="b" * 64, ups=1, downs=5)
    said = read(staff)
    assert f'href="/dashboard/caches/answers/{good.pk}/">opening_statement, variant 3' in said
    assert f"/dashboard/caches/answers/{bad.pk}/" not in said


def test_answers_that_cannot_be_read_are_counted(staff: Client) -> None:
    arguments("Duty comes first.")
    answer(key="f" * 64, kind="core_arguments", text="no JSON")
    said = part(read(staff), "en")
    assert "From the core arguments of 1 stored answer." in said
    assert "1 more could not be read." in said


def test_a_philosopher_of_whom_nothing_is_stored_has_a_page(staff: Client) -> None:
    assert "Nothing of this philosopher is stored yet" in read(staff)


@pytest.mark.parametrize("key", ["nobody", "own-1"])
def test_nobody_of_the_catalogue_is_said_to_be_missing(staff: Client, key: str) -> None:
    assert "Philosopher not found" in read(staff, f"{ALL}{key}/", 404)


def test_they_ask_the_database_a_few_times(staff: Client) -> None:
    for place in range(30):
        arguments(f"Claim number {place}", topic_key=f"t{place}")
    for path in (ALL, KANT):
        with CaptureQueriesContext(connection) as seen:
            staff.get(path)
        assert len(seen) <= MOST_QUERIES
