"""Slices follow the rollup: hours with it, days of DEFAULT_ZONE once they are over.

Where an earlier version rolled hours, or the zone changed, the older ones are filled in backwards,
a chunk at a time, each in a transaction of its own: nobody waits, and readers know how far it is.
Days are made of hours, so they stay right when the usage rows of an hour are gone.
"""

from datetime import date

from django.conf import settings

from billing import debate_days, local_days, measures, month_rollups, rollup_sql, slice_sql
from billing.models import HourlySlice, RollupState

CHUNK_HOURS = 24


def roll(first: int, end: int, state: RollupState) -> None:
    """Hours whose usage rows are there, and the days that they complete or change."""
    slice_sql.hours(first, end)
    days(first, end, state, frontier=max(end, state.frontier))


def days(first: int, end: int, state: RollupState, *, frontier: int) -> None:
    """Those of these hours that are over, and whose hours are all in the slices; and the months
    that they are in, if all of their days are there."""
    zone, filled_from = settings.DEFAULT_ZONE, state.slices_from
    done = []
    for day in local_days.touched(first, end, zone):
        bounds = local_days.hours_of(day, zone)
        if bounds is None or bounds[1] > frontier:
            continue
        if filled_from is None or bounds[0] >= filled_from:
            _day(day, *bounds)
            done.append(day)
    days_from = max(filled_from or 0, state.days_from or 0)
    month_rollups.roll(done, zone, filled_from=days_from, frontier=frontier)


def _day(day: date, first: int, end: int) -> None:
    slice_sql.day(day, first, end)
    for cube in measures.DAILY:
        if cube is not measures.DEBATE:
            rollup_sql.day(cube, day, first, end)
    rollup_sql.latency_day(day, first, end)
    debate_days.roll(day, first, end)


def keep_zone(state: RollupState) -> None:
    """Days that were cut in another zone go, and are made anew out of the hours."""
    if state.zone == settings.DEFAULT_ZONE:
        return
    if state.zone:
        slice_sql.forget_days()
        rollup_sql.forget_days()
        debate_days.forget()
        month_rollups.forget()
        state.days_from = state.frontier
    state.zone = settings.DEFAULT_ZONE
    state.save(update_fields=["zone", "days_from"])


def next_older(state: RollupState, first_row: int | None) -> tuple[int, int] | None:
    """The newest hours that are in no slice yet and have usage rows. None: there are none."""
    if state.slices_from is None:
        return None
    oldest = max(first for first in (first_row, state.rows_from, 0) if first is not None)
    if first_row is None or oldest >= state.slices_from:
        return None
    return max(oldest, state.slices_from - CHUNK_HOURS), state.slices_from


def fill_older(state: RollupState, first_row: int | None) -> int:
    """One chunk of older hours, else of older days. Returns how many hours it was."""
    if state.slices_from is not None:
        return _fill_hours(state, first_row)
    if state.days_from is not None:
        return _fill_days(state)
    return 0


def _fill_hours(state: RollupState, first_row: int | None) -> int:
    chunk = next_older(state, first_row)
    if chunk is None:
        end, state.slices_from = state.slices_from, None
        assert end is not None
        state.save(update_fields=["slices_from"])
        days(end, end + 1, state, frontier=state.frontier)  # the oldest day began before its calls
        return 0
    first, end = chunk
    state.slices_from = first
    slice_sql.hours(first, end)
    days(first, end, state, frontier=state.frontier)
    state.save(update_fields=["slices_from"])
    return end - first


def _fill_days(state: RollupState) -> int:
    assert state.days_from is not None
    oldest = HourlySlice.objects.order_by("hour").values_list("hour", flat=True).first()
    end = state.days_from
    if oldest is None or oldest >= end:
        state.days_from = None
        state.save(update_fields=["days_from"])
        days(end, end + 1, state, frontier=state.frontier)  # its month began before its calls
        return 0
    first = max(oldest, end - CHUNK_HOURS * 2)
    state.days_from = first
    days(first, end, state, frontier=state.frontier)
    state.save(update_fields=["days_from"])
    return end - first
