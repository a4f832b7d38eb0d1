"""Who can be cast, and that a debate keeps the versions it was cast with."""

import pytest

from routing.debates.errors import PhilosopherUnknown
from routing.debates.own import own_change, own_remove
from routing.debates.philosophers import (
    brief_of,
    cast_of,
    character_of,
    philosopher_get,
    philosophers_for,
)
from routing.models import Philosopher
from tests.routing.debates.catalogues import catalogue, debate_with, draft, own

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
ALICE, BOB = 1, 2


@pytest.fixture(autouse=True)
def loaded(db: None) -> None:
    catalogue()


def test_everybody_may_cast_the_catalogue_and_their_own() -> None:
    mine = own(ALICE)
    keys = [row.key for row in philosophers_for(ALICE)]
    assert keys[:2] == ["aristotle", "beauvoir"]
    assert keys[15:] == [mine.key]
    assert philosopher_get(mine.key, user_id=ALICE) == mine


def test_nobody_sees_a_philosopher_of_somebody_else() -> None:
    mine = own(ALICE)
    assert mine.key not in [row.key for row in philosophers_for(BOB)]
    with pytest.raises(PhilosopherUnknown) as refusal:
        philosopher_get(mine.key, user_id=BOB)
    with pytest.raises(PhilosopherUnknown) as same:
        philosopher_get("own-0000000000000000", user_id=BOB)
    assert refusal.value.message.replace(mine.key, "…") == (
        same.value.message.replace("own-0000000000000000", "…")
    ), "it is not told apart from one that never was"


@pytest.mark.parametrize("key", ["", "thales", "KANT", "kant ", "x" * 10_000, "칸트"])
def test_who_is_not_there_is_unknown(key: str) -> None:
    with pytest.raises(PhilosopherUnknown) as refusal:
        philosopher_get(key, user_id=ALICE)
    assert (refusal.value.code, refusal.value.status) == ("philosopher_unknown", 404)
    assert len(refusal.value.message) < 200


def test_who_is_off_offer_is_unknown() -> None:
    Philosopher.objects.filter(key="kant").update(is_active=False)
    assert "kant" not in [row.key for row in philosophers_for(ALICE)]
    with pytest.raises(PhilosopherUnknown):
        philosopher_get("kant", user_id=ALICE)


def test_a_character_speaks_the_language_of_the_debate() -> None:
    korean = character_of({"key": "kant", "version": 1}, "ko")
    english = character_of({"key": "kant", "version": 1}, "en")
    assert (korean.name, english.name) == ("칸트", "Kant")
    assert "이성" in korean.card["essence"]
    assert "Reason" in english.card["essence"]
    assert korean.card["strategies"] == english.card["strategies"]
    assert korean.owner_id is None


def test_who_is_written_in_one_language_speaks_from_that_card_in_both() -> None:
    mine = own(ALICE, "Hypatia")
    character = character_of({"key": mine.key, "version": 1}, "ko")
    assert (character.name, character.owner_id) == ("Hypatia", ALICE)
    assert character.card["essence"] == "Holds that all things flow."


def test_a_debate_keeps_the_version_it_was_cast_with() -> None:
    mine, kant = own(ALICE), philosopher_get("kant", user_id=ALICE)
    debate = debate_with(ALICE, mine, kant)
    changed = own_change(mine, draft("Diotima"), user_id=ALICE)
    own_remove(changed)
    assert changed.version == 2
    assert cast_of(debate).of("pro1").name == "Hypatia"
    assert cast_of(debate).of("con1").name == "Kant"


def test_a_cast_is_one_query_and_keeps_its_order(django_assert_num_queries: object) -> None:
    people = [philosopher_get(key, user_id=ALICE) for key in ("plato", "kant")]
    debate = debate_with(ALICE, *people)
    with django_assert_num_queries(1):  # type: ignore[operator]
        cast = cast_of(debate)
    assert [character.key for character in (*cast.pro, *cast.con)] == ["plato", "kant"]
    assert cast.speakers == ("pro1", "con1")


def test_a_version_that_never_was_is_unknown() -> None:
    with pytest.raises(PhilosopherUnknown):
        character_of({"key": "kant", "version": 2}, "en")


def test_the_brief_is_what_all_prompts_of_a_debate_share() -> None:
    people = [philosopher_get(key, user_id=ALICE) for key in ("plato", "kant")]
    debate = debate_with(
        ALICE, *people, seat="con1", moderator_style="witty", context="A text.", topic_key="t001",
        is_swapped=True,
    )
    brief = brief_of(debate)
    assert (brief.topic, brief.language, brief.topic_key) == ("Is all one?", "en", "t001")
    assert (brief.seat, brief.moderator_style, brief.context) == ("con1", "witty", "A text.")
    assert brief.is_swapped
    assert brief.cast.of("con1").name == "Kant"
