"""What is known of one's own traffic, for the page about hardware of one's own: last 30 days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from billing.hours import start_of
from billing.models import UsageRecord
from billing.models_rollup import Grain, HourlyUsage
from billing.reports import debate_reading
from billing.reports.facts import located
from billing.reports.ranges import last_days
from billing.reports.shapes import Filters
from billing.reports.slices import NONE, Ask, SliceFilters, SliceRow, load

DAYS = 30
LOCAL, FIRST_TO_GO = "local", "economy"
MOST_CALLS = 2_000
BY_MODELS = SliceFilters(cache_layer=NONE)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """None: nothing to measure it by. `cloud_nanos`: what a million output tokens of the class that
    goes first cost; `cloud_class`: which it was, empty where it is all classes together."""

    debates: int | None
    tokens_a_debate: int | None
    local_share_bp: int | None
    cloud_nanos: int | None
    cloud_class: str
    speed: "Speed | None"


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast local models wrote, one call at a time."""

    tokens_per_second: Fraction
    calls: int
    until: datetime


def measured(*, zone: str, now: datetime) -> Measured:
    days = last_days(DAYS, zone=zone, now=now)
    rows = by_class(load(Ask(days, now, BY_MODELS, group_by="model_class")).rows)
    whole = sum(tokens for tokens, _cost in rows.values())
    parts = located(days.buckets, until=now + timedelta.resolution, now=now).spans
    found = debate_reading.debates(parts, Filters())
    debates = found.debates if found else 0
    cloud_class, cloud = _cloud(rows)
    movable = sum(rows[name][0] for name in (LOCAL, FIRST_TO_GO) if name in rows)
    return Measured(
        debates=debates or None,
        tokens_a_debate=round(whole / debates) if debates and whole else None,
        local_share_bp=round(10_000 * movable / whole) if whole and movable else None,
        cloud_nanos=cloud, cloud_class=cloud_class, speed=speed(now=now),
    )


def by_class(rows: Iterable[SliceRow]) -> Mapping[str, tuple[int, int]]:
    """Output tokens and nanos of each class of model; refused calls are in none."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.key != NONE:
            tokens, cost = found.get(row.key, (0, 0))
            found[row.key] = tokens + row.output_tokens, cost + row.cost_nanos
    return found


def _cloud(rows: Mapping[str, tuple[int, int]]) -> tuple[str, int | None]:
    """Nanos of a million output tokens: of the class whose calls go local first, else of all."""
    tokens, cost = rows.get(FIRST_TO_GO, (0, 0))
    if tokens and cost:
        return FIRST_TO_GO, round(cost * 1_000_000 / tokens)
    pairs = [pair for name, pair in rows.items() if name != LOCAL]
    tokens, cost = (sum(column) for column in zip(*pairs, strict=True)) if pairs else (0, 0)
    return "", round(cost * 1_000_000 / tokens) if tokens and cost else None


def speed(*, now: datetime) -> Speed | None:
    """From the calls of the last day that had one; of a day at most, and of the newest ones."""
    last = _last_local_hour(now)
    until = now if last is None else min(now, last)
    calls = list(
        UsageRecord.objects.filter(
            at__gt=until - DAY, at__lte=until, model_class=LOCAL,
            outcome=UsageRecord.Outcome.COMPLETE, output_tokens__gt=0, latency_ms__gt=0,
        ).order_by("-at").values_list("output_tokens", "latency_ms")[:MOST_CALLS]
    )
    tokens, ms = (sum(column) for column in zip(*calls, strict=True)) if calls else (0, 0)
    return Speed(Fraction(tokens * 1000, ms), len(calls), until) if ms else None


def _last_local_hour(now: datetime) -> datetime | None:
    """Its end. None: the rollup knows none of the last days."""
    first = int((now - DAYS * DAY).timestamp() // 3600)
    hour = (
        HourlyUsage.objects.filter(
            grain=Grain.WHOLE, hour__gte=first, model_class=LOCAL, output_tokens__gt=0
        ).order_by("-hour").values_list("hour", flat=True).first()
    )
    return None if hour is None else start_of(hour + 1)
