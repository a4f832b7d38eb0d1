"""Credit for what was paid, and what happens to it when the money goes back."""

import logging
from datetime import datetime, timedelta

from accounts.models import AuditEvent
from accounts.services import audit
from billing import credits
from billing.models import Customer, StripeRequest
from billing.payments.facts import CustomerFacts, PaymentFacts

log = logging.getLogger(__name__)
PAID = "succeeded"
GRANTED_FOR = ("pack", "topup")  # kinds of requests


def grants_write(customer: Customer, facts: CustomerFacts, *, now: datetime) -> None:
    """Once for each payment, however often we look."""
    for payment in facts.payments:
        if payment.status == PAID and payment.request:
            _grant(customer, payment, now=now)
        if payment.charge_id and (payment.refunded_minor or payment.lost_disputes):
            credits.take_back(charge_id=payment.charge_id, now=now)


def _grant(customer: Customer, payment: PaymentFacts, *, now: datetime) -> None:
    row = _request_of(customer, payment)
    if row is None:
        log.error("stripe: %s was paid by %s for nothing that we asked for", payment.id, customer)
        return
    asked = row.params["grant"]
    if (payment.currency, payment.received_minor) != (asked["currency"], asked["amount_minor"]):
        log.error("stripe: %s paid another amount than we asked for; no credit", payment.id)
        return
    credits.grant(
        customer=customer, source=source_of(payment.id), nanos=asked["nanos"],
        expires_at=payment.created_at + timedelta(days=asked["days"]),
        charge_id=payment.charge_id, now=now,
    )


def _request_of(customer: Customer, payment: PaymentFacts) -> StripeRequest | None:
    """How much credit it is stands in our row, never in what Stripe repeats."""
    if not payment.request.isdecimal():
        return None
    return StripeRequest.objects.filter(
        pk=int(payment.request), customer=customer, kind__in=GRANTED_FOR
    ).first()


def source_of(payment_id: str) -> str:
    return f"stripe:{payment_id}"


def freeze(customer: Customer, facts: CustomerFacts, *, now: datetime) -> None:
    """Whose bank takes money back spends no credit and nothing beyond the plan until staff has
    looked. Each reason freezes once: what staff has opened stays open."""
    reasons = _reasons(facts)
    if _is_won(customer, reasons):
        customer.frozen_reason, was = _next_reason(customer, reasons), customer.frozen_reason
        if not customer.frozen_reason:
            customer.frozen_at, customer.frozen_reason = None, was
            _note(customer, "unfreeze", was)
    for reason in reasons:
        if not _was_frozen(customer, reason):
            if customer.frozen_at is None:
                customer.frozen_at, customer.frozen_reason = now, reason
            _note(customer, "freeze", reason)
            log.error("stripe: %s was frozen, %s: look at it in the admin", customer, reason)


def _reasons(facts: CustomerFacts) -> list[str]:
    """Oldest first."""
    found = []
    for payment in sorted(facts.payments, key=lambda it: it.created_at):
        found += [f"dispute {id}" for id in payment.lost_disputes]
        if payment.is_refunded_in_full:
            found.append(f"full refund of {payment.charge_id}")
    return found


def _is_won(customer: Customer, reasons: list[str]) -> bool:
    """The bank decided for us: nothing is left of the reason."""
    was_disputed = customer.frozen_reason.startswith("dispute ")
    return bool(customer.frozen_at and was_disputed and customer.frozen_reason not in reasons)


def _next_reason(customer: Customer, reasons: list[str]) -> str:
    """The oldest that came while they were frozen, so that staff has never looked at it."""
    notes = AuditEvent.objects.filter(action="freeze").order_by("pk")
    last = notes.filter(target=_target(customer, customer.frozen_reason)).last()
    open_ones = {_target(customer, reason): reason for reason in reasons}
    later = notes.filter(target__in=open_ones, pk__gt=last.pk if last else 0).first()
    return open_ones[later.target] if later else ""


def _was_frozen(customer: Customer, reason: str) -> bool:
    return AuditEvent.objects.filter(action="freeze", target=_target(customer, reason)).exists()


def _note(customer: Customer, action: str, reason: str) -> None:
    audit("stripe", action, _target(customer, reason))


def _target(customer: Customer, reason: str) -> str:
    return f"customer {customer.pk}, {reason}"[:200]
