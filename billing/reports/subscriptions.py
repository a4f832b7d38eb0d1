"""Subscriptions as the reports about money read them: all of them, once, in one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.types import Payer
from billing.models import PlanPrice, Subscription

MONTHS_A_YEAR = 12
NEVER_BEGAN = ("incomplete", "incomplete_expired")
NO_PLAN = ""  # a price at Stripe that no plan has


@dataclass(frozen=True, slots=True)
class Sub:
    """One subscription. `user_id` and `organisation_id` are None where the account was deleted."""

    customer_id: int
    user_id: int | None
    organisation_id: int | None
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
    def payer(self) -> str:
        """As usage rows name whoever pays."""
        if self.organisation_id is not None:
            return str(Payer("org", str(self.organisation_id)))
        if self.user_id is not None:
            return str(Payer("user", str(self.user_id)))
        return f"customer:{self.customer_id}"

    @property
    def monthly_minor(self) -> int:
        """A yearly price counts by a twelfth, rounded half up."""
        if self.interval != PlanPrice.Interval.YEAR:
            return self.amount_minor
        return (2 * self.amount_minor + MONTHS_A_YEAR) // (2 * MONTHS_A_YEAR)

    @property
    def has_access(self) -> bool:
        return self.status in Subscription.ACCESS and self.ended_at is None

    @property
    def has_begun(self) -> bool:
        return self.started_at is not None and self.status not in NEVER_BEGAN


COLUMNS = (
    "customer_id", "customer__user_id", "customer__organisation_id", "tier_name", "status",
    "currency", "amount_minor", "interval", "started_at", "trial_end", "past_due_since",
    "ended_at", "is_ending",
)


def read() -> tuple[Sub, ...]:
    return _read(Subscription.objects.all())


def read_of(user_ids: Iterable[int]) -> tuple[Sub, ...]:
    """Those that these people pay for themselves."""
    return _read(Subscription.objects.filter(
        customer__user_id__in=list(user_ids), customer__organisation__isnull=True
    ))


def _read(rows: QuerySet[Subscription]) -> tuple[Sub, ...]:
    """In the order of COLUMNS, which is that of the class: a quick way to make thousands."""
    plan = Coalesce("tier_id", Value(NO_PLAN))
    found = rows.order_by("pk").annotate(tier_name=plan)
    return tuple(Sub(*row) for row in found.values_list(*COLUMNS))
