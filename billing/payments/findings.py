"""What a customer is told about what a look at Stripe has found. Each thing once, by its id: the
same look, or a look after lost notices, sends nothing twice and forgets nothing of the last days.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from billing.models import Customer, Subscription
from billing.notices import notice_send
from billing.payments.facts import CustomerFacts, InvoiceFacts
from billing.payments.standing import PAST_DUE, grace

log = logging.getLogger(__name__)
RECENT = timedelta(days=3)  # as long as Stripe tries to tell us
TRIAL_NOTICE = timedelta(days=3)
CONFIRM, PAID, TOPUP = "requires_action", "succeeded", "topup"


def tell(customer: Customer, facts: CustomerFacts, *, now: datetime) -> None:
    for kind, about, context in _found(customer, facts, now=now):
        try:
            notice_send(customer=customer, kind=kind, about=about, context=context, now=now)
        except OSError as error:  # a mail server that is away: the next look tries again
            log.error("stripe: the notice %s about %s was not sent: %s", kind, about, error)


def _found(
    customer: Customer, facts: CustomerFacts, *, now: datetime
) -> list[tuple[str, str, dict[str, Any]]]:
    rows = {row.stripe_id: row for row in customer.subscriptions.select_related("tier")}
    to_confirm = {it.id for it in facts.payments if it.status == CONFIRM}
    found = []
    for invoice in facts.invoices:
        if kind := _kind(invoice, rows.get(invoice.subscription_id), to_confirm, now=now):
            context = _about_invoice(invoice, rows.get(invoice.subscription_id))
            found.append((kind, invoice.id, context))
    found += _top_ups(customer, facts, now=now)
    for row in rows.values():
        if _is_trial_ending(row, now=now):
            about = f"{row.stripe_id} {row.trial_end:%Y-%m-%d}"
            found.append(("trial_ending", about, _about_plan(row)))
        if row.ended_at and row.status == "canceled" and now - row.ended_at < RECENT:
            found.append(("subscription_ended", row.stripe_id, _about_plan(row)))
    return found


def _top_ups(
    customer: Customer, facts: CustomerFacts, *, now: datetime
) -> list[tuple[str, str, dict[str, Any]]]:
    """Charged while the customer was away, and without an invoice."""
    rows = customer.requests.filter(kind=TOPUP, created_at__gt=now - RECENT)
    subjects = {str(row.pk): row.params["call"]["description"] for row in rows}
    return [
        ("receipt", it.id, {"subject": subjects[it.request], "amount_minor": it.received_minor,
                            "currency": it.currency})
        for it in facts.payments if it.status == PAID and it.request in subjects
    ]


def _kind(
    invoice: InvoiceFacts, row: Subscription | None, to_confirm: set[str], *, now: datetime
) -> str:
    """Which notice is about this invoice; empty: none."""
    if invoice.status == "paid" and invoice.paid_minor > 0:
        is_recent = invoice.paid_at is not None and now - invoice.paid_at < RECENT
        return "receipt" if is_recent else ""
    if invoice.status != "open" or now - invoice.due_since > grace() + RECENT:
        return ""
    if to_confirm & set(invoice.payment_ids):
        return "payment_action"
    return "payment_failed" if _is_owed(invoice, row) else ""


def _is_owed(invoice: InvoiceFacts, row: Subscription | None) -> bool:
    """Of a plan that runs; or a bill of its own, as that for use beyond the plan, that was tried.
    One that would begin or raise a plan is waited for on Stripe's page."""
    if invoice.subscription_id:
        return row is not None and row.status == PAST_DUE
    return invoice.tries > 0


def _is_trial_ending(row: Subscription, *, now: datetime) -> bool:
    if row.status != "trialing" or row.trial_end is None or row.is_ending:
        return False
    return now < row.trial_end <= now + TRIAL_NOTICE


def _about_invoice(invoice: InvoiceFacts, row: Subscription | None) -> dict[str, Any]:
    since = row.past_due_since if row is not None else None
    return {
        "number": invoice.number, "subject": invoice.subject, "currency": invoice.currency,
        "amount_minor": invoice.paid_minor or invoice.total_minor, "page_url": invoice.page_url,
        "pdf_url": invoice.pdf_url, "paid_at": invoice.paid_at,
        "next_try_at": invoice.next_try_at, "grace_until": since + grace() if since else None,
        "plan": row.tier.title if row is not None and row.tier is not None else "",
    }


def _about_plan(row: Subscription) -> dict[str, Any]:
    return {
        "plan": row.tier.title if row.tier is not None else "", "ended_at": row.ended_at,
        "trial_end": row.trial_end, "currency": row.currency, "amount_minor": row.amount_minor,
        "interval": row.interval,
    }
