"""Which hours are read from the rollups, which live, and which are missing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.hours import HOUR, hour_of, start_of
from billing.reports.ranges import Bucket, Range, last_days
from billing.reports.spans import MAX_LIVE_HOURS, Source, Span, spans

NOW = datetime(2026, 11, 25, 3, 20, tzinfo=UTC)
NONE: frozenset[int] = frozenset()


def of(
    days: Range, *, until: datetime = NOW, frontier: int = hour_of(NOW),
    marked: frozenset[int] = NONE,
) -> tuple[Span, ...]:
    return spans(days.buckets, until=until, frontier=frontier, marked=marked)


def week(zone: str) -> Range:
    return last_days(7, zone=zone, now=NOW)


def hours(found: tuple[Span, ...], source: Source) -> int:
    return sum(span.hours for span in found if span.source == source)


def test_whole_hours_come_from_the_rollups_and_the_running_one_is_live() -> None:
    found = of(week("Asia/Seoul"))
    live = [span for span in found if span.source == Source.LIVE]
    assert [(span.start, span.end) for span in live] == [(start_of(hour_of(NOW)), NOW)]
    assert hours(found, Source.ROLLED) == 6 * 24 + 12


def test_in_india_each_midnight_cuts_an_hour() -> None:
    cut = [span for span in of(week("Asia/Kolkata")) if span.source == Source.LIVE]
    assert len(cut) == 1 + 2 * 6 + 1  # the first day's half, six midnights, the running hour
    assert all(span.end - span.start < HOUR for span in cut)


def test_a_marked_hour_is_live() -> None:
    marked = frozenset({hour_of(NOW) - 30})
    assert hours(of(week("UTC"), marked=marked), Source.LIVE) == 1


def test_too_many_marked_hours_are_shown_as_they_were_and_said() -> None:
    marked = frozenset(range(hour_of(NOW) - 100, hour_of(NOW)))
    found = of(week("UTC"), marked=marked)
    assert hours(found, Source.LIVE) == MAX_LIVE_HOURS - 1  # and a part of the running one
    assert hours(found, Source.OLD) == 100 - (MAX_LIVE_HOURS - 1)


def test_days_behind_the_newest_hours_are_live_and_the_others_missing() -> None:
    found = of(week("UTC"), frontier=hour_of(NOW) - 100)
    assert hours(found, Source.LIVE) == MAX_LIVE_HOURS - 1
    assert hours(found, Source.MISSING) == 100 - (MAX_LIVE_HOURS - 1)
    assert max(span.end for span in found) == NOW


@given(
    st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 360 * 86_400).map(lambda s: NOW - timedelta(seconds=s)),
    st.sampled_from([1, 2, 9]), st.integers(0, 300), st.frozensets(st.integers(0, 300)),
)
def test_every_instant_is_read_once(
    zone: str, now: datetime, count: int, behind: int, marked: frozenset[int]
) -> None:
    days = last_days(count, zone=zone, now=now)
    found = of(days, until=now, frontier=hour_of(now) - behind,
               marked=frozenset(hour_of(now) - back for back in marked))
    assert sum((span.end - span.start for span in found), timedelta()) == now - days.start
    for before, after in pairwise(found):
        assert before.end == after.start
    assert all(inside(span, days.buckets[span.bucket]) for span in found)


def inside(span: Span, bucket: Bucket) -> bool:
    return bucket.start <= span.start < span.end <= bucket.end
