"""Limits as bars in plain words: used, in progress, left, and when they are empty or new again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Metric
from billing.reports.usage import Limit
from costcontrol import formats
from costcontrol.account import words
from costcontrol.dashboard.components import Cell, Kind, Tone

WARN_FROM = 800  # thousandths
ROUNDED_TO = timedelta(minutes=15)  # a forecast is no timetable
LEAST_WATCHED = timedelta(minutes=30)  # before that, a day has no pace


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit. Lengths are thousandths of the bar, as pages have no inline styles."""

    limit: Limit
    title: str
    opens: str  # when a new one begins
    pace: str  # how long the rest lasts if it goes on like this

    @property
    def is_full(self) -> bool:
        return self.limit.remaining == 0

    @property
    def spent_width(self) -> int:
        return self._part(self.limit.used)

    @property
    def held_width(self) -> int:
        return min(self._part(self.limit.held), 1000 - self.spent_width)

    @property
    def tone(self) -> Tone:
        used = self._part(self.limit.used + self.limit.held)
        if used >= 1000:
            return Tone.BAD
        return Tone.WARN if used >= WARN_FROM else Tone.OK

    @property
    def used(self) -> Cell:
        return self._cell(self.limit.used)

    @property
    def held(self) -> Cell:
        return self._cell(self.limit.held)

    @property
    def left(self) -> Cell:
        return self._cell(self.limit.remaining)

    @property
    def whole(self) -> Cell:
        return self._cell(self.limit.limit)

    def _cell(self, number: int) -> Cell:
        kind = Kind.MONEY if self.limit.metric == Metric.USD else Kind.COUNT
        return Cell(kind, number)

    def _part(self, number: int) -> int:
        return min(1000, number * 1000 // self.limit.limit) if self.limit.limit > 0 else 1000


def meter(limit: Limit, *, zone: str, now: datetime) -> Meter:
    return Meter(
        limit, words.limit_title(limit.metric), opens(limit, zone=zone, now=now),
        pace(limit, zone=zone, now=now),
    )


def opens(limit: Limit, *, zone: str, now: datetime) -> str:
    """`Opens again at 00:00, in 5 h 20 min.` The zone stands at the top of the page."""
    if limit.resets_at is None:
        return ""
    words = (
        _("A new day begins at %(time)s, in %(duration)s.") if limit.remaining
        else _("It opens again at %(time)s, in %(duration)s.")
    )
    return words % {
        "time": clock_time(limit.resets_at, zone=zone, now=now),
        "duration": rest(limit.resets_at - now),
    }


def pace(limit: Limit, *, zone: str, now: datetime) -> str:
    """A straight line from the beginning of the day. Nothing where there is no day, or no use."""
    watched = now - limit.since
    if limit.resets_at is None or not limit.used or watched < LEAST_WATCHED:
        return ""
    if limit.remaining == 0:
        return ""
    empty_at = now + watched * limit.remaining / limit.used
    if empty_at >= limit.resets_at:
        return _("At this pace it lasts for the rest of the day.")
    return _("At this pace it lasts until about %(time)s.") % {
        "time": clock_time(_rounded(empty_at), zone=zone, now=now)
    }


def clock_time(moment: datetime, *, zone: str, now: datetime) -> str:
    """`18:00`, with the day where it could be meant of another one."""
    if moment - now <= timedelta(days=1):
        return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
    return formats.when(moment, zone=zone)


def rest(length: timedelta) -> str:
    """`5 h 20 min`; minutes are exact enough for waiting."""
    hours, minutes = divmod(max(1, -(-int(length.total_seconds()) // 60)), 60)
    if not hours:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}


def _rounded(moment: datetime) -> datetime:
    """Down to the quarter of an hour: rather early than late."""
    past = timedelta(
        minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    ) % ROUNDED_TO
    return moment - past
