"""Prices in force, and the arithmetic on them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from billing.models import ModelPrice
from billing.prices import NewPrice, PriceTable, cost, price_supersede
from billing.usage import Usage
from costcontrol.lib.errors import UnpricedModel

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
FRIDAY = MONDAY + timedelta(days=4)
INSTANT = timedelta(microseconds=1)


def new_price(**changes: Any) -> NewPrice:
    numbers = {"fresh_input": "4", "cache_read": "0.2", "cache_write": "5", "output": "20"}
    values: dict[str, Any] = {name: Decimal(number) for name, number in numbers.items()}
    values |= {"provider": "anthropic", "model": "claude-opus-5-5", "source": "the vendor's page"}
    return NewPrice(**values | {"source_date": date(2026, 11, 1)} | changes)


def supersede(*, at: datetime = MONDAY, **changes: Any) -> ModelPrice:
    return price_supersede(new_price(**changes), at=at, actor="alice@example.org")


def opus_at(at: datetime) -> Decimal:
    table = PriceTable.load(at)
    return table.price("anthropic", "claude-opus-5-5", input_tokens=1).fresh_input


def test_one_dollar_per_million_tokens_is_a_thousand_nanos_a_token() -> None:
    supersede(fresh_input=Decimal(1))
    price = PriceTable.load(MONDAY).price("anthropic", "claude-opus-5-5", input_tokens=1)
    assert cost(Usage(fresh_input_tokens=1), price) == 1000


def test_each_bucket_has_its_own_price_and_searches_are_billed_each() -> None:
    supersede(search_usd=Decimal("0.01"))
    price = PriceTable.load(MONDAY).price("anthropic", "claude-opus-5-5", input_tokens=1)
    usage = Usage(
        fresh_input_tokens=10, cache_read_tokens=100, cache_write_tokens=20, output_tokens=7,
        searches=3,
    )
    tokens = 10 * 4_000 + 100 * 200 + 20 * 5_000 + 7 * 20_000
    assert cost(usage, price) == tokens + 3 * 10_000_000


def test_a_call_is_rounded_up_once_and_not_once_per_bucket() -> None:
    supersede(fresh_input=Decimal("0.0004"), output=Decimal("0.0004"))
    price = PriceTable.load(MONDAY).price("anthropic", "claude-opus-5-5", input_tokens=1)
    assert cost(Usage(fresh_input_tokens=1, output_tokens=1), price) == 1
    assert cost(Usage(fresh_input_tokens=2, output_tokens=1), price) == 2


def test_buckets_that_nobody_reported_cost_nothing() -> None:
    supersede()
    price = PriceTable.load(MONDAY).price("anthropic", "claude-opus-5-5", input_tokens=1)
    assert cost(Usage(), price) == 0


def test_the_whole_request_is_billed_at_the_tier_that_it_reaches() -> None:
    supersede()
    supersede(min_input_tokens=100_001, fresh_input=Decimal(8))
    table = PriceTable.load(MONDAY)
    below = table.price("anthropic", "claude-opus-5-5", input_tokens=100_000)
    above = table.price("anthropic", "claude-opus-5-5", input_tokens=100_001)
    assert cost(Usage(fresh_input_tokens=100_000), below) == 100_000 * 4_000
    assert cost(Usage(fresh_input_tokens=100_001), above) == 100_001 * 8_000


def test_the_price_in_force_at_the_time_of_the_call_is_used() -> None:
    supersede()
    supersede(at=FRIDAY, fresh_input=Decimal(3))
    assert opus_at(FRIDAY - INSTANT) == 4
    assert opus_at(FRIDAY) == 3


def test_a_model_is_unpriced_before_its_first_price() -> None:
    supersede()
    assert PriceTable.load(MONDAY).has("anthropic", "claude-opus-5-5")
    assert not PriceTable.load(MONDAY - INSTANT).has("anthropic", "claude-opus-5-5")


def test_an_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(UnpricedModel, match="anthropic/claude-opus-9"):
        PriceTable.load(MONDAY).price("anthropic", "claude-opus-9", input_tokens=1)


def test_a_model_without_a_batch_price_is_not_billed_at_the_standard_one() -> None:
    supersede()
    table = PriceTable.load(MONDAY)
    assert not table.has("anthropic", "claude-opus-5-5", processing="batch")
    with pytest.raises(UnpricedModel, match="batch"):
        table.price("anthropic", "claude-opus-5-5", input_tokens=1, processing="batch")


@pytest.mark.parametrize("name", ["claude-opus-5-5-20260930", "claude-opus-5-5-2026-09-30"])
def test_a_dated_name_has_the_price_of_the_undated_one(name: str) -> None:
    supersede()
    assert PriceTable.load(MONDAY).price("anthropic", name, input_tokens=1).output == 20


@pytest.mark.parametrize(
    "name",
    ["claude-opus-5-5-2026", "claude-opus-5-5-20261340", "claude-opus-5-5-20260930-x",
     "claude-opus-5-5-2026-0930", "claude-opus-5-5-mini", "claude-opus-5", "Claude-Opus-5-5"],
)
def test_nothing_fuzzier_than_a_date_is_taken_for_the_same_model(name: str) -> None:
    supersede()
    assert not PriceTable.load(MONDAY).has("anthropic", name)


def test_a_dated_name_with_a_price_of_its_own_keeps_it() -> None:
    supersede(provider="openai", model="gpt-4o", fresh_input=Decimal("2.5"))
    supersede(provider="openai", model="gpt-4o-2024-05-13", fresh_input=Decimal(5))
    table = PriceTable.load(MONDAY)
    assert table.price("openai", "gpt-4o-2024-05-13", input_tokens=1).fresh_input == 5
    assert table.price("openai", "gpt-4o-2024-08-06", input_tokens=1).fresh_input == Decimal("2.5")


def test_a_price_for_all_models_of_a_provider_stops_at_that_provider() -> None:
    supersede(provider="ollama", model="*")
    table = PriceTable.load(MONDAY)
    assert table.has("ollama", "gemma3:4b")
    assert not table.has("openai", "gemma3:4b")


def test_superseding_leaves_the_old_numbers_and_writes_an_audit_row() -> None:
    old = supersede()
    supersede(at=FRIDAY, output=Decimal(25))
    old.refresh_from_db()
    event = AuditEvent.objects.first()
    assert (old.output, old.superseded_at) == (20, FRIDAY)
    assert event is not None
    assert event.actor == "alice@example.org"
    assert Decimal(event.before["output"]) == 20
    assert Decimal(event.after["output"]) == 25


@pytest.mark.parametrize("at", [MONDAY, MONDAY - INSTANT])
def test_a_price_cannot_be_put_before_the_one_in_force(at: datetime) -> None:
    supersede()
    with pytest.raises(ValueError, match="already has a price from 2026-11-02"):
        supersede(at=at, output=Decimal(1))
    assert ModelPrice.objects.count() == 1
    assert opus_at(MONDAY) == 4


def test_a_model_has_at_most_one_open_price() -> None:
    row = supersede()
    row.pk, row.effective_from = None, FRIDAY
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_negative_price_cannot_be_stored() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        supersede(output=Decimal("-0.000001"))
    assert supersede(output=Decimal(0)).output == 0
