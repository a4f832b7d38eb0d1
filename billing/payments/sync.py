"""Look at Stripe and write down what it says. The only writer of a customer's plan and mirror rows.

Looks are numbered before they begin (`sync_asked`), and an answer is written only if no later look
has been written (`sync_written`): a slow worker never overwrites newer facts, and nobody holds a
lock while Stripe is asked.
"""

import logging
from datetime import datetime
from functools import partial

from django.db import transaction

from billing.models import Customer
from billing.payments import customers, findings, grants, mirror, requests, standing
from billing.payments.facts import CustomerFacts
from billing.payments.fetching import fetch
from billing.payments.requests import locked
from billing.payments.types import Synced

log = logging.getLogger(__name__)


def sync(*, customer: Customer, now: datetime, because: str) -> Synced:
    """One look, whatever the reason. Idempotent."""
    look = look_begin(customer)
    facts = fetch(customer.stripe_id) if customer.stripe_id else CustomerFacts()
    return look_write(customer, facts, look=look, now=now, because=because)


@transaction.atomic
def look_begin(customer: Customer) -> int:
    """The number of this look, before anything is asked."""
    row = locked(customer)
    row.sync_asked += 1
    row.save(update_fields=["sync_asked"])
    customer.stripe_id = row.stripe_id
    return row.sync_asked


@transaction.atomic
def look_write(
    customer: Customer, facts: CustomerFacts, *, look: int, now: datetime, because: str
) -> Synced:
    row = standing.locked_with_owner(customer)
    if row.sync_written > look or customers.payer_of_customer(row) is None:
        return Synced("", "", is_written=False)
    is_changed = mirror.subscriptions_write(row, facts, now=now)
    mirror.invoices_write(row, facts)
    grants.grants_write(row, facts, now=now)
    grants.freeze(row, facts, now=now)
    _customer_write(row, facts, look=look, now=now)
    before, after = standing.stand(row, now=now, because={"notice": because, "look": look})
    transaction.on_commit(partial(_tell, row, facts, now=now))
    return Synced(before, after, is_written=True, is_changed=is_changed or before != after)


def _customer_write(row: Customer, facts: CustomerFacts, *, look: int, now: datetime) -> None:
    row.sync_written, row.synced_at, row.card = look, now, facts.card[:40]
    row.currency = row.currency or facts.currency or _first_currency(facts)
    if facts.is_deleted:
        log.error("stripe: customer %s was deleted at Stripe; their plan has ended", row.stripe_id)
        requests.customer_gone(row.pk)
        row.stripe_id = None  # who buys again is a new customer there
    row.save(update_fields=[
        "sync_written", "synced_at", "card", "currency", "stripe_id", "frozen_at", "frozen_reason",
    ])


def _first_currency(facts: CustomerFacts) -> str:
    begun = [it for it in facts.subscriptions if it.status != "incomplete_expired"]
    return begun[-1].currency if begun else ""  # Stripe lists the newest first


def _tell(customer: Customer, facts: CustomerFacts, *, now: datetime) -> None:
    """After the commit: no email may hold a lock, and no lost email may undo a plan."""
    rows = list(customer.subscriptions.select_related("tier"))
    for alert in standing.alerts(rows):
        log.error("stripe: %s", alert)
    findings.tell(customer, facts, now=now)
