"""Local months of DEFAULT_ZONE out of their days, once all of them are over and added up."""

from collections.abc import Iterable
from datetime import date

from billing import local_days, rollup_sql
from billing.local_days import month_after, month_of
from billing.measures import SAVING
from billing.slice_measures import BY_USER, MEASURES

IN_MONTH = "day >= %s AND day < %s"
USERS = ("billing_dailyuser", "billing_monthlyuser")


def roll(days: Iterable[date], zone: str, *, filled_from: int, frontier: int) -> None:
    """The months of these days. Those that begin before `filled_from` lack days, and come when
    these are filled in."""
    for first in sorted({month_of(day) for day in days}):
        bounds = local_days.hours_of_month(first, zone)
        if bounds is not None and filled_from <= bounds[0] and bounds[1] <= frontier:
            _month(first)


def _month(first: date) -> None:
    """Savings in the grains that months have."""
    grains = ", ".join(str(int(each.value)) for each in SAVING.day_grains if each.has_months)
    _merge(
        SAVING.daily, SAVING.monthly, ["grain", *SAVING.dimensions], first,
        sums={measure.name: measure.of_hours for measure in SAVING.measures},
        rows=f" AND grain IN ({grains})",
    )
    _merge(*USERS, list(BY_USER), first, sums={each.name: each.of_hours for each in MEASURES})


def _merge(
    source: str, table: str, names: list[str], first: date, *, sums: dict[str, str],
    rows: str = "",
) -> None:
    rollup_sql.run(f"DELETE FROM {table} WHERE month = %s", [first])
    kept = ", ".join(names)
    rollup_sql.run(
        f"INSERT INTO {table} ({', '.join(['month', *names, *sums])})"
        f" SELECT %s, {kept}, {', '.join(sums.values())}"
        f" FROM {source} WHERE {IN_MONTH}{rows} GROUP BY {kept}",
        [first, first, month_after(first)],
    )


def forget() -> None:
    for table in (SAVING.monthly, USERS[1]):
        rollup_sql.run(f"DELETE FROM {table}", [])
