"""The rollup's statements, in PostgreSQL's and SQLite's words. Only `rollups.py` calls them."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from billing import histograms
from billing.histograms import Histogram
from billing.hours import EPOCH, start_of
from billing.measures import (
    DAILY,
    DEBATE,
    IS_MEASURED,
    LATENCY_SOURCE,
    OUTCOME,
    SAVING,
    USAGE,
    Cube,
    DayGrain,
)
from billing.models import DailyLatency, HourlyLatency
from billing.models_rollup import Grain

FILTERS = ("tier", "language", "deployment")
IN_HOURS = "hour >= %s AND hour < %s"
IN_TIME = "at >= %s AND at < %s"
IN_WHOLE, IN_FINE = (f"grain = {grain.value} AND {IN_HOURS}" for grain in Grain)
LatencyKey = tuple[int, str, str, str, str]  # hour, tier, language, deployment, source


def hour_sql() -> str:
    """Whole hours since 1970. SQLite rounds 59.9995 s up to the next minute: minutes are cut."""
    if connection.vendor == "postgresql":
        return "CAST(FLOOR(EXTRACT(EPOCH FROM at) / 3600) AS INTEGER)"
    return "(CAST(strftime('%%s', substr(at, 1, 13) || ':00:00') AS INTEGER) / 3600)"


def database_now() -> datetime:
    """By the clock that the trigger reads too."""
    epoch = "strftime('%%s', 'now')"
    if connection.vendor == "postgresql":
        epoch = "FLOOR(EXTRACT(EPOCH FROM clock_timestamp()))"
    ((seconds,),) = _fetch(f"SELECT CAST({epoch} AS BIGINT)", [])
    return EPOCH + timedelta(seconds=int(seconds))


def oldest_writer() -> datetime | None:
    """When the oldest transaction began that has written and has not ended. Its rows can lie in
    any hour since, without a mark. SQLite has one writer, which is us."""
    if connection.vendor != "postgresql":
        return None
    ((began,),) = _fetch(
        "SELECT MIN(xact_start) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()",
        [],
    )
    return began  # type: ignore[no-any-return]


def usage(first: int, end: int) -> None:
    _in_both_grains(USAGE, first, end)


def savings(first: int, end: int) -> None:
    _in_both_grains(SAVING, first, end)


def _in_both_grains(cube: Cube, first: int, end: int) -> None:
    """The fine one out of usage rows, and the whole out of that."""
    _clear(cube.table, f"({IN_WHOLE}) OR ({IN_FINE})", [first, end, first, end])
    add_up(cube, first, end, grain=Grain.FINE)
    kept = ", ".join(name for name in cube.dimensions if name not in cube.only_fine)
    left_out = ", ".join(cube.only_fine)
    nothing = ", ".join(["''"] * len(cube.only_fine))
    sums = ", ".join(measure.of_hours for measure in cube.measures)
    run(
        f"INSERT INTO {cube.table} (grain, hour, {left_out}, {kept},"
        f" {', '.join(measure.name for measure in cube.measures)})"
        f" SELECT {Grain.WHOLE.value}, hour, {nothing}, {kept},"
        f" {sums} FROM {cube.table} WHERE {IN_FINE} GROUP BY hour, {kept}",
        [first, end],
    )


def day(cube: Cube, which: date, first: int, end: int) -> None:
    """Of the local day that the hours [first, end) are, in all grains that there are."""
    _clear(cube.daily, "day = %s", [which])
    if cube.day_grains:
        _day_in_grains(cube, which, first, end)
        return
    within = f"({IN_WHOLE}) OR ({IN_FINE})" if cube.has_grains else IN_HOURS
    names = [*["grain"] * cube.has_grains, *cube.dimensions]
    hours = [first, end] * (2 if cube.has_grains else 1)
    _add_day(cube, which, {name: name for name in names}, f"{cube.table} WHERE {within}", hours)


def _day_in_grains(cube: Cube, which: date, first: int, end: int) -> None:
    """The one that knows most out of the hours, and the others out of that."""
    *others, full = cube.day_grains
    _add_day(cube, which, _columns(cube, full), f"{cube.table} WHERE {IN_FINE}", [first, end])
    made = f"{cube.daily} WHERE grain = {int(full.value)} AND day = %s"
    for grain in others:
        _add_day(cube, which, _columns(cube, grain), made, [which])


def _columns(cube: Cube, grain: DayGrain) -> dict[str, str]:
    names = {name: grain.column(name) for name in cube.dimensions}
    return {"grain": str(int(grain.value))} | names


def _add_day(
    cube: Cube, which: date, columns: dict[str, str], rows: str, params: list[Any]
) -> None:
    """`columns`: what each is, in SQL over the rows."""
    kept = [sql for sql in columns.values() if sql[0] not in "'0123456789"]
    run(
        f"INSERT INTO {cube.daily} (day, {', '.join(columns)},"
        f" {', '.join(measure.name for measure in cube.measures)})"
        f" SELECT %s, {', '.join(columns.values())},"
        f" {', '.join(measure.of_hours for measure in cube.measures)}"
        f" FROM {rows} GROUP BY {', '.join(kept)}",
        [which, *params],
    )


def latency_day(which: date, first: int, end: int) -> None:
    """The same of latencies, which are packed."""
    DailyLatency.objects.filter(day=which).delete()
    found: dict[tuple[int, str, str, str, str], Histogram] = defaultdict(int)
    for *key, packed in _fetch(
        "SELECT grain, tier, language, deployment, source, histogram FROM billing_hourlylatency"
        f" WHERE ({IN_WHOLE}) OR ({IN_FINE})", [first, end, first, end],
    ):
        found[tuple(key)] += histograms.unpack(packed)
    DailyLatency.objects.bulk_create(
        [
            DailyLatency(
                day=which, grain=grain, tier=tier, language=language, deployment=deployment,
                source=source, histogram=histograms.pack(histogram),
            )
            for (grain, tier, language, deployment, source), histogram in sorted(found.items())
        ],
        batch_size=500,
    )


def forget_days() -> None:
    for cube in DAILY:
        run(f"DELETE FROM {cube.daily}", [])
    DailyLatency.objects.all().delete()


def outcomes(first: int, end: int) -> None:
    _clear(OUTCOME.table, IN_HOURS, [first, end])
    add_up(OUTCOME, first, end)


def debates(first: int, end: int) -> None:
    _clear(DEBATE.table, IN_HOURS, [first, end])
    add_up(DEBATE, first, end)


def latencies(first: int, end: int) -> None:
    """Packed here: no database can add them up by itself."""
    table = HourlyLatency._meta.db_table
    _clear(table, f"({IN_WHOLE}) OR ({IN_FINE})", [first, end, first, end])
    fine: dict[LatencyKey, Histogram] = defaultdict(int)
    whole: dict[LatencyKey, Histogram] = defaultdict(int)
    measured = _fetch(
        f"SELECT {hour_sql()} AS hour, tier, language, deployment, {LATENCY_SOURCE} AS source,"
        f" latency_ms FROM billing_usagerecord WHERE {IN_TIME} AND {IS_MEASURED}",
        _times(first, end),
    )
    for hour, tier, language, deployment, source, ms in measured:
        one = histograms.of_one(ms)
        fine[hour, tier, language, deployment, source] += one
        whole[hour, "", "", "", source] += one
    HourlyLatency.objects.bulk_create(
        [
            HourlyLatency(
                grain=grain, hour=hour, tier=tier, language=language, deployment=deployment,
                source=source, histogram=histograms.pack(histogram),
            )
            for grain, found in ((Grain.WHOLE, whole), (Grain.FINE, fine))
            for (hour, tier, language, deployment, source), histogram in sorted(found.items())
        ],
        batch_size=500,
    )


def filter_values(first: int, end: int) -> None:
    """What is new of the tiers, languages and deployments of these hours."""
    for column in FILTERS:
        run(
            f"INSERT INTO billing_filtervalue (\"column\", value) SELECT DISTINCT '{column}',"
            f" {column} FROM {USAGE.table} WHERE {IN_FINE} AND {column} <> ''"
            " ON CONFLICT DO NOTHING",
            [first, end],
        )


def add_up(cube: Cube, first: int, end: int, *, grain: Grain | None = None) -> int:
    """Returns how many rows it wrote."""
    names = ["hour", *cube.dimensions]
    keys = [hour_sql(), *cube.dimensions]
    sums = [measure.of_rows for measure in cube.measures]
    if grain is not None:
        names, keys = ["grain", *names], [str(grain.value), *keys]
    return run(
        f"INSERT INTO {cube.table} ({', '.join(names)},"
        f" {', '.join(measure.name for measure in cube.measures)})"
        f" SELECT {', '.join(keys)}, {', '.join(sums)} FROM billing_usagerecord"
        f" WHERE {IN_TIME} AND {cube.rows} GROUP BY {hour_sql()}, {', '.join(cube.dimensions)}"
        f" ORDER BY {hour_sql()}",
        _times(first, end),
    )


def _clear(table: str, where: str, params: list[Any]) -> None:
    run(f"DELETE FROM {table} WHERE {where}", params)


def _times(first: int, end: int) -> list[Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return [adapt(start_of(first)), adapt(start_of(end))]


def run(sql: str, params: list[Any]) -> int:
    """Returns how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
