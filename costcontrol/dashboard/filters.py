"""From the address of a page to the question its reports are asked, and back.

Whatever stands in the address, there is a question: what cannot be used is replaced by the nearest
that can, and `notes` says so in sentences. A page that is wrong about one word is still a page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.facts import FilterChoices
from billing.reports.ranges import MAX_DAYS, Range, last_days
from billing.reports.shapes import Filters, Question

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
SHOWN = 40  # so much of an unusable value is repeated to whoever wrote it


@dataclass(frozen=True)
class State:
    """What a page shows. `preset` is empty for a range of its own."""

    question: Question
    preset: str = USUAL
    notes: tuple[str, ...] = ()

    @property
    def zone(self) -> str:
        return self.question.range.zone

    @property
    def range(self) -> Range:
        return self.question.range

    @property
    def is_filtered(self) -> bool:
        return self.question.filters != Filters()

    def as_query(self, **changes: str) -> str:
        """The query of a link that keeps all this but the changes, without what is usual."""
        filters = self.question.filters
        values = {
            "range": self.preset if self.preset != USUAL else "",
            "from": "" if self.preset else self.range.first.isoformat(),
            "to": "" if self.preset else self.range.last.isoformat(),
            "zone": self.zone if self.zone != settings.DEFAULT_ZONE else "",
            "tier": filters.tier,
            "language": filters.language,
            "deployment": filters.deployment,
        }
        if "range" in changes:
            values |= {"from": "", "to": ""}
        return urlencode({name: value for name, value in (values | changes).items() if value})


def state_of(query: Mapping[str, str], *, choices: FilterChoices, now: datetime) -> State:
    """Never fails."""
    notes: list[str] = []
    zone = _zone(query.get("zone", ""), notes)
    preset, days = _range(query, zone, now, notes)
    filters = Filters(
        tier=_known(query, "tier", choices.tiers, notes),
        language=_known(query, "language", choices.languages, notes),
        deployment=_known(query, "deployment", choices.deployments, notes),
    )
    question = Question(range=days, now=now, filters=filters)
    return State(question, preset, tuple(dict.fromkeys(notes)))


def is_zone(name: str) -> bool:
    try:
        return bool(NAME.fullmatch(name)) and bool(ZoneInfo(name))
    except (ValueError, LookupError, OSError):  # OSError: the name of a folder of zones
        return False


def _zone(asked: str, notes: list[str]) -> str:
    if not asked or is_zone(asked):
        return asked or str(settings.DEFAULT_ZONE)
    notes.append(
        _("There is no time zone “%(zone)s”. Days are cut in %(used)s.")
        % {"zone": shown(asked), "used": settings.DEFAULT_ZONE}
    )
    return str(settings.DEFAULT_ZONE)


def _range(
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


def _known(
    query: Mapping[str, str], name: str, known: tuple[str, ...], notes: list[str]
) -> str:
    asked = query.get(name, "")
    if not asked or asked in known:
        return asked
    sentences = {
        "tier": _("There are no calls of a tier “%(name)s”, so all tiers are shown."),
        "language": _("There are no calls in a language “%(name)s”, so all are shown."),
        "deployment": _("There are no calls of a model “%(name)s”, so all models are shown."),
    }
    notes.append(sentences[name] % {"name": shown(asked)})
    return ""


def shown(text: str) -> str:
    """Short, and without what no terminal or page should be sent."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"
