"""Who sees which page of the playground, and what is on it."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from costcontrol.play import listing
from routing.models import Philosopher
from tests.costcontrol.play.conftest import debate_of, person, signed_in


def page(client: Client, path: str, *, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def data(text: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', text)
    assert found
    return json.loads(found[1])


class TestStart:
    def test_strangers_sign_in_first(self) -> None:
        assert Client().get("/play/")["Location"] == "/login/?next=/play/"

    def test_whole_catalogue_is_there_and_the_popular_come_first(self, bob: User) -> None:
        offered = data(page(signed_in(bob), "/play/"), "catalogue")
        assert (len(offered["topics"]), len(offered["people"])) == (208, 15)
        assert offered["topics"][0]["en"] == "Does AI threaten humanity or liberate it?"
        assert offered["people"]["kant"]["ko"]["essence"]

    def test_own_philosophers_are_marked_and_others_own_are_not_there(self, bob: User) -> None:
        carol = person("carol@example.com")
        for owner, key in ((bob, "my-aunt"), (carol, "her-uncle")):
            Philosopher.objects.create(key=key, owner_id=owner.pk, name_ko=key, name_en=key)
        people = data(page(signed_in(bob), "/play/"), "catalogue")["people"]
        assert "her-uncle" not in people
        assert {key for key, who in people.items() if who["is_own"]} == {"my-aunt"}

    def test_language_of_the_page_is_chosen_beforehand(self, bob: User) -> None:
        client = signed_in(bob)
        client.cookies["django_language"] = "ko"
        assert 'value="ko" checked' in page(client, "/play/")

    def test_own_debates_are_listed_newest_first_page_by_page(self, bob: User) -> None:
        debate_of(person("carol@example.com"), topic="Not his?")
        for number in range(listing.PAGE + 1):
            debate_of(bob, topic=f"Question {number}?")
        client = signed_in(bob)
        first, second = page(client, "/play/"), page(client, "/play/?page=2")
        topics = r'debate-link"[^>]*>Question (\d+)\?'
        assert re.findall(topics, first) == [str(n) for n in range(listing.PAGE, 0, -1)]
        assert re.findall(topics, second) == ["0"]
        assert "Not his?" not in first + second

    def test_debate_that_is_not_finished_is_offered_at_the_top(self, bob: User) -> None:
        debate_of(bob, topic="Done?", status="finished")
        assert "Not finished yet" not in page(signed_in(bob), "/play/")
        debate_of(bob, topic="To be continued?")
        assert "Not finished yet: “To be continued?”" in page(signed_in(bob), "/play/")

    @pytest.mark.parametrize("number", ["0", "-1", "99999999999", "x", "²"])
    def test_strange_page_numbers_are_the_first_page_or_an_empty_one(
        self, bob: User, number: str
    ) -> None:
        assert signed_in(bob).get(f"/play/?page={number}").status_code == 200


class TestDebate:
    def test_others_are_told_no_more_than_that_it_is_not_theirs(
        self, bob: User, alice: User
    ) -> None:
        debate = debate_of(bob, said=2)
        for who in (person("carol@example.com"), alice):
            unknown = page(signed_in(who), f"/play/{UUID(int=7)}/", status=404)
            foreign = page(signed_in(who), f"/play/{debate.pk}/", status=404)
            assert without_tokens(foreign) == without_tokens(unknown, debate.pk)

    def test_what_was_said_is_in_the_page_without_scripts(self, bob: User) -> None:
        debate = debate_of(bob, said=3)
        text = page(signed_in(bob), f"/play/{debate.pk}/")
        assert re.findall(r'data-slot="text" lang="en">(#\d)<', text) == ["#0", "#1", "#2"]

    def test_words_of_users_and_models_are_text_and_nothing_else(self, bob: User) -> None:
        evil = "</script><img src=x onerror=alert(1)>"
        debate = debate_of(bob, said=1, topic=evil)
        debate.turns.update(text=evil)
        assert "<img src=x" not in page(signed_in(bob), f"/play/{debate.pk}/")

    def test_customers_see_no_costs_and_no_names_of_models(self, bob: User, alice: User) -> None:
        for who, is_shown in ((bob, False), (alice, True)):
            text = page(signed_in(who), f"/play/{debate_of(who, said=1).pk}/")
            assert ("claude-haiku" in text) is is_shown
            assert ("cost_nanos" in text) is is_shown

    def test_staff_without_their_second_factor_are_ordinary_customers(
        self, alice: User, settings: Settings
    ) -> None:
        settings.STAFF_NEEDS_MFA = True
        assert "cost_nanos" not in page(signed_in(alice), f"/play/{debate_of(alice).pk}/")

    def test_looking_at_it_keeps_it_going(self, bob: User) -> None:
        debate = debate_of(bob)
        page(signed_in(bob), f"/play/{debate.pk}/")
        debate.refresh_from_db()
        assert debate.seen_at is not None


class TestReplay:
    def test_anybody_with_the_link_reads_it_and_learns_nothing_of_whose_it_is(
        self, bob: User
    ) -> None:
        debate = debate_of(bob, said=3, status="finished", is_public=True, share_key="abc",
                           seat="pro1")  # fmt: skip
        text = page(Client(), "/replays/abc/")
        assert "#1" in text
        assert ">a person<" in text
        for secret in (bob.email, str(bob.uuid), str(debate.pk), "haiku", "credits</li>"):
            assert secret not in without_tokens(text)

    @pytest.mark.parametrize(
        "columns",
        [{"is_public": False}, {"status": "open"}, {"share_key": "abcd"}, {"status": "cancelled"}],
    )
    def test_link_that_is_dead_is_a_friendly_404(self, bob: User, columns: Any) -> None:
        facts = {"status": "finished", "is_public": True, "share_key": "abc"} | columns
        debate_of(bob, said=1, **facts)
        assert "not shared any more" in page(Client(), "/replays/abc/", status=404)
        assert "#0" not in page(Client(), "/replays/abc/", status=404)


def without_tokens(text: str, debate_id: UUID | None = None) -> str:
    """Of forms, which are others each time."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    return text.replace(str(UUID(int=7)), str(debate_id)) if debate_id else text
