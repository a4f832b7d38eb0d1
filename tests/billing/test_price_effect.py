"""The tokens of the last days at another price."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing import rollups
from billing.reports.price_effect import PriceEffect, price_effect
from billing.reports.upstreams import Heard, heard, latest
from tests.costcontrol.dashboard.rows import call, failure, hit

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = timedelta(days=1)
HAIKU = "anthropic/claude-haiku-5-5"


@dataclass(frozen=True)
class Rates:
    fresh_input: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)
    output: Decimal = Decimal(0)


def effect(old: Rates | None = None) -> PriceEffect:
    rollups.catch_up(now=NOW)
    new = Rates(Decimal(2), Decimal("0.2"), Decimal("2.5"), Decimal(10))
    return price_effect(new, old, deployments={HAIKU}, zone="Asia/Seoul", now=NOW)


def test_each_bucket_is_taken_at_both_prices() -> None:
    for ago in (1, 20):
        call(NOW - ago * DAY, fresh_input_tokens=1000, cache_read_tokens=100,
             cache_write_tokens=10, output_tokens=500)
    found = effect(Rates(Decimal(1), output=Decimal(5)))
    assert [(each.tokens, each.old_nanos, each.new_nanos) for each in found.buckets] == [
        (2000, 2_000_000, 4_000_000), (200, 0, 40_000), (20, 0, 50_000),
        (1000, 5_000_000, 10_000_000),
    ]
    assert (found.old_nanos, found.new_nanos) == (7_000_000, 14_090_000)
    assert (found.calls, found.booked_nanos, found.is_whole) == (2, 500_000_000, True)


def test_what_is_not_billed_by_it_is_not_in_it() -> None:
    call(NOW - DAY, deployment="openai/gpt-6-luna")
    call(NOW - 31 * DAY)
    hit(NOW - DAY)
    found = effect()
    assert (found.calls, found.new_nanos, found.old_nanos) == (0, 0, None)


def test_what_was_heard_of_a_provider_is_of_the_last_day() -> None:
    call(NOW - timedelta(hours=30), deployment="old")
    for hours in (3, 2):
        call(NOW - timedelta(hours=hours))
        failure(NOW - timedelta(hours=hours, minutes=30), code=f"upstream_{hours}")
    hit(NOW - timedelta(minutes=1))
    found = heard(now=NOW)
    assert found == {
        HAIKU: Heard(NOW - timedelta(hours=2), NOW - timedelta(hours=2, minutes=30), "upstream_2")
    }
    assert latest([Heard(), found[HAIKU]]) == found[HAIKU]
    assert latest([]) == Heard()
