"""Calls of the past under other rules: the same rules cost the same, others what they say."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Tier
from billing.models import Budget, UsageRecord
from billing.prices import NewPrice, PriceTable, cost, price_supersede
from billing.usage import Usage
from costcontrol.lib.money import from_usd
from routing.models import Deployment, RoutePolicy
from routing.services import policy_publish
from routing.whatif.changes import TODAY, Changes, PriceChange
from tests.routing.whatif.past import (
    DAY,
    END,
    FIRST,
    HAIKU,
    LOCAL,
    LUNA,
    OPUS,
    SONNET,
    answered,
    cells_with,
    failed,
    hit,
    played,
    refused,
    spent,
)

MINUTE = timedelta(minutes=1)


def a_day_of_calls(seed: int, number: int = 60) -> None:
    """Every complexity, layer and language, calls that fail first, and economy mode."""
    chance = random.Random(seed)
    for place in range(number):
        at = DAY + place * 20 * MINUTE + timedelta(seconds=chance.randint(0, 900))
        complexity = chance.choice(list(FIRST))
        fresh, read, written = (chance.randint(0, 3_000) for _ in range(3))
        usage = Usage(fresh, read, written, chance.randint(1, 900))
        facts = {"complexity": complexity, "usage": usage, "user_id": chance.randint(1, 3)}
        match place % 6:
            case 0:
                hit(at, chance.choice(["exact", "pattern", "template"]), **facts)
            case 1:
                row = answered(at, deployment=LUNA, **facts | {"complexity": "medium"})
                failed(at, row, HAIKU, nanos=chance.randint(0, 10_000))
            case 2:
                refused(at, chance.choice(["quota_exceeded", "rate_limited"]))
            case 3:
                answered(at, deployment=HAIKU, is_economy=True, **facts)
            case _:
                answered(at, **facts)


@pytest.mark.parametrize("seed", range(3))
def test_the_rules_of_then_cost_what_was_booked_to_the_nano(seed: int) -> None:
    a_day_of_calls(seed)
    found = played(Changes())
    assert found.figures.then.cost_nanos == spent()
    assert found.figures.same == found.figures.then
    assert found.figures.now == found.figures.then
    assert not found.figures.gaps
    assert not found.figures.strange
    assert found.difference_nanos == 0


def test_prices_of_then_are_those_of_the_hour_of_the_call() -> None:
    answered(DAY + MINUTE)
    price_change(OPUS, at=DAY + 60 * MINUTE)
    answered(DAY + 90 * MINUTE)
    found = played(Changes())
    assert found.figures.same.cost_nanos == spent()
    today = played(Changes(prices_of=TODAY)).figures.now
    later = UsageRecord.objects.latest("at")
    assert today.cost_nanos == 2 * later.cost_nanos


def price_change(deployment: str, *, at: datetime) -> None:
    row, one = Deployment.objects.get(name=deployment), Decimal(1)
    new = NewPrice(
        provider=row.provider, model=row.model, fresh_input=one, cache_read=one, cache_write=one,
        output=2 * one, source="a test", source_date=DAY.date(),
    )
    price_supersede(new, at=at, actor="a test")


def test_another_table_sends_calls_to_another_model_at_its_price() -> None:
    row = answered(DAY + MINUTE)
    found = played(Changes(cells=cells_with("hybrid", "complex", "mid"))).figures
    assert found.now.deployments == {SONNET: 1}
    assert found.now.cost_nanos == cost_on(SONNET, Usage(1_000, 200, 100, 300))
    assert found.same.cost_nanos == row.cost_nanos
    assert found.moves == {"premium>mid": 1}


def cost_on(deployment: str, usage: Usage) -> int:
    row = Deployment.objects.get(name=deployment)
    price = PriceTable.load(DAY).price(
        row.provider, row.model, input_tokens=usage.input_tokens
    )
    return cost(usage, price)


def test_another_provider_counts_other_tokens_and_has_no_prompt_cache_of_ours() -> None:
    answered(DAY + MINUTE, complexity="medium")
    Deployment.objects.filter(name=HAIKU).update(is_enabled=False)
    found = played(Changes(cells=cells_with("hybrid", "medium", "economy"))).figures
    # 1.5 tokens of Claude for each of GPT
    assert found.now.cost_nanos == cost_on(LUNA, Usage(867, 0, 0, 200))
    assert found.strange == 1


def test_a_prompt_that_is_too_long_for_a_model_does_not_go_there() -> None:
    cells = cells_with("hybrid", "complex", "local", "mid")
    Deployment.objects.filter(name=LOCAL).update(languages=["en", "ko"])
    answered(DAY + MINUTE, usage=Usage(100, 0, 0, 50))
    answered(DAY + 2 * MINUTE, usage=Usage(9_000, 0, 0, 50))
    assert played(Changes(cells=cells)).figures.now.deployments == {LOCAL: 1, SONNET: 1}


def test_what_failed_then_fails_again_and_its_cost_stays() -> None:
    row = answered(DAY + MINUTE, complexity="medium", deployment=LUNA)
    failed(DAY + MINUTE, row, HAIKU, nanos=7_000)
    found = played(Changes(prices=(raised(LUNA, 2),))).figures.now
    assert found.deployments == {LUNA: 1}
    assert found.cost_nanos == 2 * row.cost_nanos + 7_000
    assert found.causes["failed"] == -7_000


def raised(deployment: str, factor: int) -> PriceChange:
    row = Deployment.objects.get(name=deployment)
    price = PriceTable.load(DAY).price(row.provider, row.model, input_tokens=0)
    names = ("fresh_input", "cache_read", "cache_write", "output")
    return PriceChange(
        row.provider, row.model, {name: factor * getattr(price, name) for name in names}
    )


def test_a_call_that_had_passed_over_a_model_does_so_again() -> None:
    answered(DAY + MINUTE, complexity="medium", deployment=LUNA)  # Haiku was full, or away
    found = played(Changes(layers_off=("exact",))).figures
    assert found.now.deployments == {LUNA: 1}
    assert not found.strange


def test_other_prices_of_a_model() -> None:
    row = answered(DAY + MINUTE)
    other = answered(DAY + 2 * MINUTE, complexity="medium")
    found = played(Changes(prices=(raised(OPUS, 3),))).figures.now
    assert found.cost_nanos == 3 * row.cost_nanos + other.cost_nanos


def test_a_layer_that_is_off_lets_its_calls_be_paid() -> None:
    hit(DAY + MINUTE, "exact")
    hit(DAY + 2 * MINUTE, "pattern")
    found = played(Changes(layers_off=("pattern",))).figures.now
    assert found.layers == {"exact": 1}
    assert found.cost_nanos == cost_on(OPUS, Usage(1_000, 200, 100, 300))
    assert found.deployments == {OPUS: 1}


def test_savings_by_lever_add_up_on_both_sides() -> None:
    a_day_of_calls(9)
    changes = Changes(
        cells=cells_with("hybrid", "complex", "mid", "economy"), layers_off=("exact", "template"),
        prices=(raised(HAIKU, 2),),
    )
    found = played(changes).figures
    for side in (found.then, found.same, found.now):
        assert side.baseline_nanos - side.saved_nanos + side.uncompared_nanos == side.cost_nanos
    assert found.now.cost_nanos != found.then.cost_nanos


def test_a_class_that_a_plan_loses_is_refused_where_it_was_named() -> None:
    answered(DAY + MINUTE, requested_model=OPUS)
    answered(DAY + 2 * MINUTE)
    tiers = {"premium": {"allowed_classes": ["local", "economy", "mid"]}}
    found = played(Changes(tiers=tiers)).figures.now
    assert found.refusals == {"tier_feature": 1}
    assert found.deployments == {SONNET: 1}


def test_a_class_that_a_plan_gets_lets_in_who_was_refused() -> None:
    row = answered(DAY + MINUTE)
    refused(DAY + 2 * MINUTE, "tier_feature", tier="free", requested_model=OPUS)
    tiers = {"free": {"allowed_classes": ["local", "premium"]}}
    found = played(Changes(tiers=tiers)).figures
    assert found.now.admitted == 1
    assert found.now.admitted_nanos == row.cost_nanos  # the average of its kind
    assert found.now.cost_nanos == 2 * row.cost_nanos
    assert found.same.refusals == {"tier_feature": 1}


def test_another_route_mode_of_a_plan() -> None:
    answered(DAY + MINUTE, complexity="medium")
    found = played(Changes(tiers={"premium": {"route_mode": "cloud"}})).figures.now
    assert found.deployments == {SONNET: 1}


def test_a_lower_budget_of_the_day_refuses_or_goes_local() -> None:
    rows = [answered(DAY + place * MINUTE) for place in range(1, 5)]
    cap = 2 * rows[0].cost_nanos
    found = played(Changes(platform_day_nanos=cap)).figures.now
    assert found.cost_nanos <= cap
    assert found.refusals["budget_exhausted"] + found.economy > 0


def test_a_budget_of_the_day_begins_anew_with_the_day() -> None:
    Budget.objects.update(soft_percent=200)  # no economy mode here
    row = answered(DAY + MINUTE)
    answered(END + MINUTE)
    answered(END + 2 * MINUTE)
    changes = Changes(
        platform_day_nanos=row.cost_nanos, cells=cells_with("hybrid", "complex", "premium")
    )
    found = played(changes, end=END + timedelta(hours=1)).figures.now
    assert found.refusals == {"budget_exhausted": 1}
    assert found.cost_nanos == 2 * row.cost_nanos


def test_a_budget_of_another_zone_goes_on_over_our_midnight() -> None:
    Budget.objects.update(soft_percent=200, zone="America/New_York")
    rows = [answered(at) for at in (DAY + MINUTE, END - MINUTE, END + MINUTE)]
    cap = 2 * rows[0].cost_nanos + 1
    changes = Changes(platform_day_nanos=cap, cells=cells_with("hybrid", "complex", "premium"))
    found = played(changes, end=END + timedelta(hours=1)).figures.now
    assert not found.refusals  # the 24th in New York begins 14 hours after ours
    answered(END + 2 * MINUTE)
    answered(END + 3 * MINUTE)
    found = played(changes, end=END + timedelta(hours=1)).figures.now
    assert found.refusals == {"budget_exhausted": 2}


def test_more_money_lets_in_who_was_refused_for_it() -> None:
    Budget.objects.update(cap_nanos=from_usd("0.05"), soft_percent=200)
    rows = [answered(DAY + place * MINUTE) for place in range(1, 4)]
    assert 0 < from_usd("0.05") - sum(row.cost_nanos for row in rows) < 10 * rows[0].cost_nanos
    refused(DAY + 10 * MINUTE, "budget_exhausted")
    assert played(Changes()).figures.now.admitted == 0
    found = played(Changes(platform_day_nanos=from_usd("1"))).figures.now
    assert found.admitted == 1
    assert not found.refusals


def test_a_cheaper_table_reaches_economy_mode_later() -> None:
    Budget.objects.update(cap_nanos=from_usd("0.03"), soft_percent=50)
    for place in range(1, 4):
        answered(DAY + place * MINUTE)
    answered(DAY + 9 * MINUTE, deployment=HAIKU, is_economy=True)
    cells = cells_with("hybrid", "complex", "economy")
    found = played(Changes(cells=cells)).figures
    assert (found.same.economy, found.now.economy) == (1, 0)


def test_fewer_debates_a_day_refuse_whole_debates() -> None:
    for number in range(4):
        for place in range(2):
            at = DAY + (10 * number + place + 1) * MINUTE
            answered(at, debate_id=f"debate-{number}", complexity="medium")
    found = played(Changes(tiers={"premium": {"debates_per_day": 3}})).figures.now
    assert found.refusals == {"quota_exceeded": 2}
    assert found.calls == 8


def test_a_debate_of_yesterday_is_not_counted_again() -> None:
    answered(DAY - MINUTE, debate_id="old", complexity="medium")
    answered(DAY + MINUTE, debate_id="old", complexity="medium")
    answered(DAY + 2 * MINUTE, debate_id="new", complexity="medium")
    tiers = {"premium": {"debates_per_day": 1}}
    assert not played(Changes(tiers=tiers)).figures.now.refusals


def test_more_debates_a_day_open_those_that_were_refused() -> None:
    Tier.objects.filter(pk="premium").update(debates_per_day=1)
    row = answered(DAY + MINUTE, debate_id="one")
    refused(DAY + 2 * MINUTE, "quota_exceeded", debate_id="two")
    refused(DAY + 3 * MINUTE, "quota_exceeded", debate_id="three")
    found = played(Changes(tiers={"premium": {"debates_per_day": 2}}))
    assert found.figures.now.admitted_debates == 1
    assert found.figures.now.refusals == {"quota_exceeded": 1}
    assert found.debate_nanos == row.cost_nanos
    assert found.now_nanos == 2 * row.cost_nanos


@pytest.mark.parametrize(
    ("columns", "gap"),
    [({"tier": "gone"}, "tier"), ({"complexity": ""}, "facts"), ({"language": ""}, "facts"),
     ({"fresh_input_tokens": None}, "tokens")],
)
def test_a_row_that_says_too_little_stays_as_it_was_and_is_counted(
    columns: dict[str, object], gap: str
) -> None:
    row = answered(DAY + MINUTE)
    UsageRecord.objects.filter(pk=row.pk).update(**columns)
    found = played(Changes(cells=cells_with("hybrid", "complex", "mid"))).figures
    assert found.gaps == {gap: 1}
    assert found.now.cost_nanos == row.cost_nanos


def test_a_call_that_todays_plans_would_refuse_stays_as_it_was() -> None:
    row = answered(DAY + MINUTE, tier="free")  # which has local models only, that speak English
    found = played(Changes(prices=(raised(OPUS, 2),))).figures
    assert found.gaps == {"plan": 1}
    assert found.same.cost_nanos == found.now.cost_nanos == row.cost_nanos


def test_our_own_calls_and_held_out_debates_keep_their_model_and_take_new_prices() -> None:
    own = answered(DAY + MINUTE, tier="precompute", complexity="")
    held = answered(DAY + 2 * MINUTE, is_holdout=True)
    changes = Changes(cells=cells_with("hybrid", "complex", "mid"), prices=(raised(OPUS, 2),))
    found = played(changes).figures.now
    assert found.deployments == {OPUS: 2}
    assert found.cost_nanos == 2 * (own.cost_nanos + held.cost_nanos)


def test_the_table_of_then_is_the_one_that_was_published_then() -> None:
    answered(DAY + MINUTE)
    draft = RoutePolicy.objects.create(version=2, cells=cells_with("hybrid", "complex", "mid"))
    policy_publish(draft, at=DAY + 10 * MINUTE, actor="a test")
    answered(DAY + 20 * MINUTE, deployment=SONNET)
    found = played(Changes()).figures
    assert found.same.cost_nanos == spent()
    assert not found.strange
