"""Subscriptions as the reports about money read them: all of them, once, in one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.types import Payer
from billing.models import PlanPrice, Subscription

MONTHS_A_YEAR = 12
NEVER_BEGAN = ("incomplete", "incomplete_expired")
NO_PLAN = ""  # a price at Stripe that no plan has


@dataclass(frozen=True, slots=True)
class Sub:
    """One subscription. `payer` is empty where the account was deleted."""

    customer_id: int
    payer: str
    tier: str
    status: str
    currency: str
    amount_minor: int
    interval: str
    started_at: datetime | None
    trial_end: datetime | None
    past_due_since: datetime | None
    ended_at: datetime | None
    is_ending: bool

    @property
    def monthly_minor(self) -> int:
        """A yearly price counts by a twelfth, rounded half up."""
        if self.interval != PlanPrice.Interval.YEAR:
            return self.amount_minor
        return (2 * self.amount_minor + MONTHS_A_YEAR) // (2 * MONTHS_A_YEAR)

    @property
    def has_access(self) -> bool:
        return self.status in Subscription.ACCESS and self.ended_at is None

    def runs_at(self, at: datetime) -> bool:
        """Whether it had begun and not ended."""
        return (
            self.status not in NEVER_BEGAN
            and self.started_at is not None
            and self.started_at <= at
            and (self.ended_at is None or self.ended_at > at)
        )


COLUMNS = (
    "customer_id", "customer__user_id", "customer__organisation_id", "tier_id", "status",
    "currency", "amount_minor", "interval", "started_at", "trial_end", "past_due_since",
    "ended_at", "is_ending",
)


def read() -> tuple[Sub, ...]:
    rows = Subscription.objects.order_by("pk").values_list(*COLUMNS, named=False)
    return tuple(_sub(dict(zip(COLUMNS, row, strict=True))) for row in rows)


def _sub(row: Mapping[str, object]) -> Sub:
    columns = {name: value for name, value in row.items() if "__" not in name}
    tier = columns.pop("tier_id") or NO_PLAN
    payer = payer_name(row["customer__user_id"], row["customer__organisation_id"])
    return Sub(payer=payer, tier=tier, **columns)  # type: ignore[arg-type]


def payer_name(user_id: object, organisation_id: object) -> str:
    """As usage rows name whoever pays."""
    if organisation_id is not None:
        return str(Payer("org", str(organisation_id)))
    return "" if user_id is None else str(Payer("user", str(user_id)))
