"""Usage rows become sums by hour. Nothing is lost, and everything can be done again.

An hour is closed 60 s after its end by the database's own clock, once no transaction is left that
began before its end. A row that comes later leaves a mark (`LateRow`, by a trigger). Whoever rolls
an hour first deletes the marks that it sees and then adds up, in one transaction: a row that it
does not see brings a mark that it does not see, and the hour is rolled again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from billing import payer_days, slice_rollups
from billing import rollup_sql as sql
from billing.hours import hour_of, start_of
from billing.models import LateRow, RollupState, UsageRecord

CLOSES_AFTER = timedelta(seconds=60)
CHUNK_HOURS = 24
QUIET_HOURS = 31 * 24  # without any row, at once: their days are gone through all the same
OLDER_A_RUN = 240  # hours of an earlier version that one run fills in
LATE_A_RUN = 480  # for the worker's task: a correction leaves late rows in the hours of a year
STATE = 1
Progress = Callable[[int, int], None]  # hours done, hours to do


def roll(start_hour: int, end_hour: int) -> None:
    """Add up the hours [start_hour, end_hour) anew. Safe to repeat, whatever else goes on."""
    with transaction.atomic():
        _roll(start_hour, end_hour, _locked_state())


def catch_up(
    *, now: datetime, progress: Progress | None = None, older: int | None = OLDER_A_RUN,
    late: int | None = None,
) -> int:
    """Roll the closed hours that are not, then those with late rows. Returns how many hours.

    `older`: so many hours that an earlier version rolled are filled into the slices too; `late`: of
    those with late rows, about so many at most. None: all.
    """
    done = redone = 0
    while hours := _next_hours(now):
        done += hours
        if progress:
            progress(done, done + lag_hours(now=now))
    while (late is None or redone < late) and (hours := _next_marked_hours()):
        redone += hours
    _fill_payer_days()
    return done + redone + _fill_slices(older, progress)


def _fill_slices(limit: int | None, progress: Progress | None) -> int:
    done = 0
    while (limit is None or done < limit) and (hours := _next_older_hours()):
        done += hours
        if progress:
            progress(done, done + _older_hours())
    return done


def _older_hours() -> int:
    """That are rolled and in no slice yet."""
    filled_from = RollupState.objects.values_list("slices_from", flat=True).first() or 0
    return max(0, filled_from - (_first_hour() or 0))


@transaction.atomic
def _next_older_hours() -> int:
    state = _locked_state()
    slice_rollups.keep_zone(state)
    return slice_rollups.fill_older(state, _first_hour())


def _fill_payer_days() -> None:
    """Once, where hours were rolled by a version that did not sum payers."""
    for day in payer_days.missing(_first_instant()):
        with transaction.atomic():
            payer_days.sum_day(day, before=start_of(_locked_state().frontier))


def rebuild(*, now: datetime, progress: Progress | None = None) -> int:
    """Everything anew, a day at a time. Pages stay right meanwhile."""
    first, frontier = _first_hour(), frontier_now(now=now)
    done = 0  # hours whose rows are gone keep their sums: they are before the first row
    if first is not None:
        for start in range(first, frontier, CHUNK_HOURS):
            end = min(start + CHUNK_HOURS, frontier)
            roll(start, end)
            done += end - start
            if progress:
                progress(done, frontier - first)
    return done + catch_up(now=now, progress=progress, older=None)


@dataclass(frozen=True, slots=True)
class HowFar:
    """Hours before `frontier` are rolled up; those from `slices_from` on are in the slices too, and
    the days of DEFAULT_ZONE from `days_from` on (None: no days). Before `rows_from`: no usage rows.
    """

    frontier: int
    slices_from: int = 0
    days_from: int | None = None
    rows_from: int = 0

    def lag_hours(self, *, now: datetime) -> int:
        """How many closed hours are not rolled up."""
        return max(0, hour_of(now - CLOSES_AFTER) - self.frontier)


def how_far(*, now: datetime) -> HowFar:
    """Where nothing is rolled up yet: up to the hour of the first usage row."""
    state = RollupState.objects.first()
    if state is None:
        first = _first_hour()
        return HowFar(hour_of(now) if first is None else first)
    slices_from, has_days = state.slices_from or 0, state.zone == settings.DEFAULT_ZONE
    return HowFar(
        state.frontier, slices_from,
        max(slices_from, state.days_from or 0) if has_days else None, state.rows_from or 0,
    )


def frontier_now(*, now: datetime) -> int:
    """Every hour before it is rolled up."""
    return how_far(now=now).frontier


def lag_hours(*, now: datetime) -> int:
    return how_far(now=now).lag_hours(now=now)


def marked_hours(frontier: int) -> frozenset[int]:
    """Rolled hours that late rows came to since."""
    marks = LateRow.objects.filter(hour__lt=frontier)
    return frozenset(marks.values_list("hour", flat=True).distinct())


@transaction.atomic
def _next_hours(now: datetime) -> int:
    state = _locked_state()
    first, closed = state.frontier, _closed(now)
    if first >= closed:
        return 0
    quiet = min(_next_hour_with_rows(first, closed), first + QUIET_HOURS)
    end = min(closed, max(first + CHUNK_HOURS, quiet))
    _roll(first, end, state)
    state.frontier = end
    state.save(update_fields=["frontier"])
    return end - first


@transaction.atomic
def _next_marked_hours() -> int:
    state = _locked_state()
    marked = LateRow.objects.filter(hour__lt=state.frontier).order_by("hour").values_list("hour")
    hours = [hour for (hour,) in marked.distinct()[:CHUNK_HOURS]]
    for first, end in _runs(hours):
        _roll(first, end, state)
    return len(hours)


def _runs(hours: list[int]) -> Iterator[tuple[int, int]]:
    """Hours that follow one another, as [first, end)."""
    start = 0
    for place in range(1, len(hours) + 1):
        if place == len(hours) or hours[place] != hours[place - 1] + 1:
            yield hours[start], hours[place - 1] + 1
            start = place


def _roll(first: int, end: int, state: RollupState) -> None:
    LateRow.objects.filter(hour__gte=first, hour__lt=end).delete()  # first: see above
    first = max(first, state.rows_from or first)
    if first >= end:
        return  # their rows are gone: what was added up stays
    for statement in (
        sql.usage, sql.savings, sql.outcomes, sql.latencies, sql.debates, sql.filter_values
    ):
        statement(first, end)
    slice_rollups.roll(first, end, state)
    payer_days.roll(first, end)


def _locked_state() -> RollupState:
    """Whoever holds it rolls; others wait. On SQLite the transaction itself is the lock."""
    state = RollupState.objects.select_for_update().filter(pk=STATE).first()
    if state is not None:
        return state
    first = _first_hour()
    start = hour_of(sql.database_now()) if first is None else first
    new = {"frontier": start, "zone": settings.DEFAULT_ZONE}
    RollupState.objects.get_or_create(pk=STATE, defaults=new)
    return RollupState.objects.select_for_update().get(pk=STATE)


def _first_hour() -> int | None:
    first = _first_instant()
    return None if first is None else hour_of(first)


def _next_hour_with_rows(first: int, closed: int) -> int:
    """Hours without any are rolled at once, a month of them: other writers wait so long."""
    rows = UsageRecord.objects.filter(at__gte=start_of(first)).order_by("at")
    at = rows.values_list("at", flat=True).first()
    return closed if at is None else hour_of(at)


def _first_instant() -> datetime | None:
    return UsageRecord.objects.order_by("at").values_list("at", flat=True).first()


def _closed(now: datetime) -> int:
    """The first hour that is not closed."""
    closed = min(now, sql.database_now()) - CLOSES_AFTER
    writer = sql.oldest_writer()
    return hour_of(closed if writer is None else min(closed, writer))
