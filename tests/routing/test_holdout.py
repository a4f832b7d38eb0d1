"""A share of debates goes the way of the baseline: which, how, and inside which limits."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.types import Caller
from billing import debates, gauge, output_lengths, purses
from billing.models import UsageRecord
from costcontrol.lib import clock, database
from routing import gateway, holdout, keeper, limits, snapshot
from routing.frozen import freeze_anew
from routing.models import Deployment
from routing.types import ChatRequest, Message, Reuse
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.billing.purses import customer_make, give, plan
from tests.flows.rows import price
from tests.routing.test_policy import tier
from tests.services.defaults import defaults_copy

DEAR, CHEAP = "fake/dear", "fake/cheap"
IDS = [str(number) for number in range(20_000)]
ASKED = ChatRequest(
    (Message("user", "What is virtue?", is_prefix_end=True),), language="en",
    call_kind="attack_response", reuse=Reuse({"kind": "attack_response"}),
)
BELOW, ABOVE = (
    next(each for each in IDS if (holdout.place_of(each) < 5000) == is_below)
    for is_below in (True, False)
)


def held_out(percent: float, settings: Settings, **rules: Any) -> list[str]:
    settings.HOLDOUT_PERCENT = percent
    own = {"tier": tier("cloud"), "user_id": 1} | rules
    return [each for each in IDS if holdout.is_held_out(each, **own)]


def test_the_share_is_the_one_that_was_set(settings: Settings) -> None:
    assert held_out(0, settings) == []
    assert len(held_out(5, settings)) == pytest.approx(1000, abs=120)  # 4 standard deviations
    assert held_out(100, settings) == IDS


def test_a_greater_share_keeps_those_of_the_smaller_one(settings: Settings) -> None:
    assert set(held_out(1, settings)) < set(held_out(10, settings))


def test_only_plans_with_premium_models_and_calls_of_debates(settings: Settings) -> None:
    assert held_out(100, settings, tier=tier("cloud", ("local", "economy"))) == []
    assert not holdout.is_held_out("", tier=tier("cloud"), user_id=1)


def test_whoever_pays_beyond_the_plan_is_left_alone(settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 100
    debates._taken[debates.debate_key(7, "d")] = True
    assert not holdout.is_held_out("d", tier=tier("cloud"), user_id=7)
    assert holdout.is_held_out("d", tier=tier("cloud"), user_id=8)
    debates._taken.clear()


def test_a_plain_request_has_no_way_to_save() -> None:
    plain = holdout.plain(ASKED)
    assert (plain.reuse, plain.may_read_cache, plain.may_store) == (None, False, False)
    assert plain.messages == (replace(ASKED.messages[0], is_prefix_end=False),)


@pytest.fixture
def house(committed: None, settings: Settings) -> Iterator[None]:
    """A dear premium model and a cheap one, which the plan asks first. Half is held out."""
    defaults_copy()
    Deployment.objects.all().update(is_enabled=False)
    for name, model_class in ((DEAR, "premium"), (CHEAP, "mid")):
        Deployment.objects.create(
            name=name, provider="fake", model=name.split("/")[1], model_class=model_class,
            languages=["en"],
        )
    price("fake", "dear", fresh_input=0, output=100)
    price("fake", "cheap", fresh_input=0, output=1)
    for memory in (gauge, output_lengths, purses):
        memory.forget_all()
    settings.HOLDOUT_PERCENT = 50
    snapshot.forget()
    assert freeze_anew("premium", at=clock.now(), actor="test") is not None
    limits._local.clear()
    debates._taken.clear()
    yield
    snapshot.forget()
    keeper._rows.clear()
    keeper._uses.clear()
    database.close_threads()


def caller(**rules: Any) -> Caller:
    own = plan(route_mode="cloud", allowed_classes=["mid", "premium"], **rules)
    return Caller.signed_in(User.objects.create_user("alice@example.com", tier=own))


def ask(who: Caller, debate: str, **more: Any) -> UsageRecord:
    """The row of the answer."""

    async def run() -> Any:
        request = replace(ASKED, debate_id=debate, **more)
        answer = await gateway.answer(request, who, call_id=uuid4())
        await answer.whole()
        await keeper.flush()
        return answer.call.id

    call_id = asyncio.run(run())
    return UsageRecord.objects.filter(call_id=call_id).exclude(outcome="failed").get()


in_a_house = pytest.mark.usefixtures("house")


@in_a_house
@pytest.mark.postgresql
def test_a_debate_that_is_held_out_costs_what_the_baseline_costs() -> None:
    who = caller()
    ours, usual = ask(who, BELOW), ask(who, ABOVE)
    assert (ours.deployment, ours.is_holdout) == (DEAR, True)
    assert ours.cost_nanos == ours.baseline_nanos
    assert (usual.deployment, usual.is_holdout) == (CHEAP, None)
    assert usual.cost_nanos < (usual.baseline_nanos or 0)


@in_a_house
def test_nothing_is_served_out_of_a_store_or_kept_in_one() -> None:
    who = caller()
    assert [ask(who, BELOW, reuse=None).outcome for _ in range(2)] == ["complete", "complete"]
    assert [ask(who, ABOVE, reuse=None).outcome for _ in range(2)] == ["complete", "cached"]


@in_a_house
def test_without_room_it_goes_the_usual_way_and_is_not_counted() -> None:
    tight = caller(usd_per_day_nanos=20_000)  # 20 words at $1 a million; not at $100
    row = ask(tight, BELOW, max_output_tokens=20, is_never_cut=True)
    assert (row.deployment, row.is_holdout) == (CHEAP, None)
    assert "held out to check savings" in row.reason


@in_a_house
def test_who_names_a_model_is_answered_by_it() -> None:
    row = ask(caller(), BELOW, model=CHEAP)
    assert (row.deployment, row.is_holdout) == (CHEAP, None)


@in_a_house
def test_a_baseline_that_is_not_in_use_any_more_holds_nothing_out() -> None:
    Deployment.objects.filter(name=DEAR).update(is_enabled=False)
    snapshot.forget()
    row = ask(caller(), BELOW)
    assert (row.deployment, row.is_holdout) == (CHEAP, None)
    assert row.baseline == DEAR  # still what it is compared with


@in_a_house
@pytest.mark.postgresql
@pytest.mark.parametrize("left_nanos", [20_000, 10])
def test_nobody_pays_credit_for_being_held_out(left_nanos: int) -> None:
    customer = customer_make()
    assert customer.user
    customer.user.tier = plan(
        route_mode="cloud", allowed_classes=["mid", "premium"], usd_per_day_nanos=left_nanos
    )
    customer.user.save()
    give(customer, 10**9, now=clock.now())
    who = Caller.signed_in(customer.user)
    row = ask(who, BELOW, max_output_tokens=20, is_never_cut=True)
    assert (row.deployment, row.is_holdout) == (CHEAP, None)
