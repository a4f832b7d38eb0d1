"""Our plans as products and prices at Stripe, found again by their lookup keys.

A price at Stripe never changes its amount: where ours is another, a new price takes the key over.
Subscriptions that were sold at the old one keep it, and it still means the same plan.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.models import Tier
from billing.models import PlanPrice
from billing.payments.catalogue import product_id
from billing.payments.client import asking

if TYPE_CHECKING:
    from stripe import StripeClient


@dataclass(frozen=True, slots=True)
class Made:
    products: int
    prices: int


def setup() -> Made:
    """Make what is missing. Run it again after every change of a price."""
    with asking() as client:
        rows = PlanPrice.objects.filter(is_offered=True).select_related("tier").order_by("pk")
        products: dict[str, bool] = {}
        for tier in {row.tier_id: row.tier for row in rows}.values():
            products[tier.pk] = _product(client, tier)
        made = [_price(client, row) for row in rows]
    return Made(sum(products.values()), sum(made))


def _product(client: "StripeClient", tier: Tier) -> bool:
    """Our own id makes it one, however often this runs."""
    import stripe

    try:
        client.v1.products.retrieve(product_id(tier.pk))
    except stripe.InvalidRequestError:
        client.v1.products.create({"id": product_id(tier.pk), "name": tier.title})
        return True
    return False


def _price(client: "StripeClient", row: PlanPrice) -> bool:
    found = client.v1.prices.list({"lookup_keys": [row.lookup_key], "active": True}).data
    is_same = bool(found) and _is_same(found[0], row)
    price = found[0] if is_same else _make(client, row)
    PlanPrice.objects.filter(pk=row.pk).update(stripe_price_id=price.id)
    return not is_same


def _is_same(price: Any, row: PlanPrice) -> bool:
    interval = price.recurring.interval if price.recurring is not None else ""
    return bool(
        (price.unit_amount, price.currency, interval)
        == (row.amount_minor, row.currency, row.interval)
    )


def _make(client: "StripeClient", row: PlanPrice) -> Any:
    return client.v1.prices.create({
        "product": product_id(row.tier_id), "currency": row.currency,
        "unit_amount": row.amount_minor, "recurring": {"interval": _interval(row)},
        "lookup_key": row.lookup_key, "transfer_lookup_key": True,
    })


def _interval(row: PlanPrice) -> Any:
    return row.interval
