"""Our rows of subscriptions and invoices, as Stripe described them last. Written by `sync` only."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Tier
from billing.models import Customer, Invoice, Subscription
from billing.payments.catalogue import Plans
from billing.payments.facts import CustomerFacts, InvoiceFacts, SubscriptionFacts
from billing.payments.standing import PAST_DUE

SUBSCRIPTION_FIELDS = [
    "status", "tier", "price_id", "currency", "amount_minor", "interval", "started_at",
    "period_start", "period_end", "trial_end", "is_ending", "next_tier", "schedule_id",
    "past_due_since", "ended_at", "seen_at",
]
INVOICE_FIELDS = [
    "number", "status", "subject", "currency", "total_minor", "paid_minor", "refunded_minor",
    "tries", "paid_at", "next_try_at", "page_url", "pdf_url",
]
States = dict[str, tuple[object, ...]]


def subscriptions_write(customer: Customer, facts: CustomerFacts, *, now: datetime) -> bool:
    """Whether anything about them is another than before."""
    before = _states(customer)
    known = {row.stripe_id: row for row in customer.subscriptions.all()}
    plans = Plans.load()
    rows = [
        _subscription_row(customer, it, facts, plans, known.get(it.id), now=now)
        for it in facts.subscriptions
    ]
    Subscription.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["stripe_id"],
        update_fields=SUBSCRIPTION_FIELDS,
    )
    if facts.is_deleted:
        all_ended(customer, now=now)
    return _states(customer) != before


def _states(customer: Customer) -> States:
    rows = customer.subscriptions.values_list(
        "stripe_id", "status", "tier_id", "is_ending", "next_tier_id"
    )
    return {id: state for id, *state in rows}  # type: ignore[misc]  # lists compare as well


def all_ended(customer: Customer, *, now: datetime) -> None:
    """Stripe cancels what a deleted customer had."""
    customer.subscriptions.exclude(status__in=("canceled", "incomplete_expired")).update(
        status="canceled", ended_at=now, seen_at=now, is_ending=False, next_tier=None,
        schedule_id="",
    )


def _subscription_row(
    customer: Customer, it: SubscriptionFacts, facts: CustomerFacts, plans: Plans,
    known: Subscription | None, *, now: datetime,
) -> Subscription:
    price_id, tier = _best(it, plans)
    return Subscription(
        customer=customer, stripe_id=it.id, status=it.status, tier=tier, price_id=price_id,
        currency=it.currency, amount_minor=it.amount_minor, interval=it.interval,
        started_at=it.started_at, period_start=it.period_start, period_end=it.period_end,
        trial_end=it.trial_end, is_ending=it.is_ending,
        next_tier=_next_tier(it, plans), schedule_id=it.schedule_id,
        past_due_since=_past_due_since(it, facts, known, now=now), ended_at=it.ended_at,
        seen_at=now,
    )


def _best(it: SubscriptionFacts, plans: Plans) -> tuple[str, Tier | None]:
    """Of its items the highest plan, and the price behind it."""
    found = [(price.id, plans.tier_of(*price.names)) for price in it.prices]
    return max(found, key=lambda pair: pair[1].rank if pair[1] else -1)


def _next_tier(it: SubscriptionFacts, plans: Plans) -> Tier | None:
    if it.next_price is None:
        return None
    return plans.tier_of(*it.next_price.names)


def _past_due_since(
    it: SubscriptionFacts, facts: CustomerFacts, known: Subscription | None, *, now: datetime
) -> datetime | None:
    """Since its oldest open invoice was due: the same whenever and however often we look."""
    if it.status != PAST_DUE:
        return None
    due = [row.due_since for row in facts.invoices
           if row.subscription_id == it.id and row.status == "open"]
    if due:
        return min(due)
    return (known.past_due_since if known else None) or now


def invoices_write(customer: Customer, facts: CustomerFacts) -> None:
    """Of an invoice whose payment is none of the newest, what was refunded stays as it was seen."""
    seen = {it.id: it.refunded_minor for it in facts.payments}
    known = dict(customer.invoices.values_list("stripe_id", "refunded_minor"))
    rows = [
        _invoice_row(customer, it, max(known.get(it.id, 0), _refunded(it, seen)))
        for it in facts.invoices
    ]
    Invoice.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["stripe_id"], update_fields=INVOICE_FIELDS
    )


def _refunded(it: InvoiceFacts, seen: dict[str, int]) -> int:
    return sum(seen.get(id, 0) for id in it.payment_ids)


def _invoice_row(customer: Customer, it: InvoiceFacts, refunded: int) -> Invoice:
    return Invoice(
        customer=customer, stripe_id=it.id, number=it.number, status=it.status,
        subject=it.subject, currency=it.currency, total_minor=it.total_minor,
        paid_minor=it.paid_minor, refunded_minor=refunded,
        tries=it.tries, created_at=it.created_at, paid_at=it.paid_at,
        next_try_at=it.next_try_at, page_url=it.page_url, pdf_url=it.pdf_url,
    )


def current(rows: Sequence[Subscription]) -> Subscription | None:
    """The one that pages and changes are about: it gives access, or is about to."""
    alive = [row for row in rows if row.status in (*Subscription.ACCESS, "unpaid", "paused")]
    return max(alive, key=lambda row: row.tier.rank if row.tier else -1, default=None)
