"""Values as text in the active language, for pages, charts and messages.

Browsers refine the same values with Intl (static/costcontrol.js): what is written here must
already be right without it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from costcontrol.lib.currencies import format_minor
from costcontrol.lib.money import NANOS_PER_USD, format_usd

UNKNOWN = "–"
SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DATES = {"ko": "Y. n. j.", "en": "j M Y"}
TIMES = {"ko": "Y. n. j. H:i", "en": "j M Y, H:i"}


def places_of(nanos: int) -> int:
    """Cents for dollars, more for less: a call of $0.000180 is not $0.00."""
    amount = abs(nanos)
    if amount == 0 or amount >= NANOS_PER_USD:
        return 2
    return 4 if amount >= NANOS_PER_USD // 100 else 6


def money(nanos: int, *, places: int | None = None) -> str:
    return format_usd(nanos, places=places_of(nanos) if places is None else places)


def minor(amount: int, currency: str) -> str:
    """What a customer pays, in minor units of their currency."""
    return format_minor(amount, currency)


def count(number: int) -> str:
    return f"{number:,}"


def share(basis_points: int) -> str:
    return f"{basis_points / 100:.1f}%"


def duration(ms: int) -> str:
    if ms < SECOND_MS:
        return _("%(n)s ms") % {"n": ms}
    if ms < MINUTE_MS:
        return _("%(n)s s") % {"n": f"{ms / SECOND_MS:.1f}"}
    if ms < HOUR_MS:
        minutes, rest = divmod(ms // SECOND_MS, 60)
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    if ms < 2 * DAY_MS:
        hours, rest = divmod(ms // MINUTE_MS, 60)
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    return _("%(n)s days") % {"n": count(ms // DAY_MS)}


def when(moment: datetime, *, zone: str) -> str:
    return date_format(moment.astimezone(ZoneInfo(zone)), TIMES[language()])


def day(moment: datetime, *, zone: str) -> str:
    return date_format(moment.astimezone(ZoneInfo(zone)), DATES[language()])


def language() -> str:
    """`ko` or `en`, whatever variant is active."""
    return "ko" if (get_language() or "").startswith("ko") else "en"
