"""Which answers of a debate others may be given, and what their keys are made of."""

from dataclasses import replace
from typing import Any

import pytest

from routing.call_kinds import CALL_KINDS
from routing.debates.plan import Shape, plan_of
from routing.debates.reuse import CANONICAL, IN_REPLAY, SHAREABLE, About, place_of, reuse_of
from routing.debates.types import Cast, Character
from routing.types import Reuse

STEP = next(s for s in plan_of(Shape("2v2")) if s.kind == "attack_response")
SAID = [(1, 11), (2, 12), (3, 13), (4, 14), (5, 15)]
TOLD = [("stance_statements", "", 0, 10), ("tone_select", "con1", 6, 16)]
IDS = {"quality_check": (11,), "opening_analysis": (11,), "moderator_summary_1": (11, 12)}


def person(key: str, owner_id: int | None = None) -> Character:
    return Character(key, 1, key.title(), {}, owner_id)


def about(**changes: Any) -> About:
    cast = Cast((person("kant"), person("mill")), (person("nietzsche"), person("hume")))
    return replace(About("lying", 1, "Is lying always wrong?", "en", cast), **changes)


def reused(kind: str, about_: About | None = None, **changes: Any) -> Reuse | None:
    about_ = about_ or about()
    place = place_of(about_, STEP, said=SAID, told=TOLD)
    asked = {"speaker": "pro1", "statement_ids": IDS.get(kind, ()), "place": place} | changes
    return reuse_of(kind, about_, kinds=CALL_KINDS, **asked)


def fields(kind: str, about_: About | None = None, **changes: Any) -> dict[str, Any]:
    found = reused(kind, about_, **changes)
    assert found
    return dict(found.fields)


@pytest.mark.parametrize("kind", sorted(SHAREABLE))
def test_every_key_says_topic_epoch_language_and_the_version_of_the_prompts(kind: str) -> None:
    first = fields(kind, about())
    for changes in ({"topic": "truth"}, {"epoch": 2}, {"language": "ko"}, {"title": "Is it?"}):
        assert fields(kind, about(**changes)) != first


@pytest.mark.parametrize("kind", sorted(set(CALL_KINDS) - SHAREABLE))
def test_what_reads_a_users_text_or_no_debate_is_never_shared(kind: str) -> None:
    assert reused(kind) is None


@pytest.mark.parametrize("kind", sorted(CANONICAL - {"moderator_intro", "moderator_summary_1"}))
def test_what_one_speaker_says_does_not_depend_on_who_else_is_cast_or_who_moderates(
    kind: str
) -> None:
    others = Cast((person("kant"), person("plato")), (person("laozi"), person("hume")))
    assert fields(kind, about(cast=others, moderator_style="formal")) == fields(kind)


@pytest.mark.parametrize("kind", ["opening_statement", "core_arguments", "quality_check"])
def test_the_side_is_the_catalogues_so_a_swapped_debate_gets_the_other_sides_words(
    kind: str
) -> None:
    swapped = about(is_swapped=True)
    assert fields(kind)["side"] == "pro"
    assert fields(kind, swapped)["side"] == "con"
    there = Cast((person("nietzsche"),), (person("kant"),))
    assert fields(kind, replace(swapped, cast=there), speaker="con1") == fields(kind)


@pytest.mark.parametrize("kind", ["moderator_intro", "moderator_summary_1", "closing"])
def test_where_the_sides_are_named_a_swapped_debate_has_keys_of_its_own(kind: str) -> None:
    assert fields(kind, about(is_swapped=True)) != fields(kind)


def test_a_users_own_philosopher_is_their_owners_alone_and_in_no_key_of_several_people() -> None:
    cast = Cast((person("own-1", 7),), (person("kant"),))
    with_own = about(cast=cast)
    assert fields("opening_statement", with_own)["philosopher"] == ["own-1", 1, 7]
    assert fields("opening_statement", with_own, speaker="con1")["philosopher"][2] is None
    for kind in ("moderator_intro", "moderator_summary_1", *IN_REPLAY):
        assert reused(kind, with_own) is None


def test_a_search_is_the_sides_whoever_speaks_and_an_opening_says_that_it_read_one() -> None:
    assert set(fields("rag_search")) == {
        "kind", "lang", "prompt_version", "topic", "topic_epoch", "title", "side"
    }
    own = about(cast=Cast((person("own-1", 7),), (person("kant"),)))
    assert fields("rag_search", own) == fields("rag_search") != fields(
        "rag_search", speaker="con1"
    )
    assert fields("rag_search", about(has_search=True)) == fields("rag_search")
    with_pages = fields("opening_statement", about(has_search=True))
    assert with_pages == {**fields("opening_statement"), "is_searched": True}
    check = {"statement_ids": [11]}
    assert fields("quality_check", about(has_search=True), **check) == fields(
        "quality_check", **check
    )


def test_another_version_of_a_philosopher_is_another_key() -> None:
    cast = Cast((replace(person("kant"), version=2),), (person("nietzsche"),))
    assert fields("opening_statement", about(cast=cast)) != fields("opening_statement")


@pytest.mark.parametrize("kind", ["quality_check", "opening_analysis", "moderator_summary_1"])
def test_what_reads_statements_is_shared_only_if_they_are_stored(kind: str) -> None:
    ids = IDS[kind]
    assert fields(kind, statement_ids=[each + 1 for each in ids]) != fields(kind)
    assert reused(kind, statement_ids=()) is None
    assert reused(kind, statement_ids=(None, *ids[1:])) is None


@pytest.mark.parametrize("kind", sorted(IN_REPLAY))
def test_in_a_replay_every_answer_so_far_is_in_the_key(kind: str) -> None:
    first = fields(kind)
    ways: list[dict[str, Any]] = [
        {"said": [*SAID[:-1], (5, 99)]}, {"said": [SAID[1], SAID[0], *SAID[2:]]},
        {"said": SAID[:-1]}, {"told": [*TOLD[:-1], ("tone_select", "con1", 6, 99)]},
        {"told": TOLD[:-1]},
    ]
    for way in ways:
        place = place_of(about(), STEP, said=way.get("said", SAID), told=way.get("told", TOLD))
        assert place is not None
        assert fields(kind, place=place) != first
    for changes in ({"moderator_style": "formal"}, {"is_swapped": True}):
        assert fields(kind, about(**changes)) != first


def test_one_answer_that_is_not_stored_ends_the_replay() -> None:
    assert place_of(about(), STEP, said=[*SAID[:-1], (5, None)], told=TOLD) is None
    unstored = [*TOLD[:-1], ("tone_select", "con1", 6, None)]
    assert place_of(about(), STEP, said=SAID, told=unstored) is None
    for kind in IN_REPLAY:
        assert reused(kind, place=None) is None


def test_two_speakers_at_the_same_place_have_different_keys() -> None:
    ends = [step for step in plan_of(Shape("2v2")) if step.kind == "conclusion"]
    places = [place_of(about(), step, said=SAID, told=TOLD) for step in ends]
    assert len({str(place) for place in places}) == len(ends)


def test_variants_and_days_are_the_operators_and_no_variants_means_never() -> None:
    found = reused("opening_statement", prefer=2)
    assert found
    assert (found.variants, found.ttl_days, found.prefer) == (3, 90, 2)
    kinds = dict(CALL_KINDS)
    kinds["opening_statement"] = replace(kinds["opening_statement"], variants=0)
    assert reuse_of("opening_statement", about(), kinds=kinds, speaker="pro1") is None
