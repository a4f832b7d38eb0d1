"""Which plan a refusal may name: the next one up that can be bought, if the caller can buy one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.models import Tier
from billing.models import PlanPrice
from costcontrol.lib.currencies import format_minor
from costcontrol.lib.sentences import Sentence as _

PLANS_PAGE = "/account/plans/"
MONTH, YEAR = PlanPrice.Interval.MONTH, PlanPrice.Interval.YEAR


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan, and whether it can be bought."""

    name: str
    title: str
    rank: int
    classes: tuple[str, ...]
    is_offered: bool
    benefit: str = ""  # what it has, and what it costs, in words
    price: str = ""


def load() -> tuple[PlanOffer, ...]:
    """All plans, the smallest first. Without payments none can be bought."""
    prices = _prices() if settings.STRIPE_SECRET_KEY else {}
    return tuple(
        PlanOffer(
            row.name, row.title, row.rank, tuple(row.allowed_classes), row.name in prices,
            _benefit(row), prices.get(row.name, ""),
        )
        for row in Tier.objects.order_by("rank", "name")
    )


def _prices() -> dict[str, str]:
    """Of plans that can be bought: a month, or a year where nothing else is offered."""
    rows = PlanPrice.objects.filter(is_offered=True, amount_minor__gt=0).order_by("-currency")
    found: dict[str, str] = {}
    for interval, sentence in ((MONTH, _("%(amounts)s a month")), (YEAR, _("%(amounts)s a year"))):
        amounts: dict[str, list[str]] = {}
        for row in rows:
            if row.interval == interval:
                amounts.setdefault(row.tier_id, []).append(
                    format_minor(row.amount_minor, row.currency)
                )
        for tier, texts in amounts.items():
            found.setdefault(tier, sentence % {"amounts": " / ".join(texts)})
    return found


def _benefit(row: Tier) -> str:
    count = row.debates_per_day
    debates = _("as many debates as you like")
    if count is not None:
        debates = _("%(count)d debates a day") % {"count": count}
    return _("%(debates)s; models: %(classes)s") % {
        "debates": debates, "classes": ", ".join(row.allowed_classes)
    }


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
            return _said(plan, own)
    return {}


def _said(plan: PlanOffer, own: PlanOffer) -> dict[str, Any]:
    return {
        "from": own.name, "to": plan.name, "tier": plan.name, "title": plan.title,
        "benefit": plan.benefit, "price": plan.price, "url": PLANS_PAGE,
        "checkout_url": f"{settings.SITE_URL}{PLANS_PAGE}",
    }
