"""Answers that others may be given too, through the whole gateway."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.types import Caller
from billing.models import UsageRecord
from billing.reports.call import call_report
from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError, QuotaExceeded, Unavailable
from routing import reasons
from routing.cache import exact, patterns, singleflight
from routing.models import AnswerSeen, StoredAnswer
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.routing.cache.answers import completion_of
from tests.routing.sharing import (
    ARGUMENTS,
    OPENING,
    ask,
    ask_all,
    becomes,
    caller_make,
    callers_make,
    dear_and_cheap,
    forget_all,
    house_make,
    request_of,
    settled,
    told_to,
)

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.postgresql]
ONLY_TWO = replace(OPENING, variants=2)
ANSWER = "[simulated] Open the debate."


@pytest.fixture
def house(committed: None) -> Iterator[None]:
    house_make()
    yield
    forget_all()


@pytest.fixture(autouse=True, scope="module")
def own_threads() -> Iterator[None]:
    """Connections of the bridge's threads end with these tests."""
    yield
    database.close_threads()


def paid() -> int:
    """Calls that a model answered."""
    return UsageRecord.objects.exclude(attempt=0).count()


async def asked_a_model() -> Any:
    """The one flight there is, as soon as it has left."""
    for _ in range(1_000):
        flights = list(singleflight._flights.values())
        if flights and flights[0].meter is not None:
            return flights[0]
        await asyncio.sleep(0.005)
    raise AssertionError("nobody asked a model")


def tried_by(people: Sequence[Caller], **more: Any) -> list[Any]:
    """What each of them is told at the same time, or refused with."""

    async def run() -> list[Any]:
        asked = (told_to(who, request_of(OPENING, **more)) for who in people)
        told = await asyncio.gather(*asked, return_exceptions=True)
        await settled()
        return list(told)

    return asyncio.run(run())


# --- who is given what ---------------------------------------------------------------------------


def test_second_user_is_given_what_the_first_one_paid_for() -> None:
    alice, bob = callers_make(2)
    first, second = ask(alice), ask(bob)
    assert (first.text, first.cache, first.answer.layer) == (ANSWER, "miss", "")
    assert (second.text, second.cache, second.answer.layer) == (ANSWER, "hit", "pattern")
    assert first.answer.stored_id == second.answer.stored_id == StoredAnswer.objects.get().pk
    row = second.row
    assert (row.outcome, row.cache_layer, row.cost_nanos) == ("cached", "pattern", 0)
    assert row.answer_id == second.answer.stored_id
    assert paid() == 1


def test_stored_answer_knows_who_made_it_and_what_it_saved() -> None:
    alice, bob = callers_make(2)
    first, second = ask(alice), ask(bob)
    row = StoredAnswer.objects.get()
    assert (row.call_id, row.cost_nanos) == (first.answer.call.id, first.row.cost_nanos)
    assert (row.origin, row.deployment, row.route) == (
        "live", "fake/premium", "premium fake/premium",
    )
    assert (row.served, row.saved_nanos) == (1, second.row.baseline_nanos)
    assert row.saved_nanos > 0


def test_same_user_is_given_a_new_text_each_time() -> None:
    [alice] = callers_make(1)
    told = [ask(alice, ONLY_TWO, f"take {n}") for n in range(3)]
    assert [each.text for each in told] == [f"[simulated] take {n}" for n in range(3)]
    assert [each.cache for each in told] == ["miss"] * 3
    assert StoredAnswer.objects.count() == 2  # the third was for this user alone


def test_nothing_of_it_is_kept_for_the_user_in_the_exact_cache() -> None:
    [alice] = callers_make(1)
    ask(alice, ONLY_TWO, "the same words")
    ask(alice, ONLY_TWO, "the same words")
    assert not exact.memory._entries
    assert paid() == 2


def test_what_nobody_is_shown_is_given_to_the_same_user_again() -> None:
    [alice] = callers_make(1)
    assert [ask(alice, ARGUMENTS).cache for _ in range(3)] == ["miss", "hit", "hit"]
    assert paid() == 1


def test_regenerating_skips_what_is_stored_and_adds_to_it() -> None:
    alice, bob = callers_make(2)
    ask(alice, ONLY_TWO, "first")
    again = ask(bob, replace(ONLY_TWO, variants=4), "second", may_read_cache=False)
    assert (again.text, again.cache) == ("[simulated] second", "off")
    assert [row.variant for row in StoredAnswer.objects.order_by("pk")] == [0, 1]


def test_call_that_may_not_be_stored_is_not() -> None:
    alice, bob = callers_make(2)
    ask(alice, may_store=False)
    assert ask(bob).cache == "miss"


def test_plans_that_are_answered_by_the_same_model_share() -> None:
    ask(caller_make(name="first", route_mode="cloud"))
    assert ask(caller_make(name="second", route_mode="hybrid")).cache == "hit"


def test_plan_that_another_model_answers_does_not_share() -> None:
    ask(caller_make(name="first"))
    assert ask(caller_make(name="small", allowed_classes=["mid"])).cache == "miss"
    assert StoredAnswer.objects.count() == 2


def test_caller_who_names_a_model_has_no_share() -> None:
    [alice] = callers_make(1)
    told = ask(alice, model="fake/mid")
    assert told.answer.call.share is None
    assert not StoredAnswer.objects.exists()


def test_a_key_without_what_tells_answers_apart_is_no_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fields = {name: value for name, value in OPENING.fields.items() if name != "topic_epoch"}
    [alice] = callers_make(1)
    told = ask(alice, replace(OPENING, fields=fields))
    assert told.text == ANSWER
    assert not StoredAnswer.objects.exists()
    assert "topic_epoch" in caplog.text


# --- what is not stored --------------------------------------------------------------------------


def test_stand_in_is_not_stored() -> None:
    [alice, bob] = callers_make(2)
    becomes("down", "premium")
    assert ask(alice).text == ANSWER
    assert not StoredAnswer.objects.exists()
    assert ask(bob).cache == "miss"


@pytest.mark.parametrize("model", ["cut", "down"])
def test_what_failed_is_not_stored(model: str) -> None:
    [alice] = callers_make(1)
    becomes(model)
    with pytest.raises(CostControlError):
        ask(alice)
    assert not StoredAnswer.objects.exists()


def test_answer_that_reached_its_cap_is_not_stored() -> None:
    [alice] = callers_make(1)
    told = ask(alice, max_output_tokens=2)
    assert told.text == "[simulated] Open"
    assert not StoredAnswer.objects.exists()


def test_answer_that_nobody_counted_is_not_stored() -> None:
    [alice] = callers_make(1)
    becomes("silent")
    ask(alice)
    assert not StoredAnswer.objects.exists()


# --- before money --------------------------------------------------------------------------------


def test_closed_budget_is_served_from_the_store() -> None:
    ask(caller_make(name="rich"))
    poor = caller_make(name="poor", usd_per_day_nanos=1)
    with pytest.raises(QuotaExceeded):
        ask(poor, replace(OPENING, fields={**OPENING.fields, "side": "con"}))
    assert ask(poor).text == ANSWER


def test_economy_mode_is_served_from_the_store_and_adds_nothing() -> None:
    rich = caller_make(name="rich")
    ask(rich)
    thrifty = caller_make(name="thrifty", usd_per_day_nanos=2_000_000)
    con = replace(OPENING, fields={**OPENING.fields, "side": "con"})
    first = ask(thrifty, con, "x " * 16, max_output_tokens=17)  # 1,700,000 nanos
    assert first.row.model_class == "premium"
    forget_all()
    fate = replace(OPENING, fields={**OPENING.fields, "topic": "fate"})
    cheap = ask(thrifty, fate, "short", max_output_tokens=2)
    assert (cheap.row.stop_reason, cheap.row.model_class) == ("stop", "economy")
    assert cheap.answer.call.plan.is_economy
    assert not StoredAnswer.objects.filter(topic_key="fate").exists()
    forget_all()
    hit = ask(thrifty)
    assert (hit.text, hit.answer.layer) == (ANSWER, "pattern")


# --- at the same time ----------------------------------------------------------------------------


def test_fifty_users_at_once_make_one_call_and_read_fifty_whole_texts() -> None:
    becomes("words:10")
    people = list(callers_make(50))
    told = ask_all([(who, request_of(OPENING)) for who in people])
    assert paid() == 1
    assert {len(each.text.split()) for each in told} == {20}
    assert [each.cache for each in told].count("miss") == 1
    [stored] = StoredAnswer.objects.all()
    assert {each.answer.stored_id for each in told} == {stored.pk}
    assert AnswerSeen.objects.filter(answer=stored).count() == 50
    rows = UsageRecord.objects.filter(cache_layer="shared", answer_id=stored.pk)
    assert rows.count() == stored.served == 49
    assert [ask(who).cache for who in people[:2]] == ["miss"] * 2  # they have read it


def test_same_user_twice_at_once_is_given_two_texts() -> None:
    becomes("echo:10")
    [alice] = callers_make(1)
    asked = [(alice, request_of(OPENING, text)) for text in ("first words", "second words")]
    first, second = ask_all(asked)
    assert first.text != second.text
    assert paid() == 2


def test_leader_that_is_cancelled_before_it_spoke_is_followed_by_one_more_call() -> None:
    becomes("echo:200")

    async def run() -> list[str]:
        people = await database.run(lambda: list(callers_make(5)))
        reading = [asyncio.create_task(told_to(who, request_of(OPENING))) for who in people]
        flight = await asked_a_model()
        flight._task.cancel()
        done = await asyncio.gather(*reading, return_exceptions=True)
        await settled()
        return [each.text for each in done if not isinstance(each, BaseException)]

    texts = asyncio.run(run())
    assert texts == [ANSWER] * 4
    outcomes = UsageRecord.objects.exclude(attempt=0).values_list("outcome", flat=True)
    assert sorted(outcomes) == ["cancelled", "complete"]


def test_empty_purse_of_the_first_is_no_reason_for_the_others() -> None:
    becomes("echo:20")
    poor = caller_make(name="poor", usd_per_day_nanos=1)
    rich = [caller_make(name=f"rich{number}") for number in range(4)]
    told = tried_by([poor, *rich])
    if connection.vendor == "sqlite":  # one thread: the first one leads
        assert isinstance(told[0], QuotaExceeded)
    assert [getattr(each, "text", each) for each in told[1:]] == [ANSWER] * 4


def test_weaker_model_that_the_first_can_afford_is_not_the_others_model() -> None:
    becomes("echo:20", "premium")
    becomes("words:30", "mid")
    dear_and_cheap()
    poor = caller_make(name="poor", usd_per_day_nanos=6_000_000)
    rich = [caller_make(name=f"rich{number}") for number in range(3)]
    told = tried_by([poor, *rich], max_output_tokens=256, is_never_cut=True)
    if connection.vendor == "sqlite":  # one thread: the first one leads
        assert "word1" in told[0].text
    assert [each.text for each in told[1:]] == [ANSWER] * 3
    assert UsageRecord.objects.filter(deployment="fake/premium", attempt__gt=0).count() == 1
    assert StoredAnswer.objects.get().text == ANSWER


def test_upstream_that_is_away_fails_everybody_at_once() -> None:
    becomes("down")
    assert {type(each) for each in tried_by(list(callers_make(5)))} == {Unavailable}


# --- off, or away --------------------------------------------------------------------------------


def test_store_that_is_off_is_neither_read_nor_written(settings: Settings) -> None:
    alice, bob = callers_make(2)
    ask(alice)
    settings.CACHE_SHARED = False
    con = replace(OPENING, fields={**OPENING.fields, "side": "con"})
    assert [ask(bob).cache, ask(bob, con).cache, ask(bob, con).cache] == ["miss"] * 3
    assert StoredAnswer.objects.count() == 1


def test_what_nobody_is_shown_is_kept_for_its_user_while_the_store_is_off(
    settings: Settings,
) -> None:
    settings.CACHE_SHARED = False
    alice, bob = callers_make(2)
    told = [ask(who, ARGUMENTS) for who in (alice, alice, bob)]
    assert [each.answer.layer for each in told] == ["", "exact", ""]


def test_without_a_valkey_everybody_is_answered(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    alice, bob = callers_make(2)
    assert [ask(alice).cache, ask(bob).cache] == ["miss", "hit"]


# --- in words ------------------------------------------------------------------------------------


def test_reason_says_which_entry_and_variant_it_was() -> None:
    alice, bob = callers_make(2)
    first, second = ask(alice), ask(bob)
    report = call_report(second.answer.call.id)
    assert report
    said = " ".join(reasons.why(report))
    assert f"It is entry {first.answer.stored_id} of the stored answers, variant 1." in said
    assert reasons.source_of(report.attempts[-1]) == first.answer.call.id


def test_reason_of_an_answer_made_ahead_says_so() -> None:
    [alice] = callers_make(1)
    completion = completion_of("made ahead", deployment="fake/premium")
    patterns.store(
        OPENING, completion, route="premium fake/premium", origin=StoredAnswer.Origin.BATCH,
        call_id=uuid4(), cost_nanos=1, now=clock.now(), user_id=None,
    )
    told = ask(alice)
    assert (told.text, told.answer.layer) == ("made ahead", "precomputed")
    report = call_report(told.answer.call.id)
    assert report
    assert "ahead" in reasons.why(report)[0]
