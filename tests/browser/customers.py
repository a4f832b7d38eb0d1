"""Two who pay, as the mirror of Stripe has them: one for whom all is well, one who has run out.

Carol has a plan that goes on, invoices, credit and calls; Dave's card failed and his quota is used
up; both are seen by the staff pages about revenue.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import Tier, User
from accounts.services import api_key_issue
from accounts.types import Payer
from billing import budgets, credits
from billing.models import Customer, Invoice, SpendingAlert, Subscription, UsageRecord, Window
from billing.payments import services as payments
from costcontrol.lib import clock
from costcontrol.lib.money import from_usd
from tests.browser.rows import HAIKU, Traffic

PAYING, PAST_DUE = "carol@example.com", "dave@example.com"


def customers_make() -> None:
    carol, dave = (person(email) for email in (PAYING, PAST_DUE))
    subscribed(carol, status="active")
    subscribed(dave, status="past_due", past_due_since=clock.now() - timedelta(days=2))
    invoices_make(carol, "paid", "paid", "void")
    invoices_make(dave, "open", "paid")
    credits.grant(
        customer=carol, source="test:pack", nanos=from_usd("10"), now=clock.now(),
        expires_at=clock.now() + timedelta(days=300),
    )
    SpendingAlert.objects.create(customer=carol, kind="quota_percent", threshold=80)
    api_key_issue(user=carol.user, name="debate frontend", actor="test")
    calls_make(carol)
    use_up(dave)


def person(email: str) -> Customer:
    user = User.objects.create_user(email, "secret", tier=Tier.objects.get(name="premium"))
    row = payments.customer_of(Payer("user", str(user.pk)))
    row.stripe_id, row.currency, row.card = f"cus_{user.pk}", "usd", "visa 4242"
    row.save()
    return row


def subscribed(customer: Customer, **columns: Any) -> None:
    now = clock.now()
    Subscription.objects.create(
        customer=customer, stripe_id=f"sub_{customer.pk}", tier_id="premium", currency="usd",
        amount_minor=1900, started_at=now - timedelta(days=40), seen_at=now,
        period_start=now - timedelta(days=10), period_end=now + timedelta(days=20), **columns,
    )


def invoices_make(customer: Customer, *statuses: str) -> None:
    for number, status in enumerate(statuses, 1):
        at = clock.now() - timedelta(days=10 + 30 * (number - 1))
        Invoice.objects.create(
            customer=customer, stripe_id=f"in_{customer.pk}_{number}", status=status,
            number=f"CC-{customer.pk:03}-{number:04}", subject="Premium", currency="usd",
            total_minor=1900, paid_minor=1900 * (status == "paid"), created_at=at,
            paid_at=at if status == "paid" else None, page_url="https://invoice.example/page",
            pdf_url="https://invoice.example/file.pdf",
        )


def calls_make(customer: Customer) -> None:
    traffic = Traffic(customer.user)
    UsageRecord.objects.bulk_create(
        traffic.answered(
            traffic.facts(UUID(int=9_000 + number), clock.now() - timedelta(hours=5 * number), 1),
            HAIKU,
        )
        for number in range(1, 30)
    )


def use_up(customer: Customer) -> None:
    """No debate is left today."""
    now, zone = clock.now(), "Asia/Seoul"
    start, end = budgets.span("day", zone=zone, now=now)
    for metric, cap in (("debates", 50), ("requests", 3_000)):
        Window.objects.create(
            scope_kind="user", scope_id=str(customer.user_id), metric=metric, period="day",
            start=start, end=end, zone=zone, cap=cap, spent=cap, rank=30,
        )
