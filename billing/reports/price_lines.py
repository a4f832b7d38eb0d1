"""How tokens became a cost: one line a bucket, the rounding, and what differs from the sum.

The parts add up to the cost, to the nano: lines + rounding + difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.models import ModelPrice
from billing.prices import MILLION
from billing.reports.call import AttemptReport, CallReport
from costcontrol.lib.money import ceil_nanos

NANOS_A_TOKEN = 1000  # of 1 USD per million tokens


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One bucket of tokens. `nanos` is not rounded. `count` None: nobody reported it."""

    bucket: str
    count: int | None
    usd_per_million: Decimal
    nanos: Decimal


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The row of the price book that was in force."""

    id: int
    name: str
    min_input_tokens: int
    search_usd: Decimal
    effective_from: datetime
    superseded_at: datetime | None
    source: str
    source_date: date


@dataclass(frozen=True, slots=True)
class Bill:
    """Why one attempt cost what it did. `difference`: an estimate is capped by its hold."""

    lines: tuple[PriceLine, ...]
    rounding: Decimal
    difference: int
    cost_nanos: int
    row: PriceRow | None

    @property
    def is_worth_showing(self) -> bool:
        return bool(self.cost_nanos) or any(line.count is not None for line in self.lines)


def bills_of(call: CallReport) -> dict[int, Bill]:
    """By number of the attempt; without those whose price was not written down."""
    rows = price_rows(attempt.price_id for attempt in call.attempts)
    priced = [attempt for attempt in call.attempts if attempt.price_output is not None]
    return {one.attempt: bill_of(one, rows.get(one.price_id or 0)) for one in priced}


def price_rows(ids: Iterable[int | None]) -> dict[int, PriceRow]:
    found = ModelPrice.objects.filter(pk__in={pk for pk in ids if pk is not None})
    return {
        row.pk: PriceRow(
            row.pk, f"{row.provider}/{row.model}", row.min_input_tokens, row.search_usd,
            row.effective_from, row.superseded_at, row.source, row.source_date,
        )
        for row in found
    }


def bill_of(attempt: AttemptReport, row: PriceRow | None) -> Bill:
    lines = lines_of(attempt, row)
    per_million = sum(
        ((line.count or 0) * line.usd_per_million for line in lines), start=Decimal(0)
    )
    rounded = ceil_nanos(per_million)
    return Bill(
        lines=lines,
        rounding=rounded - per_million * NANOS_A_TOKEN,
        difference=attempt.cost_nanos - rounded,
        cost_nanos=attempt.cost_nanos,
        row=row,
    )


def lines_of(attempt: AttemptReport, row: PriceRow | None) -> tuple[PriceLine, ...]:
    buckets = [
        ("fresh_input", attempt.fresh_input_tokens, attempt.price_fresh_input),
        ("cache_read", attempt.cache_read_tokens, attempt.price_cache_read),
        ("cache_write", attempt.cache_write_tokens, attempt.price_cache_write),
        ("output", attempt.output_tokens, attempt.price_output),
    ]
    if attempt.searches and row:
        buckets.append(("searches", attempt.searches, row.search_usd * MILLION))
    return tuple(_line(bucket, count, price or Decimal(0)) for bucket, count, price in buckets)


def _line(bucket: str, count: int | None, usd_per_million: Decimal) -> PriceLine:
    nanos = (count or 0) * usd_per_million * NANOS_A_TOKEN
    return PriceLine(bucket, count, usd_per_million, nanos)
