"""The queue of notices from Stripe, and what the last comparison with Stripe found."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from billing.models import StripeEvent

LATE_AFTER = timedelta(minutes=5)
MOST = 20
State = StripeEvent.State


@dataclass(frozen=True, slots=True)
class FailedEvent:
    id: str
    type: str
    stripe_customer: str
    received_at: datetime
    tries: int
    note: str


@dataclass(frozen=True, slots=True)
class Queue:
    """`oldest`: of the pending ones. `failed` are the newest MOST of `failed_number`."""

    pending: int
    oldest: datetime | None
    failed: tuple[FailedEvent, ...]
    failed_number: int
    last: datetime | None

    def is_behind(self, now: datetime) -> bool:
        return self.oldest is not None and now - self.oldest > LATE_AFTER


def queue() -> Queue:
    pending = StripeEvent.objects.filter(state=State.PENDING).aggregate(
        number=Count("pk"), oldest=Min("received_at")
    )
    failed = StripeEvent.objects.filter(state=State.FAILED)
    shown = tuple(
        FailedEvent(row.pk, row.type, row.stripe_customer, row.received_at, row.tries, row.note)
        for row in failed.order_by("-received_at")[:MOST]
    )
    last = StripeEvent.objects.order_by("-received_at").values_list("received_at", flat=True)
    return Queue(
        pending["number"], pending["oldest"], shown,
        failed_number=len(shown) if len(shown) < MOST else failed.count(), last=last.first(),
    )
