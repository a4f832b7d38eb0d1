"""Which plan a refusal may name: the next one up that can be bought, if the caller can buy one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.models import Tier
from billing.models import PlanPrice

PLANS_PAGE = "/account/plans/"


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan, and whether it can be bought."""

    name: str
    title: str
    rank: int
    classes: tuple[str, ...]
    is_offered: bool


def load() -> tuple[PlanOffer, ...]:
    """All plans, the smallest first. Without payments none can be bought."""
    prices = PlanPrice.objects.filter(is_offered=True, amount_minor__gt=0)
    offered = set(prices.values_list("tier", flat=True)) if settings.STRIPE_SECRET_KEY else set()
    return tuple(
        PlanOffer(row.name, row.title, row.rank, tuple(row.allowed_classes), row.name in offered)
        for row in Tier.objects.order_by("rank", "name")
    )


def next_up(
    plans: Iterable[PlanOffer], *, tier: str, may_buy: bool = True, feature: str = ""
) -> dict[str, Any]:
    """What an error says about it; empty where there is none. A service's users may not buy: they
    have no account here."""
    plans = tuple(plans)
    own = next((plan for plan in plans if plan.name == tier), None)
    if own is None or not may_buy:
        return {}
    for plan in plans:
        if plan.is_offered and plan.rank > own.rank and (not feature or feature in plan.classes):
            return {"from": own.name, "to": plan.name, "title": plan.title, "url": PLANS_PAGE}
    return {}
