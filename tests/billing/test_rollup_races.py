"""Several that add up at once, and rows that come meanwhile: each is counted once."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from billing import rollups
from billing.hours import hour_of, start_of
from billing.models import HourlyUsage, RollupState, UsageRecord
from billing.models_rollup import Grain
from tests.billing.books import threads

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
HOUR = hour_of(datetime(2026, 11, 20, 3, tzinfo=UTC))
NOW = start_of(HOUR + 2)


def record(hour: int = HOUR, *, cost: int = 7) -> None:
    UsageRecord.objects.create(
        call_id=uuid.uuid4(), attempt=1, at=start_of(hour) + timedelta(minutes=20), user_id=1,
        tier="free", requested_model="auto", outcome="complete", confidence="exact",
        cost_nanos=cost,
    )


def costs() -> dict[int, int]:
    rows = HourlyUsage.objects.filter(grain=Grain.WHOLE)
    return dict(rows.values_list("hour", "cost_nanos"))


def test_four_that_catch_up_at_once_count_everything_once() -> None:
    for hour in range(HOUR - 100, HOUR + 1):
        record(hour)
    threads(4, lambda _: rollups.catch_up(now=NOW))
    assert costs() == dict.fromkeys(range(HOUR - 100, HOUR + 1), 7)
    assert RollupState.objects.get().frontier == HOUR + 1


def test_rows_that_come_all_the_time_are_all_counted_in_the_end() -> None:
    record()
    rollups.catch_up(now=NOW)

    def work(number: int) -> None:
        for _ in range(15):
            if number:
                record(HOUR - number % 2, cost=1)
            else:
                rollups.catch_up(now=NOW)

    threads(4, work)
    rollups.catch_up(now=NOW)
    assert costs() == {HOUR: 7 + 15, HOUR - 1: 30}
