"""Whole minor units and calendar periods: shares of a price by the second, ends of periods."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

DAY = 86_400
ZERO_DECIMAL = frozenset({
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
    "xaf", "xof", "xpf",
})  # fmt: skip
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
LEAST = {"usd": 50, "krw": 100, "eur": 50, "gbp": 30, "jpy": 50}


def share(amount: int, part: int, whole: int) -> int:
    """amount × part / whole, rounded half away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * ((2 * abs(amount) * part + whole) // (2 * whole))


def digits(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def written(amount: int, currency: str) -> str:
    """As people read it: 29,000 KRW and 19.00 USD."""
    places = digits(currency)
    text = f"{abs(amount) / 10**places:,.{places}f}" if places else f"{abs(amount):,}"
    return f"{'-' if amount < 0 else ''}{text} {currency.upper()}"


def later(start: int, recurring: dict[str, Any], *, times: int = 1) -> int:
    """The end of so many intervals after a start."""
    number = int(recurring.get("interval_count") or 1) * times
    match recurring["interval"]:
        case "day":
            return start + number * DAY
        case "week":
            return start + number * 7 * DAY
        case "month":
            return _months_later(start, number)
        case _:
            return _months_later(start, 12 * number)


def next_end(anchor: int, after: int, recurring: dict[str, Any]) -> int:
    """The first end of a period after a moment, counted from the anchor: the 31st comes back."""
    times = 1
    while later(anchor, recurring, times=times) <= after:
        times += 1
    return later(anchor, recurring, times=times)


def _months_later(start: int, number: int) -> int:
    moment = datetime.fromtimestamp(start, UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + number, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def day_of(timestamp: int) -> str:
    """As Stripe writes it in the lines of an invoice."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%d %b %Y}"


def iso_day(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"


def in_days(days: float) -> int:
    return int(timedelta(days=days).total_seconds())
