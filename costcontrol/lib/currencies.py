"""Money of customers: integer minor units as Stripe counts them, and the only converter of them.

Most currencies have two decimals, some none, a few three. Two have none any more, but are still
sent with two: 5 shillings of Uganda are 500.
"""

from decimal import ROUND_CEILING, Decimal

WITHOUT_DECIMALS = frozenset((
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
    "xaf", "xof", "xpf",
))
SENT_WITH_TWO = frozenset(("isk", "ugx"))  # whole units, times 100
WITH_THREE_DECIMALS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))  # the last one is always 0
SYMBOLS = {"usd": "$", "krw": "₩", "eur": "€", "jpy": "¥", "gbp": "£"}


def units_of(currency: str) -> int:
    """How many minor units one won, dollar or dinar has."""
    if currency in SENT_WITH_TWO:
        return 100
    if currency in WITHOUT_DECIMALS:
        return 1
    return 1000 if currency in WITH_THREE_DECIMALS else 100


def places_of(currency: str) -> int:
    """How many decimals people expect to see."""
    if currency in WITHOUT_DECIMALS or currency in SENT_WITH_TWO:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2


def step_of(currency: str) -> int:
    """What an amount in minor units must be a multiple of."""
    if currency in SENT_WITH_TWO:
        return 100
    return 10 if currency in WITH_THREE_DECIMALS else 1


def to_minor(amount: Decimal, currency: str) -> int:
    """Exact minor units. Raises ValueError for fractions that the currency does not have."""
    minor = amount * units_of(currency)
    if minor % step_of(currency):
        raise ValueError(f"{amount} is not an amount in {currency}")
    return int(minor)


def to_minor_up(amount: Decimal, currency: str) -> int:
    """The next amount that can be charged."""
    step = step_of(currency)
    steps = (amount * units_of(currency) / step).to_integral_value(ROUND_CEILING)
    return int(steps) * step


def from_minor(minor: int, currency: str) -> Decimal:
    return Decimal(minor) / units_of(currency)


def format_minor(minor: int, currency: str) -> str:
    """`$19.00`, `₩26,000`, `CHF 12.50`: for people; never parsed back."""
    amount = f"{from_minor(abs(minor), currency):,.{places_of(currency)}f}"
    symbol = SYMBOLS.get(currency) or f"{currency.upper()} "
    return f"{'-' if minor < 0 else ''}{symbol}{amount}"
