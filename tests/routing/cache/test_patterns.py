"""Who is given which stored answer, and what is stored at all."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from billing.usage import Usage
from routing.cache import patterns
from routing.models import AnswerSeen, StoredAnswer
from routing.types import ModelClass, StopReason
from tests.routing.cache.answers import (
    NOW,
    ROUTE,
    completion_of,
    looked_up,
    reuse_of,
    stored,
    taken,
    text_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
OPENING = reuse_of()


def test_stored_answer_is_given_with_all_that_was_known_of_it() -> None:
    row = stored(OPENING, "Know thyself.")
    found = looked_up(OPENING)
    assert row is not None
    assert found is not None
    assert (found.answer_id, found.variant, found.text) == (row.pk, 0, "Know thyself.")
    assert (found.layer, found.origin, found.is_stale) == ("pattern", "live", False)
    assert found.completion.usage == Usage(900, 0, 0, 200)
    assert found.completion.call_id == str(row.call_id)


def test_what_was_made_ahead_is_a_layer_of_its_own() -> None:
    stored(OPENING, "Know thyself.", origin=StoredAnswer.Origin.BATCH)
    found = looked_up(OPENING)
    assert found is not None
    assert found.layer == "precomputed"


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "con"}, {"lang": "en"}, {"philosopher": ["kant", 1, None]},
        {"philosopher": ["socrates", 2, None]}, {"philosopher": ["socrates", 1, 7]},
        {"prompt_version": 4}, {"topic_epoch": 1}, {"topic": "fate"},
        {"kind": "conclusion"}, {"moderator_style": "calm"},
    ],
)
def test_whatever_differs_in_one_field_is_never_given(fields: dict[str, object]) -> None:
    stored(OPENING, "Know thyself.")
    other = reuse_of(**fields)
    assert looked_up(other) is None
    assert stored(other, "Another one.") is not None
    assert text_of(looked_up(OPENING)) == "Know thyself."


def test_another_route_is_another_answer() -> None:
    stored(OPENING, "Know thyself.")
    assert looked_up(OPENING, route="mid anthropic/claude-sonnet-5-5") is None


def test_nobody_is_given_one_text_twice() -> None:
    stored(OPENING, "first")
    stored(OPENING, "second")
    assert [text_of(taken(OPENING)) for _ in range(3)] == ["first", "second", None]
    assert text_of(taken(OPENING, user_id=2)) == "first"


def test_who_had_it_written_has_seen_it() -> None:
    stored(OPENING, "first", user_id=1)
    assert taken(OPENING) is None
    assert text_of(taken(OPENING, user_id=2)) == "first"


def test_what_only_stands_in_prompts_may_be_given_again() -> None:
    arguments = reuse_of(kind="core_arguments")
    stored(arguments, "three points", user_id=1)
    assert [text_of(taken(arguments)) for _ in range(2)] == ["three points"] * 2
    assert not AnswerSeen.objects.exists()


def test_preferred_variant_comes_first_then_what_was_served_least() -> None:
    rows = [stored(OPENING, text) for text in ("first", "second", "third")]
    for row, times in zip(rows, (5, 9, 2), strict=True):
        assert row is not None
        patterns.served(row.pk, times=times, saved_nanos=10, now=NOW)
    wishes = (replace(OPENING, prefer=1), OPENING, replace(OPENING, prefer=8))
    assert [text_of(looked_up(wish)) for wish in wishes] == ["second", "first", "third"]


def test_variant_that_is_preferred_is_the_one_that_is_made() -> None:
    row = stored(replace(OPENING, prefer=2), "third")
    assert row is not None
    assert row.variant == 2


def test_there_are_never_more_variants_than_wanted() -> None:
    texts = [stored(OPENING, text) for text in ("first", "second", "third", "fourth")]
    assert [row and row.variant for row in texts] == [0, 1, 2, None]
    assert patterns.count(OPENING, route=ROUTE) == 3
    assert stored(replace(OPENING, variants=6), "fifth") is not None


def test_same_text_is_no_other_variant() -> None:
    stored(OPENING, "first")
    assert stored(OPENING, "first") is None


def test_number_that_somebody_took_is_not_stored_twice() -> None:
    stored(OPENING, "first", variant=1)
    assert stored(OPENING, "second", variant=1) is None
    assert text_of(looked_up(OPENING)) == "first"


@pytest.mark.parametrize(
    "answer",
    [
        completion_of("half an ans", stop_reason=StopReason.LENGTH),
        completion_of("held back", stop_reason=StopReason.CONTENT_FILTER),
        completion_of("call me", delta={"tool_calls": [{"index": 0}]}),
        completion_of("from a stand-in", deployment="openai/gpt-6"),
        completion_of("from a weaker one", model_class=ModelClass.MID),
        completion_of("not counted", usage=Usage()),
        completion_of(" \n"),
    ],
    ids=lambda completion: completion.text.strip() or "nothing",
)
def test_only_whole_answers_of_the_usual_model_are_stored(answer: patterns.Completion) -> None:
    row = patterns.store(
        OPENING, answer, route=ROUTE, origin=StoredAnswer.Origin.LIVE, call_id=uuid4(),
        cost_nanos=1, now=NOW, user_id=1,
    )
    assert row is None
    assert not StoredAnswer.objects.exists()


def test_answer_grows_stale_then_too_old_and_being_served_changes_nothing() -> None:
    row = stored(OPENING, "first")
    assert row is not None
    for days, state in ((20, False), (26.5, True), (40, None)):
        patterns.served(row.pk, times=1, saved_nanos=0, now=NOW)
        found = looked_up(OPENING, now=NOW + timedelta(days=days))
        assert (found and found.is_stale) is state


def test_too_old_an_answer_makes_room_for_the_next() -> None:
    only_one = replace(OPENING, variants=1)
    old = stored(only_one, "first")
    later = NOW + timedelta(days=40)
    assert stored(only_one, "second", now=later) is not None
    assert old is not None
    old.refresh_from_db()
    assert old.ended_why == StoredAnswer.End.EXPIRED
    assert text_of(looked_up(only_one, now=later)) == "second"


def test_philosopher_that_a_user_made_speaks_to_nobody_else() -> None:
    own = reuse_of(philosopher=["my-hero", 1, 7])
    row = stored(own, "I am yours.")
    assert row is not None
    assert row.owner_id == 7
    assert looked_up(own, user_id=8) is None
    assert text_of(looked_up(own, user_id=7)) == "I am yours."


def test_row_says_what_pages_look_for() -> None:
    row = stored(OPENING, "first")
    assert row is not None
    found = (row.kind, row.topic_key, row.side, row.philosopher, row.language, row.owner_id)
    assert found == ("opening_statement", "free-will", "pro", "socrates", "ko", None)


def test_whoever_reads_along_has_seen_it_too() -> None:
    stored(OPENING, "first", user_id=1, others=[2, 3])
    assert [text_of(taken(OPENING, user_id=n)) for n in (1, 2, 3, 4)] == [None] * 3 + ["first"]


def test_what_one_of_several_readers_has_seen_is_given_to_none_of_them() -> None:
    stored(OPENING, "first", user_id=2)
    stored(OPENING, "second")
    assert text_of(taken(OPENING, user_id=1, others=[2])) == "second"
    assert taken(OPENING, user_id=2) is None
    assert text_of(taken(OPENING, user_id=1)) == "first"
