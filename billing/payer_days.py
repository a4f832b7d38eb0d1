"""Usage rows -> what each payer cost on each local day. Only `rollups.py` writes with these.

A day is summed as a whole, up to the rollup's frontier, whenever one of its hours is rolled: so it
is right after late rows too, and can be done again. 1,000,000 usage rows of three months are about
11,000 a day.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Min

from billing import savings
from billing.budgets import span
from billing.hours import hour_of, start_of
from billing.models import Budget, DailyPayer, RollupState

MOST_LIVE = timedelta(days=1)
KEPT_DAYS = 92  # so many are filled in where the product is older than this table
OF_PLAN = "CASE WHEN paid_from = 'plan' THEN cost_nanos ELSE 0 END"
OF_DEBATES = "CASE WHEN paid_from = 'plan' AND debate_id <> '' THEN cost_nanos ELSE 0 END"
# What customers paid is not corrected with what their calls cost.
OF_CREDIT = (
    "CASE WHEN paid_from = 'credit' AND outcome <> 'corrected' THEN cost_nanos ELSE 0 END"
)
BEYOND = "CASE WHEN paid_from = 'plan' THEN 0 ELSE cost_nanos END"
# Rows from before there were payers were paid by who called.
PAYER = "CASE WHEN payer <> '' THEN payer ELSE 'user:' || CAST(user_id AS VARCHAR) END"
DEBATE = "CASE WHEN debate_id <> '' THEN CAST(user_id AS VARCHAR) || ':' || debate_id END"
CALLS = f"SUM(CASE WHEN {savings.IS_CALL} THEN 1 ELSE 0 END)"
OF_ROWS = f"FROM billing_usagerecord WHERE at >= %s AND at < %s GROUP BY tier, {PAYER}"
INSERT = f"""
INSERT INTO billing_dailypayer
    (day, tier, payer, calls, debates, debate_nanos, plan_nanos, beyond_nanos, credit_nanos)
SELECT %s, tier, {PAYER}, {CALLS},
    COUNT(DISTINCT {DEBATE}), SUM({OF_DEBATES}), SUM({OF_PLAN}), SUM({BEYOND}), SUM({OF_CREDIT})
{OF_ROWS}
"""
SELECT_LIVE = f"SELECT {PAYER}, tier, {CALLS}, SUM({OF_PLAN}), SUM({BEYOND}) {OF_ROWS}"


def roll(first: int, end: int) -> None:
    """The days that these hours lie in. Hours that are not rolled yet are in none.

    A day keeps its sums where some of its usage rows are gone.
    """
    state = RollupState.objects.first()
    last = max(end, state.frontier) if state else end
    gone = start_of((state and state.rows_from) or 0)
    for day in _days(first, end):
        if _bounds(day)[0] >= gone:
            sum_day(day, before=start_of(last))


def sum_day(day: date, *, before: datetime) -> None:
    start, after = _bounds(day)
    DailyPayer.objects.filter(day=day).delete()
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [day, adapt(start), adapt(min(after, before))])


def live(*, start: datetime, end: datetime) -> list[tuple[str, str, int, int, int]]:
    """Payer, plan, calls, nanos of the plan and beyond it: of rows that no day has yet. A day of
    them at most."""
    frontier = _frontier()
    since = max(start, end - MOST_LIVE, start_of(frontier) if frontier else start)
    if since >= end:
        return []
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(SELECT_LIVE, [adapt(since), adapt(end)])
        return [(payer, tier, *map(int, sums)) for payer, tier, *sums in cursor.fetchall()]


def missing(first: datetime | None) -> list[date]:
    """Days with usage rows from before this table, newest first. `first`: of all usage rows."""
    frontier = _frontier()
    if first is None or frontier is None:
        return []
    newest = _day_of(start_of(frontier) - timedelta.resolution)
    oldest = DailyPayer.objects.aggregate(day=Min("day"))["day"] or newest + timedelta(days=1)
    from_day = max(_day_of(first), newest - timedelta(days=KEPT_DAYS))
    return [oldest - timedelta(days=n) for n in range(1, (oldest - from_day).days + 1)]


def _frontier() -> int | None:
    return RollupState.objects.values_list("frontier", flat=True).first()


def _days(first: int, end: int) -> Iterator[date]:
    day, last = _day_of(start_of(first)), _day_of(start_of(end) - timedelta.resolution)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _day_of(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date()


def _bounds(day: date) -> tuple[datetime, datetime]:
    """In whole hours, as rollups are: in a zone with half hours a day begins half an hour early."""
    noon = datetime.combine(day, time(12), ZoneInfo(settings.DEFAULT_ZONE))
    start, end = span(Budget.Period.DAY, zone=settings.DEFAULT_ZONE, now=noon)
    assert end is not None
    return start_of(hour_of(start)), start_of(hour_of(end))
