"""Words that people chose for a topic: whose they are, when they are everybody's, and when not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import closing
from accounts.models import User
from accounts.types import Caller
from costcontrol.lib.errors import BadRequest, RateLimited
from routing.debates.errors import TopicBlocked, TopicUnknown
from routing.debates.topic_aliases import MOST_A_DAY, of_user
from routing.debates.topic_choices import topic_confirm, topic_report
from routing.debates.topic_index import forget
from routing.debates.topics import resolve
from routing.models import AliasVote, Topic, TopicAlias
from tests.routing.debates.topic_rows import TITLES, caller, organisation, ready

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TEXT = "사람을 복제하는 기술을 써도 될까?"
FAR = "주말에 비가 올까?"  # like no topic at all


@pytest.fixture(autouse=True)
def with_embedder(settings: Any) -> Iterator[None]:
    settings.TOPIC_EMBEDDER = "builtin"
    forget()
    ready(threshold=0.99, floor=0.35)
    yield
    forget()


@pytest.fixture
def alice() -> Caller:
    return caller("alice@example.org")


@pytest.fixture
def bob() -> Caller:
    return caller("bob@example.org")


@pytest.fixture
def carol() -> Caller:
    return caller("carol@example.org")


def choose(who: Caller, text: str = TEXT, topic: str | None = "clone", **options: Any) -> str:
    facts: dict[str, Any] = {"is_swapped": False, "now": NOW, **options}
    return topic_confirm(text, topic_id=topic, caller=who, **facts)


def meaning(who: Caller | None, text: str = TEXT) -> tuple[str, bool] | None:
    found = resolve(text, user_id=who.user_id if who else None)
    return (found.topic.key, found.is_swapped) if found.topic else None


def test_a_choice_counts_for_the_one_who_made_it_and_for_nobody_else(
    alice: Caller, bob: Caller
) -> None:
    assert choose(alice) == "yours"
    assert meaning(alice) == ("clone", False)
    assert resolve(TEXT, user_id=alice.user_id).how == "alias"
    assert meaning(bob) is meaning(None) is None


def test_a_second_one_makes_it_everybodys(alice: Caller, bob: Caller, carol: Caller) -> None:
    choose(alice)
    assert choose(alice) == "yours", "the same person twice is one"
    assert choose(bob, "  사람을 복제하는 기술을, 써도 될까 ") == "everybody"
    assert meaning(carol) == meaning(None) == ("clone", False)


def test_two_members_of_an_organisation_are_one() -> None:
    club = organisation("Club")
    first, second = (caller(f"m{n}@example.org", organisation=club) for n in (1, 2))
    choose(first)
    assert choose(second) == "yours"
    assert meaning(second) == ("clone", False)
    assert meaning(None) is None
    assert choose(caller("else@example.org", organisation=organisation("Other"))) == "everybody"


def test_the_side_is_part_of_the_choice(alice: Caller, bob: Caller, carol: Caller) -> None:
    """One says PRO, the other CON: that is no agreement."""
    denial = "사람을 복제하는 기술을 쓰면 안 되는가?"
    assert choose(alice, denial, is_swapped=True) == "yours"
    assert choose(bob, denial, is_swapped=False) == "yours"
    assert (meaning(alice, denial), meaning(bob, denial), meaning(carol, denial)) == (
        ("clone", True), ("clone", False), None
    )
    assert choose(carol, denial, is_swapped=True) == "everybody"
    assert meaning(None, denial) == ("clone", True)


def test_a_side_that_the_guards_doubt_is_for_staff(alice: Caller, bob: Caller) -> None:
    denial = "사람을 복제하는 기술을 쓰면 안 되는가?"
    choose(alice, denial, is_swapped=False)
    assert choose(bob, denial, is_swapped=False) == "yours"
    assert meaning(None, denial) is None


def test_nobody_teaches_it_a_topic_that_is_not_like_the_text(alice: Caller, bob: Caller) -> None:
    for who in (alice, bob):
        assert choose(who, FAR) == "yours"
    assert meaning(alice, FAR) == ("clone", False), "whoever said so gets what they said"
    assert meaning(None, FAR) is None
    assert TopicAlias.objects.get().status == "proposed"


def test_a_title_cannot_be_taught_another_meaning(alice: Caller, bob: Caller) -> None:
    title = TITLES["god"][0]
    assert choose(alice, title) == choose(bob, title) == "title"
    assert meaning(alice, title) == ("god", False)
    assert not TopicAlias.objects.exists()
    with pytest.raises(BadRequest):
        topic_report(title, "god", caller=alice, now=NOW)
    assert meaning(None, title) == ("god", False)


def test_another_choice_takes_the_place_of_the_first(alice: Caller) -> None:
    choose(alice)
    choose(alice, topic="god")
    assert meaning(alice) == ("god", False)
    assert TopicAlias.objects.get().topic_id == "god"
    assert choose(alice, topic=None) == "new"
    assert meaning(alice) is None
    assert not TopicAlias.objects.exists()


def test_what_is_in_use_is_not_taken_over(alice: Caller, bob: Caller, carol: Caller) -> None:
    choose(alice)
    choose(bob)
    assert choose(carol, topic="will") == "yours"
    assert choose(caller("dan@example.org"), topic="will") == "yours"
    assert meaning(None) == ("clone", False)
    assert meaning(carol) == ("will", False)


# --- reports ----------------------------------------------------------------------------------


def test_a_report_ends_it_at_once_for_everybody_and_for_good(
    alice: Caller, bob: Caller, carol: Caller
) -> None:
    choose(alice)
    choose(bob)
    topic_report(TEXT, "clone", caller=carol, now=NOW)
    assert meaning(alice) is meaning(carol) is meaning(None) is None
    assert choose(alice) == choose(bob) == "reported"
    assert meaning(alice) is meaning(None) is None
    assert "clone" not in {choice.topic.key for choice in resolve(TEXT).choices}


def test_a_report_of_a_likeness_leaves_other_topics_and_other_texts(alice: Caller) -> None:
    topic_report(TEXT, "clone", caller=alice, now=NOW)
    assert choose(alice, topic="god") == "yours"
    other = "인간을 복제해도 되는가?"
    assert "clone" in {choice.topic.key for choice in resolve(other).choices}


# --- bounds -----------------------------------------------------------------------------------


def test_so_many_a_day_and_not_one_more(alice: Caller, bob: Caller) -> None:
    for number in range(MOST_A_DAY):
        choose(alice, f"{TEXT} {number}")
    with pytest.raises(RateLimited) as full:
        choose(alice, f"{TEXT} one more")
    assert str(MOST_A_DAY) in full.value.message
    assert full.value.retry_after_s == timedelta(days=1).total_seconds()
    with pytest.raises(RateLimited):
        topic_report(TEXT, "clone", caller=alice, now=NOW)
    assert TopicAlias.objects.count() == MOST_A_DAY
    choose(bob, f"{TEXT} one more")
    choose(alice, f"{TEXT} one more", now=NOW + timedelta(days=1, seconds=1))


@pytest.mark.parametrize("text", ["", "?!", "a" * 301, "Is it \x00 so?"])
def test_what_is_no_topic_is_no_alias(text: str, alice: Caller) -> None:
    with pytest.raises(TopicBlocked):
        choose(alice, text)
    with pytest.raises(TopicBlocked):
        topic_report(text, "clone", caller=alice, now=NOW)


def test_an_unknown_topic_is_no_meaning(alice: Caller) -> None:
    Topic.objects.filter(key="god").update(is_active=False)
    for key in ("god", "nothing", "\x00"):
        with pytest.raises(TopicUnknown):
            choose(alice, topic=key)


def test_words_that_grow_when_they_are_normalised_are_not_kept(alice: Caller) -> None:
    """One such sign stands for eighteen letters."""
    assert choose(alice, "\ufdfa" * 30) == "not_kept"
    topic_report("\ufdfa" * 30, "clone", caller=alice, now=NOW)
    assert not TopicAlias.objects.exists()


# --- accounts that are closed -----------------------------------------------------------------


def test_words_that_nobody_else_used_go_with_the_account(alice: Caller, bob: Caller) -> None:
    choose(alice, "나만의 질문인가?")
    choose(alice)
    choose(bob)
    closing.account_close(User.objects.get(pk=alice.user_id), at=NOW)
    assert TopicAlias.objects.get().text == TEXT, "what somebody else has said too stays"
    assert meaning(None) == ("clone", False)
    assert not AliasVote.objects.filter(user_id=alice.user_id).exists()
    closing.account_close(User.objects.get(pk=bob.user_id), at=NOW)
    assert not TopicAlias.objects.exists()


def test_a_person_may_see_what_they_said(alice: Caller, bob: Caller) -> None:
    choose(alice, is_swapped=True)
    choose(bob, FAR)
    topic_report(FAR, "god", caller=alice, now=NOW)
    assert [(row["text"], row["topic"], row["is_swapped"], row["status"])
            for row in of_user(alice.user_id)] == [
        (TEXT, "clone", True, "proposed"), (FAR, "god", False, "quarantined"),
    ]  # fmt: skip


def test_what_staff_entered_stays(alice: Caller) -> None:
    choose(alice)
    TopicAlias.objects.update(source="staff", status="active")
    closing.account_close(User.objects.get(pk=alice.user_id), at=NOW)
    assert meaning(None) == ("clone", False)
