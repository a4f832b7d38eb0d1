"""The queue of notices from Stripe, and what the last comparison with Stripe found."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min

from accounts.models import AuditEvent
from billing.models import Customer, StripeEvent

LATE_AFTER = timedelta(minutes=5)
CORRECTED = timedelta(days=7)
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


@dataclass(frozen=True, slots=True)
class Corrections:
    """Plans that were wrong until we looked at Stripe ourselves, of the last CORRECTED. Must be 0:
    each is a notice that was lost. `looked_at`: when somebody was looked at last."""

    number: int
    last: datetime | None
    looked_at: datetime | None


def corrections(now: datetime) -> Corrections:
    found = AuditEvent.objects.filter(
        at__gte=now - CORRECTED, action="tier_change", after__because__notice="reconcile"
    ).aggregate(number=Count("pk"), last=Max("at"))
    looked_at = Customer.objects.aggregate(last=Max("synced_at"))["last"]
    return Corrections(found["number"], found["last"], looked_at)


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
