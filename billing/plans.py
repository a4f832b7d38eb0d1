"""What plans and credit packs cost: the default prices, made where they are missing.

Rows are edited in the admin and never changed from here. Their prices at Stripe are made from them
by `manage.py stripe_setup`.
"""

from decimal import Decimal

from billing.models import CreditPack, PackPrice, PlanPrice
from costcontrol.lib.currencies import to_minor
from costcontrol.lib.money import from_usd

MONTHS_OF_A_YEAR = 10  # two are free
PLANS = {
    "premium": {"usd": Decimal(19), "krw": Decimal(26_000)},
    "enterprise": {"usd": Decimal(199), "krw": Decimal(270_000)},
}
# name: credit in USD, price in USD, price in won
PACKS = {
    "small": ("10", Decimal(10), Decimal(14_000)),
    "medium": ("30", Decimal(29), Decimal(40_000)),
    "large": ("100", Decimal(90), Decimal(125_000)),
}


def plans_load() -> int:
    """Make the default prices of the default tiers that are missing. How many it were."""
    made = [
        _price_make(tier, currency, interval, amount * months)
        for tier, prices in PLANS.items()
        for currency, amount in prices.items()
        for interval, months in (("month", 1), ("year", MONTHS_OF_A_YEAR))
    ]
    return sum(made)


def _price_make(tier: str, currency: str, interval: str, amount: Decimal) -> bool:
    return PlanPrice.objects.get_or_create(
        lookup_key=f"{tier}_{interval}_{currency}",
        defaults={
            "tier_id": tier, "currency": currency, "interval": interval,
            "amount_minor": to_minor(amount, currency),
        },
    )[1]


def packs_load() -> int:
    """Make the default credit packs that are missing. How many it were."""
    return sum(_pack_make(name, *amounts) for name, amounts in PACKS.items())


def _pack_make(name: str, credit_usd: str, usd: Decimal, krw: Decimal) -> bool:
    pack, is_new = CreditPack.objects.get_or_create(
        name=name, defaults={"credit_nanos": from_usd(credit_usd)}
    )
    for currency, amount in (("usd", usd), ("krw", krw)):
        PackPrice.objects.get_or_create(
            pack=pack, currency=currency,
            defaults={"amount_minor": to_minor(amount, currency)},
        )
    return is_new
