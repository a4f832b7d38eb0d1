"""What is sold: our prices, and which plan a price at Stripe belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import Tier
from billing.models import Customer, PackPrice, PlanPrice
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _

YEAR = PlanPrice.Interval.YEAR


@dataclass(frozen=True, slots=True)
class Plans:
    """Price id or lookup key -> plan, read once for a look at Stripe. A price that was replaced has
    lost its lookup key; its product still says which plan it was sold as."""

    by_price: Mapping[str, Tier]

    @classmethod
    def load(cls) -> "Plans":
        found: dict[str, Tier] = {}
        for price in PlanPrice.objects.select_related("tier"):
            found[price.lookup_key] = price.tier
            if price.stripe_price_id:
                found[price.stripe_price_id] = price.tier
            found[product_id(price.tier_id)] = price.tier
        return cls(found)

    def tier_of(self, *names: str) -> Tier | None:
        """None: a price that no plan has. It gives nothing."""
        return next((self.by_price[name] for name in names if name in self.by_price), None)


def product_id(tier: str) -> str:
    """We choose it, so that `stripe_setup` makes one product a plan however often it runs."""
    return f"costcontrol_{tier}"


def offers(*, currency: str) -> tuple[PlanPrice, ...]:
    """The plans that can be bought in this currency, cheapest first."""
    rows = PlanPrice.objects.filter(currency=currency, is_offered=True).select_related("tier")
    return tuple(rows.order_by("tier__rank", "amount_minor"))


def pack_offers(*, currency: str) -> tuple[PackPrice, ...]:
    rows = PackPrice.objects.filter(currency=currency, pack__is_offered=True)
    return tuple(rows.select_related("pack").order_by("amount_minor"))


def price_check(price: PlanPrice, *, customer: Customer) -> None:
    """Raises BadRequest unless this customer may buy it."""
    if not price.is_offered:
        raise BadRequest(_("This plan is not offered any more. Choose another one."))
    currency_check(price.currency, customer=customer)


def pack_check(price: PackPrice, *, customer: Customer) -> None:
    if not price.pack.is_offered:
        raise BadRequest(_("This credit pack is not offered any more. Choose another one."))
    currency_check(price.currency, customer=customer)


def currency_check(currency: str, *, customer: Customer) -> None:
    """Stripe bills a customer in one currency, for life."""
    if customer.currency and currency != customer.currency:
        raise BadRequest(
            _("You are billed in %(yours)s, and that cannot change; this price is in %(other)s.")
            % {"yours": customer.currency.upper(), "other": currency.upper()}
        )


def is_upgrade(*, now: PlanPrice | None, to: PlanPrice, tier_now: Tier | None) -> bool:
    """More at once: a higher plan, or the same one for a year instead of a month."""
    rank = tier_now.rank if tier_now else 0
    if to.tier.rank != rank:
        return to.tier.rank > rank
    return to.interval == YEAR and (now is None or now.interval != YEAR)
