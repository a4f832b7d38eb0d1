"""Customers as the mirror of Stripe has them, and what they have used."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.models import Member, Organisation, Tier, User
from accounts.services import tiers_load
from accounts.types import Payer
from billing import plans
from billing.budgets import span
from billing.models import Customer, Invoice, Metric, Subscription, Window

NOW = datetime(2026, 11, 25, 3, 4, tzinfo=UTC)  # 12:04 in Seoul
PERIOD_END = datetime(2026, 12, 20, 5, 0, tzinfo=UTC)
SEOUL = "Asia/Seoul"
XSS = "<script>alert(1)</script>"


def prices() -> None:
    tiers_load()
    plans.plans_load()
    plans.packs_load()


def person(email: str = "bob@example.com", *, tier: str = "free", **columns: Any) -> User:
    if not Tier.objects.exists():
        prices()
    return User.objects.create_user(email, "secret", tier_id=tier, **columns)


def member(user: User, *, role: str, organisation: Organisation | None = None) -> Organisation:
    where = organisation or Organisation.objects.create(name="Acme", tier_id="enterprise")
    Member.objects.create(user=user, organisation=where, role=role)
    return where


def customer(user: User, **columns: Any) -> Customer:
    usual = {"stripe_id": f"cus_{user.pk}", "currency": "usd", "card": "visa 4242"}
    return Customer.objects.create(user=user, **usual | columns)


def subscription(customer: Customer, **columns: Any) -> Subscription:
    usual: dict[str, Any] = {
        "stripe_id": f"sub_{Subscription.objects.count()}", "status": "active",
        "tier_id": "premium", "currency": "usd", "amount_minor": 1900,
        "started_at": NOW - timedelta(days=5), "period_start": NOW - timedelta(days=5),
        "period_end": PERIOD_END, "seen_at": NOW,
    }
    return Subscription.objects.create(customer=customer, **usual | columns)


def invoice(customer: Customer, **columns: Any) -> Invoice:
    number = Invoice.objects.count() + 1
    usual: dict[str, Any] = {
        "stripe_id": f"in_{number}", "number": f"CC-{number:04}", "status": "paid",
        "subject": "Premium", "currency": "usd", "total_minor": 1900, "paid_minor": 1900,
        "created_at": NOW - timedelta(days=number), "paid_at": NOW,
        "page_url": "https://invoice.example/page", "pdf_url": "https://invoice.example/file.pdf",
    }
    return Invoice.objects.create(customer=customer, **usual | columns)


def paying(email: str = "bob@example.com", **columns: Any) -> tuple[User, Customer]:
    """Somebody with a running premium subscription."""
    user = person(email, tier="premium")
    row = customer(user)
    subscription(row, **columns)
    return user, row


def used(payer: Payer, metric: str, spent: int, *, cap: int, held: int = 0) -> Window:
    """A window of today."""
    start, end = span("day", zone=SEOUL, now=NOW)
    return Window.objects.create(
        scope_kind=payer.kind, scope_id=payer.id, metric=metric, period="day", start=start,
        end=end, zone=SEOUL, cap=cap, spent=spent, held=held, rank=30,
    )


def debates_used(user: User, spent: int, *, cap: int = 5, held: int = 0) -> Window:
    return used(Payer("user", str(user.pk)), Metric.DEBATES, spent, cap=cap, held=held)


def read(client: Client, user: User, path: str = "/account/", **query: str) -> str:
    """What the page says to this person."""
    client.force_login(user)
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return html.unescape(response.content.decode())


def words(said: str) -> str:
    """Without markup, in one line."""
    return re.sub(r" ([.,:])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", said).split()))
