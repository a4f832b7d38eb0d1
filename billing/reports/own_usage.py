"""What somebody has used day by day: the calls of `/api/v1/me/usage`, cut at the reader's days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from billing.models import UsageRecord
from billing.reports import usage
from billing.reports.ranges import Range
from billing.reports.shapes import Line, Series, Unit
from billing.reports.usage import Calls

STORED, MODEL = "stored", "model"  # who answered


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """One `Calls` a bucket of the range."""

    range: Range
    calls: tuple[Calls, ...]

    @property
    def series(self) -> Series:
        """Calls answered, by who answered them."""
        stored = tuple(each.from_cache for each in self.calls)
        model = tuple(each.answered - each.from_cache for each in self.calls)
        lines = (Line(MODEL, model), Line(STORED, stored))
        return Series(self.range.buckets, lines, Unit.CALLS)


def daily(user_ids: Sequence[int], *, days: Range) -> OwnUsage:
    """One query, along the index by user and time, however many days there are."""
    rows = (
        UsageRecord.objects.filter(
            user_id__in=list(user_ids), at__gte=days.start, at__lt=days.end
        )
        .annotate(bucket=_bucket(days))
        .values("bucket")
        .annotate(**usage.TOTALS)
    )
    found: Mapping[int, Mapping[str, Any]] = {row["bucket"]: row for row in rows}
    return OwnUsage(
        days, tuple(usage.calls_from(found.get(place, {})) for place in range(len(days.buckets)))
    )


def _bucket(days: Range) -> Case:
    """Which bucket a row is in: the first that ends after it."""
    cases = [When(at__lt=bucket.end, then=Value(i)) for i, bucket in enumerate(days.buckets)]
    return Case(*cases, output_field=IntegerField())
