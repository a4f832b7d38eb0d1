"""What somebody has used day by day: the calls of `/api/v1/me/usage`, cut at the reader's days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from billing.models import UsageRecord
from billing.reports import usage
from billing.reports.ranges import Bucket, Range, spans_of_days
from billing.reports.shapes import Line, Series, Unit
from billing.reports.usage import Calls

STORED, MODEL = "stored", "model"  # who answered


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """One `Calls` a local day of the range."""

    range: Range
    days: tuple[Bucket, ...]
    calls: tuple[Calls, ...]

    @property
    def series(self) -> Series:
        """Calls answered, by who answered them."""
        stored = tuple(each.from_cache for each in self.calls)
        model = tuple(each.answered - each.from_cache for each in self.calls)
        lines = (Line(MODEL, model), Line(STORED, stored))
        return Series(self.days, lines, Unit.CALLS)


def daily(user_ids: Sequence[int], *, days: Range) -> OwnUsage:
    """One query, along the index by user and time, however many days there are."""
    buckets = tuple(spans_of_days(days, 1))
    rows = (
        UsageRecord.objects.filter(
            user_id__in=list(user_ids), at__gte=days.start, at__lt=days.end
        )
        .annotate(day=_day(buckets))
        .values("day")
        .annotate(**usage.TOTALS)
    )
    found: Mapping[int, Mapping[str, Any]] = {row["day"]: row for row in rows}
    calls = (usage.calls_from(found.get(place, {})) for place in range(len(buckets)))
    return OwnUsage(days, buckets, tuple(calls))


def _day(buckets: Sequence[Bucket]) -> Case:
    """Which day a row is of: the first that ends after it."""
    cases = [When(at__lt=bucket.end, then=Value(i)) for i, bucket in enumerate(buckets)]
    return Case(*cases, output_field=IntegerField())
