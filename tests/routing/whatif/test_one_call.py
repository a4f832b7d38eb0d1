"""One past call by the rules of today: who would be asked, and for how much. Nobody is."""

from datetime import timedelta

import pytest

from accounts.models import Tier
from billing.models import UsageRecord
from billing.prices import PriceTable, cost
from billing.usage import Usage
from costcontrol.lib import clock
from routing.models import Deployment, RoutePolicy
from routing.whatif.one_call import Again, again
from tests.routing.whatif.past import DAY, HAIKU, OPUS, SONNET, answered, cells_with, failed, hit

MINUTE = timedelta(minutes=1)
USAGE = Usage(1_000, 200, 100, 300)


def today(row: UsageRecord) -> Again:
    return again(row.call_id, at=row.at)


def price_now(name: str, usage: Usage) -> int:
    row = Deployment.objects.get(name=name)
    table = PriceTable.load(clock.now())
    price = table.price(row.provider, row.model, input_tokens=usage.input_tokens)
    return int(cost(usage, price))


def test_the_first_choice_of_today_costs_its_tokens_at_prices_of_today() -> None:
    row = answered(DAY + MINUTE, usage=USAGE)
    first = today(row).candidates[0]
    assert (first.name, first.usage, first.cost_nanos) == (OPUS, USAGE, row.cost_nanos)
    assert first.cost_nanos == price_now(OPUS, USAGE)


def test_another_table_asks_others_and_the_call_stays_as_it_was() -> None:
    row = answered(DAY + MINUTE, usage=USAGE)
    cells = cells_with("hybrid", "complex", "economy")
    RoutePolicy.objects.filter(status="published").update(cells=cells)
    found = today(row)
    names = [each.name for each in found.candidates]
    assert names[0] == HAIKU
    assert OPUS not in names
    assert found.version == RoutePolicy.objects.get(status="published").version
    row.refresh_from_db()
    assert row.deployment == OPUS


def test_models_that_were_switched_off_are_not_asked() -> None:
    row = answered(DAY + MINUTE)
    Deployment.objects.filter(name=OPUS).update(is_enabled=False)
    assert OPUS not in [each.name for each in today(row).candidates]
    Deployment.objects.update(is_enabled=False)
    found = today(row)
    assert not found.candidates
    assert "Ask the operator to enable one" in found.why_not


def test_a_model_without_a_key_says_so() -> None:
    found = today(answered(DAY + MINUTE))
    assert "ANTHROPIC_API_KEY" in found.candidates[0].problem


def test_what_a_cache_answered_has_the_tokens_that_were_stored_with_it() -> None:
    first = today(hit(DAY + MINUTE, usage=USAGE)).candidates[0]
    assert first.cost_nanos == price_now(first.name, USAGE)


def test_another_call_of_the_same_moment_is_not_taken_for_it() -> None:
    answered(DAY, complexity="simple")
    row = answered(DAY, deployment=SONNET)
    assert today(row).candidates[0].name == OPUS


@pytest.mark.parametrize(
    ("columns", "why"),
    [({"tier": "gone"}, "Its plan is gone."), ({"complexity": ""}, "How hard it was"),
     ({"language": ""}, "How hard it was")],
)
def test_what_is_not_known_is_said(columns: dict[str, str], why: str) -> None:
    row = answered(DAY)
    UsageRecord.objects.filter(pk=row.pk).update(**columns)
    assert why in today(row).why_not


def test_a_call_of_which_only_failures_are_known() -> None:
    row = answered(DAY)
    other = failed(DAY + MINUTE, row, HAIKU)
    UsageRecord.objects.filter(pk=row.pk).delete()
    assert "Only attempts that failed" in today(other).why_not


def test_tokens_that_nobody_reported_have_no_cost() -> None:
    row = answered(DAY)
    Tier.objects.filter(pk="premium").update(allowed_classes=["premium"])
    UsageRecord.objects.filter(pk=row.pk).update(
        fresh_input_tokens=None, cache_read_tokens=None, cache_write_tokens=None,
        output_tokens=None,
    )
    assert {each.cost_nanos for each in today(row).candidates} == {None}
