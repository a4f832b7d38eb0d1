"""Money is integer nano-USD (1e-9 dollars). The only module that converts or rounds.

Prices are `Decimal` USD per million tokens; 1 USD per million tokens is 1,000 nanos a token.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import NewType

Nanos = NewType("Nanos", int)

NANOS_PER_USD = 1_000_000_000
ZERO = Nanos(0)
NANOS_STEPS = tuple(10 ** (9 - places) for places in range(10))  # the last of so many decimals
MOST_DIGITS = 40  # more is no amount, and an integer of 1e999999 takes minutes to make


def ceil_nanos(usd_per_million_times_tokens: Decimal) -> Nanos:
    """Nanos for a sum of tokens x (USD per million tokens), rounded up. Rounded once a call."""
    return Nanos(int((usd_per_million_times_tokens * 1000).to_integral_value(ROUND_CEILING)))


def from_usd(usd: Decimal | str) -> Nanos:
    """Exact nanos of a dollar amount. Raises ValueError if it is not a whole number of nanos."""
    try:
        nanos = Decimal(usd) * NANOS_PER_USD
        if nanos.adjusted() > MOST_DIGITS or nanos != nanos.to_integral_value():
            raise ValueError
    except (ArithmeticError, ValueError, OverflowError):
        raise ValueError(f"{usd!r} is not an amount in dollars with at most 9 decimals") from None
    return Nanos(int(nanos))


def nearest_nanos(usd: Decimal) -> Nanos:
    """Of somebody else's figure, which may have more decimals; half to even. Nothing is booked by
    it."""
    return Nanos(int((usd * NANOS_PER_USD).to_integral_value(ROUND_HALF_EVEN)))


def usd_of_cents(cents: Decimal) -> Decimal:
    """Of somebody else's figure: some bill in cents, with decimals."""
    return cents.scaleb(-2)


def to_usd(nanos: int) -> Decimal:
    return Decimal(nanos) / NANOS_PER_USD


def share_nanos(nanos: int, count: int) -> Nanos:
    """One of `count` equal parts, rounded half to even. For figures; nothing is booked by it."""
    return Nanos(int((Decimal(nanos) / count).to_integral_value(ROUND_HALF_EVEN)))


def format_usd(nanos: int, *, places: int = 4) -> str:
    """`$0.0123`, for people; never parsed back. Half to even, 9 places at most; never -0. In
    integers, for tables have thousands of amounts."""
    units, rest = divmod(abs(nanos), NANOS_STEPS[places])
    twice = 2 * rest - NANOS_STEPS[places]
    if twice > 0 or (twice == 0 and units % 2):
        units += 1
    whole, part = divmod(units, 10**places)
    sign = "-" if nanos < 0 and units else ""
    return f"{sign}${whole:,}.{part:0{places}d}" if places else f"{sign}${whole:,}"


def credits(nanos: int) -> str:
    """`1.250`: what customers are told of a cost. One credit is a thousandth of a dollar."""
    return f"{Decimal(nanos).scaleb(-6).quantize(Decimal('0.001'), ROUND_HALF_EVEN):f}"
