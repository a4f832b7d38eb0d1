"""Money of customers in US dollars, by the one rate that the operator set: pages name it.

Only for sums over currencies and for comparing with the cost of models. Each currency is always
shown by itself too; one without a rate is left out of a total, and said to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.conf import settings

from costcontrol.lib.currencies import from_minor
from costcontrol.lib.money import NANOS_PER_USD

ROUNDING = "ROUND_HALF_EVEN"


@dataclass(frozen=True, slots=True)
class Rates:
    krw_per_usd: Decimal

    @classmethod
    def of_settings(cls) -> "Rates":
        return cls(Decimal(settings.KRW_PER_USD))

    def nanos(self, minor: int, currency: str) -> int | None:
        """Nano-USD, rounded to the nano. None: there is no rate for it."""
        return _nanos(minor, currency, self)

    def exact(self, minor: int, currency: str) -> int | None:
        per_usd = {"usd": Decimal(1), "krw": self.krw_per_usd}.get(currency)
        if per_usd is None:
            return None
        nanos = from_minor(minor, currency) * NANOS_PER_USD / per_usd
        return int(nanos.to_integral_value(ROUNDING))

    def total(self, by_currency: Mapping[str, int]) -> "Total":
        known = {name: self.nanos(minor, name) for name, minor in sorted(by_currency.items())}
        return Total(
            nanos=sum(nanos for nanos in known.values() if nanos is not None),
            left_out=tuple(name for name, nanos in known.items() if nanos is None),
        )


@lru_cache(maxsize=1024)
def _nanos(minor: int, currency: str, rates: Rates) -> int | None:
    """Thousands of subscriptions have a handful of prices."""
    return rates.exact(minor, currency)


@dataclass(frozen=True, slots=True)
class Total:
    """In nano-USD; `left_out`: currencies without a rate."""

    nanos: int
    left_out: tuple[str, ...] = ()
