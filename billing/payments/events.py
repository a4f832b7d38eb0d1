"""Notices from Stripe. The table is the queue: pending rows are worked off, one look at Stripe for
all notices about the same customer, and a row is closed only after that look was written."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from billing.models import Customer, StripeEvent, StripeRequest
from billing.payments import client, fetching
from billing.payments.facts import id_of
from billing.payments.requests import CUSTOMER
from billing.payments.sync import sync
from costcontrol.lib.errors import CostControlError

log = logging.getLogger(__name__)
TYPES = frozenset((
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "customer.subscription.created", "customer.subscription.updated",
    "customer.subscription.deleted", "customer.subscription.paused",
    "customer.subscription.resumed", "customer.subscription.trial_will_end",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "invoice.paid", "invoice.payment_failed", "invoice.payment_action_required",
    "invoice.finalization_failed", "invoice.voided", "invoice.marked_uncollectible",
    "payment_intent.succeeded", "payment_intent.payment_failed",
    "charge.refunded", "charge.dispute.created", "charge.dispute.closed",
    "customer.deleted", "customer.updated",
    "subscription_schedule.released", "subscription_schedule.canceled",
    "subscription_schedule.updated",
))
PENDING, DONE, IGNORED, FAILED = (
    StripeEvent.State.PENDING, StripeEvent.State.DONE, StripeEvent.State.IGNORED,
    StripeEvent.State.FAILED,
)
AT_ONCE = 1000
TRIES = 12
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(hours=1)


def event_row(event: Any, *, now: datetime) -> StripeEvent:
    """A verified notice as a row: ids and what decides whether it is for us."""
    thing = event.data.object
    note = _not_for_us(event)
    return StripeEvent(
        id=event.id, type=event.type[:80], created_at=datetime.fromtimestamp(event.created, UTC),
        received_at=now, next_try_at=now, api_version=(event.api_version or "")[:40],
        is_live=bool(event.livemode), stripe_customer=_customer_in(thing)[:80],
        object_id=str(getattr(thing, "id", "") or "")[:80],
        state=IGNORED if note else PENDING, note=note or _version_note(event),
    )


def _customer_in(thing: Any) -> str:
    if getattr(thing, "object", "") == "customer":
        return str(thing.id)
    return id_of(getattr(thing, "customer", None))


def _not_for_us(event: Any) -> str:
    if bool(event.livemode) != client.is_live():
        log.error("stripe: %s is of the other mode (live: %s)", event.id, event.livemode)
        return "of the other mode, real money or test"
    return "" if event.type in TYPES else "nothing depends on this type"


def _version_note(event: Any) -> str:
    """Acted on all the same: what counts is asked for in our own version."""
    is_ours = event.api_version in (None, client.api_version())
    return "" if is_ours else f"of version {event.api_version}"


def work_off(*, now: datetime) -> int:
    """Look at every customer that pending notices are about. How many notices were closed."""
    rows = StripeEvent.objects.filter(state=PENDING, next_try_at__lte=now)
    by_customer: dict[str, list[StripeEvent]] = {}
    for row in rows.order_by("received_at", "pk")[:AT_ONCE]:
        by_customer.setdefault(row.stripe_customer or row.pk, []).append(row)
    return sum(_work_group(group, now=now) for group in by_customer.values())


def _work_group(group: list[StripeEvent], *, now: datetime) -> int:
    try:
        customer = _customer_of(group[0])
        if customer is None:
            return _ignore(group, now=now)
        sync(customer=customer, now=now, because=group[0].pk)
    except CostControlError as error:
        return _later(group, error.message, now=now)
    except Exception as error:  # whatever is wrong with one customer must not stop the others
        log.exception("stripe: %s could not be looked at", group[0].stripe_customer)
        return _later(group, repr(error), now=now)
    return _close(group, state=DONE, now=now)


def _customer_of(row: StripeEvent) -> Customer | None:
    if row.type.startswith("charge.dispute.") and not row.stripe_customer:
        row.stripe_customer = fetching.customer_of_dispute(row.object_id)
    if not row.stripe_customer:
        return None
    return Customer.objects.filter(stripe_id=row.stripe_customer).first()


def _ignore(group: list[StripeEvent], *, now: datetime) -> int:
    """Somebody else's, or who was deleted. Nothing is granted to people we do not know."""
    if _was_ours(group[0].stripe_customer):
        return _close(group, state=IGNORED, now=now, note="deleted customer")
    for row in group:
        log.error("stripe: %s %s is about the unknown customer “%s”", row.type, row.pk,
                  row.stripe_customer)
    return _close(group, state=IGNORED, now=now, note="unknown customer")


def _was_ours(stripe_id: str) -> bool:
    made = StripeRequest.objects.filter(kind=CUSTOMER, result_id=stripe_id)
    return bool(stripe_id) and made.exists()


def _close(group: Iterable[StripeEvent], *, state: str, now: datetime, note: str = "") -> int:
    rows = StripeEvent.objects.filter(pk__in=[row.pk for row in group], state=PENDING)
    changes: dict[str, Any] = {"state": state, "done_at": now} | ({"note": note} if note else {})
    return rows.update(**changes)


def _later(group: list[StripeEvent], why: str, *, now: datetime) -> int:
    """Stripe is away: later, and less and less often. The nightly look comes after all."""
    for row in group:
        pause = min(SHORTEST * 2**row.tries, LONGEST)
        is_over = row.tries + 1 >= TRIES
        StripeEvent.objects.filter(pk=row.pk, state=PENDING).update(
            tries=F("tries") + 1, next_try_at=now + pause, note=why[:300],
            state=FAILED if is_over else PENDING,
        )
        if is_over:
            log.error("stripe: %s %s is given up after %d tries: %s", row.type, row.pk, TRIES, why)
    return 0
