"""What a replay assumes. Every figure here is an assumption that nobody has measured: change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from routing.call_kinds import CALL_KINDS
from routing.debates.types import FORMATS, LANGUAGES

CHECKPOINTS = (100, 1_000, 10_000)
ECONOMICAL, SHIPPED, PREMIUM = "economical", "shipped", "premium"
ROUTES = (ECONOMICAL, SHIPPED, PREMIUM)
SIDE, SPEAKER = "side", "speaker"
SIMPLE = ("local", "economy")
ALONE = ("economy", "premium")
BEGINS = datetime(2026, 12, 1, tzinfo=UTC)  # of the simulated month: all shipped prices hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One month of a platform. Shares are between 0 and 1."""

    debates: int = 10_000
    debates_per_user: float = 10.0
    days: int = 30
    topics: int = 208
    zipf: float = 1.0
    typed: float = 0.30
    recognised: float = 0.25
    usual_cast: float = 0.60
    participate: float = 0.50
    context: float = 0.0
    language: str = "ko"
    format: str = "2v2"
    variants: int = 3
    precompute: int = 0
    premium_kinds: tuple[str, ...] = ("core_arguments", "opening_statement")
    alone: str = "economy"
    routes: str = ECONOMICAL
    simple: str = "local"
    search_usd: str = "0.01"
    search_per: str = SIDE
    holdout: float = 0.0
    seed: int = 1

    @property
    def users(self) -> int:
        return max(1, round(self.debates / self.debates_per_user))

    @property
    def checkpoints(self) -> tuple[int, ...]:
        return (*(each for each in CHECKPOINTS if each < self.debates), self.debates)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Options":
        """From JSON."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data.items()
        }
        return cls(**values)


SHARES = ("typed", "recognised", "usual_cast", "participate", "context", "holdout")
POSITIVE = ("debates", "debates_per_user", "days", "topics", "variants")


def problem_with(options: Options) -> str:
    """What is wrong, in a sentence with its mend; "" if nothing is."""
    for name in SHARES:
        if not 0 <= getattr(options, name) <= 1:
            return f"--{_flag(name)} is a share: give a number from 0 to 1."
    for name in POSITIVE:
        if getattr(options, name) <= 0:
            return f"--{_flag(name)} must be more than 0."
    if options.zipf < 0 or options.precompute < 0:
        return "--zipf and --precompute cannot be less than 0."
    if not is_price(options.search_usd):
        return "--search-usd must be a price in USD, like 0.01."
    if strange := sorted(set(options.premium_kinds) - set(CALL_KINDS)):
        return f"--premium-kinds must be kinds of call, and {strange[0]} is none."
    choices = {
        "language": LANGUAGES, "format": tuple(FORMATS), "routes": ROUTES, "simple": SIMPLE,
        "alone": ALONE,
        "search_per": (SIDE, SPEAKER),
    }
    for name, known in choices.items():
        if getattr(options, name) not in known:
            return f"--{_flag(name)} must be one of: {', '.join(known)}."
    return ""


def is_price(text: str) -> bool:
    try:
        return Decimal(text) >= 0
    except InvalidOperation:
        return False


def _flag(name: str) -> str:
    return name.replace("_", "-")
