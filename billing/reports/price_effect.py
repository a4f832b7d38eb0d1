"""What another price would have made of the last days: their tokens, at the old and the new one.

The tokens of whole days are known by deployment, not by request. Where a model has prices by the
size of a request, they are all taken at the one row in question: then it is an estimate.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from billing.reports.slices import NONE, SliceFilters, SliceRow, day_costs
from costcontrol.lib.money import Nanos, ceil_nanos

DAYS = 30
BUCKETS: Mapping[str, str] = {  # of a price -> of usage
    "fresh_input": "fresh_input_tokens", "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens", "output": "output_tokens",
}


class Rates(Protocol):
    """A price, in force or thought of."""

    @property
    def fresh_input(self) -> Decimal: ...
    @property
    def cache_read(self) -> Decimal: ...
    @property
    def cache_write(self) -> Decimal: ...
    @property
    def output(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class BucketEffect:
    """`old_nanos` None: there is no price now."""

    name: str
    tokens: int
    old_nanos: Nanos | None
    new_nanos: Nanos


@dataclass(frozen=True, slots=True)
class PriceEffect:
    """`booked_nanos`: what these days really cost, searches and all."""

    days: int
    calls: int
    booked_nanos: int
    buckets: tuple[BucketEffect, ...]
    is_whole: bool  # False: the hourly sums are behind for some of the days

    @property
    def new_nanos(self) -> int:
        return sum(each.new_nanos for each in self.buckets)

    @property
    def old_nanos(self) -> int | None:
        known = [each.old_nanos for each in self.buckets if each.old_nanos is not None]
        return sum(known) if len(known) == len(self.buckets) else None


def price_effect(
    new: Rates, old: Rates | None, *, deployments: Collection[str], zone: str, now: datetime
) -> PriceEffect:
    """Of the deployments that are billed by it, over the last 30 days up to now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    found = day_costs(
        zone=zone, first=today - timedelta(days=DAYS - 1), last=today, now=now,
        group_by="deployment", filters=SliceFilters(cache_layer=NONE),
    )
    rows = [row for (_, deployment), row in found.items() if deployment in deployments]
    return PriceEffect(
        DAYS, sum(row.attempts for row in rows), sum(row.cost_nanos for row in rows),
        tuple(_bucket(name, rows, new, old) for name in BUCKETS), not found.missing,
    )


def _bucket(name: str, rows: list[SliceRow], new: Rates, old: Rates | None) -> BucketEffect:
    tokens = sum(getattr(row, BUCKETS[name]) for row in rows)
    return BucketEffect(
        name, tokens, ceil_nanos(tokens * getattr(old, name)) if old else None,
        ceil_nanos(tokens * getattr(new, name)),
    )
