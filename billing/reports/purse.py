"""What a customer has beside the plan: credit that was paid beforehand, and use beyond the plan."""

from dataclasses import dataclass
from datetime import datetime

from billing import credits, overage
from billing.credits import Balance
from billing.models import Customer
from billing.overage import OverageUsage


@dataclass(frozen=True, slots=True)
class Purse:
    """Both None: nothing was ever bought."""

    credit: Balance | None = None
    overage: OverageUsage | None = None

    @property
    def is_used(self) -> bool:
        """Whether model calls cost this customer money of their own: then they see what."""
        return self.has_credit or self.has_overage

    @property
    def has_credit(self) -> bool:
        return self.credit is not None and self.credit.left_nanos > 0

    @property
    def has_overage(self) -> bool:
        return self.overage is not None and bool(self.overage.ceiling_nanos)

    @property
    def overage_left(self) -> int:
        if self.overage is None:
            return 0
        used = self.overage.spent_nanos + self.overage.held_nanos
        return max((self.overage.ceiling_nanos or 0) - used, 0)


def purse(customer: Customer | None, *, now: datetime) -> Purse:
    if customer is None:
        return Purse()
    return Purse(credits.balance(customer, now=now), overage.usage_of(customer, now=now))
