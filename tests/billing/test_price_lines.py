"""The lines of a bill add up to its cost, whatever was used at whatever price."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.prices import Price, cost
from billing.reports.call import AttemptReport
from billing.reports.price_lines import PriceRow, bill_of
from billing.usage import Usage

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
prices = st.decimals(min_value=0, max_value=200, places=6)
counts = st.none() | st.integers(min_value=0, max_value=3_000_000)


def attempt(**columns: Any) -> AttemptReport:
    nothing: dict[str, Any] = {field.name: None for field in fields(AttemptReport)}
    return AttemptReport(**nothing | {"attempt": 1} | columns)


def attempt_of(usage: Usage, price: Price, cost_nanos: int) -> AttemptReport:
    return attempt(
        fresh_input_tokens=usage.fresh_input_tokens, cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens, output_tokens=usage.output_tokens,
        searches=usage.searches, price_fresh_input=price.fresh_input,
        price_cache_read=price.cache_read, price_cache_write=price.cache_write,
        price_output=price.output, price_id=price.id, cost_nanos=cost_nanos,
    )


def row_of(price: Price) -> PriceRow:
    return PriceRow(
        price.id, "a/b", 0, price.search_usd, NOON, None, "the price list", NOON.date()
    )


usages = st.builds(
    Usage, fresh_input_tokens=counts, cache_read_tokens=counts, cache_write_tokens=counts,
    output_tokens=counts, searches=st.none() | st.integers(0, 50),
)
price_rows = st.builds(
    Price, id=st.just(7), provider=st.just("a"), model=st.just("b"), processing=st.just("standard"),
    min_input_tokens=st.just(0), fresh_input=prices, cache_read=prices, cache_write=prices,
    output=prices, search_usd=prices,
)


@given(usages, price_rows)
def test_lines_and_rounding_are_the_cost_to_the_nano(usage: Usage, price: Price) -> None:
    charged = cost(usage, price)
    bill = bill_of(attempt_of(usage, price, charged), row_of(price))
    assert sum(line.nanos for line in bill.lines) + bill.rounding == charged
    assert 0 <= bill.rounding < 1
    assert bill.difference == 0


@given(usages, price_rows, st.integers(0, 10**12))
def test_whatever_was_charged_the_parts_add_up(usage: Usage, price: Price, charged: int) -> None:
    bill = bill_of(attempt_of(usage, price, charged), row_of(price))
    parts = sum(line.nanos for line in bill.lines) + bill.rounding + bill.difference
    assert parts == charged == bill.cost_nanos


def test_four_buckets_are_always_shown_and_searches_if_there_were_any() -> None:
    price = Price(7, "a", "b", "standard", 0, *[Decimal(1)] * 4, Decimal("0.01"))
    usage = Usage(10, output_tokens=5)
    lines = bill_of(attempt_of(usage, price, 15_000), row_of(price)).lines
    assert [(line.bucket, line.count) for line in lines] == [
        ("fresh_input", 10), ("cache_read", None), ("cache_write", None), ("output", 5)
    ]
    searched = bill_of(attempt_of(replace(usage, searches=2), price, 0), row_of(price)).lines
    assert (searched[-1].bucket, searched[-1].nanos) == ("searches", Decimal(20_000_000))


def test_estimate_that_its_hold_capped_says_so() -> None:
    price = Price(7, "a", "b", "standard", 0, *[Decimal(1)] * 4, Decimal(0))
    assert bill_of(attempt_of(Usage(10, output_tokens=5), price, 9_000), None).difference == -6_000


@pytest.mark.parametrize(("tokens", "rounding"), [(1, "0.5"), (2, "0")])
def test_half_a_nano_is_rounded_up_and_shown(tokens: int, rounding: str) -> None:
    price = Price(7, "a", "b", "standard", 0, *[Decimal("0.0005")] * 4, Decimal(0))
    usage = Usage(tokens)
    bill = bill_of(attempt_of(usage, price, cost(usage, price)), None)
    assert bill.rounding == Decimal(rounding)
