"""The days of a page: out of its address, in the zone that the address names."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.ranges import MAX_DAYS, Range, last_days
from costcontrol.dashboard.filter_values import shown

PRESETS = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
PRESET_TITLES = {
    "today": gettext_lazy("Today"),
    "7d": gettext_lazy("7 days"),
    "30d": gettext_lazy("30 days"),
    "90d": gettext_lazy("90 days"),
}
USUAL = "30d"
EARLIEST = date(2020, 1, 1)  # there is no call before
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NAME = re.compile(r"[\w./+-]{1,64}", re.ASCII)


def is_zone(name: str) -> bool:
    try:
        return bool(NAME.fullmatch(name)) and bool(ZoneInfo(name))
    except (ValueError, LookupError, OSError):  # OSError: the name of a folder of zones
        return False


def zone_of(asked: str, notes: list[str]) -> str:
    if not asked or is_zone(asked):
        return asked or str(settings.DEFAULT_ZONE)
    notes.append(
        _("There is no time zone “%(zone)s”. Days are cut in %(used)s.")
        % {"zone": shown(asked), "used": settings.DEFAULT_ZONE}
    )
    return str(settings.DEFAULT_ZONE)


def range_of(
    query: Mapping[str, str], zone: str, now: datetime, notes: list[str]
) -> tuple[str, Range]:
    """A form sends a preset and the days that it showed; days that were changed are meant. What it
    showed may be another zone's days, or yesterday's."""
    preset, first, last, shown_days = (
        query.get(name, "").strip() for name in ("range", "from", "to", "days")
    )
    if preset and preset not in PRESETS:
        notes.append(
            _("There is no range “%(range)s”. Choose one above.") % {"range": shown(preset)}
        )
        preset = ""
    usual = last_days(PRESETS[preset or USUAL], zone=zone, now=now)
    if not first and not last:
        return preset or USUAL, usual
    if preset and f"{first} {last}" in (shown_days, f"{usual.first} {usual.last}"):
        return preset, usual
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (_day(first, today, notes), _day(last, today, notes))
    if days == (None, None):
        return preset or USUAL, usual
    return "", _between(*days, today=today, zone=zone, notes=notes)


def _day(asked: str, today: date, notes: list[str]) -> date | None:
    """None: not said, or nothing that could be a day."""
    if not asked:
        return None
    try:
        day = date.fromisoformat(asked if DAY.fullmatch(asked) else "")
    except ValueError:
        notes.append(
            _("“%(day)s” is no day. Write it like 2026-11-25.") % {"day": shown(asked)}
        )
        return None
    if day > today:
        notes.append(_("The future has no calls yet, so the range ends today."))
    if day < EARLIEST:
        notes.append(
            _("There are no calls before %(day)s, so the range starts there.")
            % {"day": EARLIEST.isoformat()}
        )
    return min(max(day, EARLIEST), today)


def _between(
    first: date | None, last: date | None, *, today: date, zone: str, notes: list[str]
) -> Range:
    last = last or today
    first = first or last - timedelta(days=PRESETS[USUAL] - 1)
    if first > last:
        notes.append(_("The first day was after the last one, so the two were swapped."))
        first, last = last, first
    if (last - first).days >= MAX_DAYS:
        notes.append(
            _("A range may have at most %(days)d days, so only the last ones are shown.")
            % {"days": MAX_DAYS}
        )
        first = last - timedelta(days=MAX_DAYS - 1)
    return Range(first, last, zone)
