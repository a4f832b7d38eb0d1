"""Looking without having been told: whatever notices were lost, a plan is right after this.

Hourly those whom something happened to at Stripe within a day, nightly everybody. The same `sync`;
what it finds is a difference that no notice told us about, and an alert.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from billing.models import Customer, StripeEvent, StripeRequest
from billing.payments import events
from billing.payments.client import asking
from billing.payments.sync import sync
from billing.payments.types import Reconciled
from costcontrol.lib.errors import CostControlError

log = logging.getLogger(__name__)
BACKFILL = timedelta(days=3)  # as long as Stripe tries to deliver
MOMENT = timedelta(minutes=5)  # a notice that is younger is not lost, only on its way


def reconcile(*, changed_since: datetime | None, now: datetime) -> Reconciled:
    """None: everybody."""
    looked_at = differences = 0
    for customer in _customers(changed_since):
        is_told = _is_told(customer, now=now)
        try:
            found = sync(customer=customer, now=now, because="reconcile")
        except CostControlError as error:
            log.error("stripe: %s could not be looked at: %s", customer, error)
            continue
        except Exception:  # whatever is wrong with one customer must not stop the others
            log.exception("stripe: %s could not be looked at", customer)
            continue
        looked_at += 1
        if found.is_changed and not is_told:
            differences += 1
            log.error("stripe: %s was not what we thought (%s, now %s): notices were lost",
                      customer, found.tier_before, found.tier_after)
    return Reconciled(looked_at, differences)


def _customers(changed_since: datetime | None) -> list[Customer]:
    known = Customer.objects.filter(stripe_id__isnull=False).order_by("pk")
    if changed_since is None:
        return list(known)
    asked = StripeRequest.objects.filter(created_at__gte=changed_since).values("customer")
    told = StripeEvent.objects.filter(received_at__gte=changed_since).values("stripe_customer")
    return list(
        known.filter(pk__in=asked) | known.filter(stripe_id__in=told)
        | known.filter(stripe_id__in=_changed_at_stripe(changed_since))
    )


def _changed_at_stripe(since: datetime) -> set[str]:
    return {events.event_row(it, now=since).stripe_customer for it in _events(since)} - {""}


def _is_told(customer: Customer, *, now: datetime) -> bool:
    """A notice about it is waiting to be worked off: what we find is no difference."""
    return StripeEvent.objects.filter(
        stripe_customer=customer.stripe_id, state=StripeEvent.State.PENDING,
        received_at__gte=now - MOMENT,
    ).exists()


def backfill(*, now: datetime) -> int:
    """Notices of the last three days that never arrived are written down as if they had."""
    rows = [events.event_row(it, now=now) for it in _events(now - BACKFILL)]
    rows = [row for row in rows if row.state == StripeEvent.State.PENDING]
    known = set(StripeEvent.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk", flat=True
    ))
    missing = [row for row in rows if row.pk not in known]
    StripeEvent.objects.bulk_create(missing, ignore_conflicts=True)
    if missing:
        log.error("stripe: %d notices never arrived and were fetched", len(missing))
    return len(missing)


def _events(since: datetime) -> list[Any]:
    with asking() as client:
        return list(client.v1.events.list({
            "created": {"gte": int(since.timestamp())}, "limit": 100,
        }).auto_paging_iter())
