"""Today so far is held against the same hours of the days before: as many, all of them over."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from billing import rollups
from billing.models import UsageRecord
from billing.reports import anomaly_days
from billing.reports.day_history import history
from billing.reports.slices import NO_FILTERS

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAYS = 5
QUARTER = timedelta(minutes=15)


def even(now: datetime) -> None:
    """Four calls an hour, each of a dollar."""
    UsageRecord.objects.bulk_create(
        UsageRecord(
            call_id=uuid4(), attempt=1, at=now - number * QUARTER, user_id=1, tier="free",
            requested_model="auto", outcome="complete", confidence="exact", cost_nanos=10**9,
        )
        for number in range(DAYS * 96)
    )
    rollups.catch_up(now=now)


@pytest.mark.parametrize(("zone", "now", "hours"), [
    ("Asia/Kolkata", datetime(2026, 11, 24, 19, 37, tzinfo=UTC), 0),  # 01:07, 37 min since 19:00
    ("Asia/Kolkata", datetime(2026, 11, 24, 20, 37, tzinfo=UTC), 1),
    ("America/New_York", datetime(2026, 3, 8, 7, 7, tzinfo=UTC), 2),  # 03:07, the third hour
    ("America/New_York", datetime(2026, 11, 1, 7, 7, tzinfo=UTC), 3),  # 02:07, the fourth hour
    ("Asia/Seoul", datetime(2026, 11, 24, 17, 7, tzinfo=UTC), 2),
])
def test_the_same_hours_are_whole_ones(zone: str, now: datetime, hours: int) -> None:
    even(now)
    past = history(zone=zone, now=now)
    found = anomaly_days.same_hours(past, now=now, filters=NO_FILTERS)
    assert set(found[1:]) == ({4 * hours * 10**9} if hours else set())
