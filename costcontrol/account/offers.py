"""The plans side by side: what each includes, what it costs, and what a press on it would do."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Tier
from accounts.types import TierRules
from billing.models import PlanPrice
from billing.payments import services as payments
from billing.reports.account import AccountView, Standing
from costcontrol import formats
from costcontrol.account import words

CURRENCIES = {"ko": "krw", "en": "usd"}
INTERVALS = ("month", "year")
FREE = "free"


class Does(StrEnum):
    """What the button of a plan does."""

    NOTHING = ""
    CHOOSE = "choose"
    CANCEL = "cancel"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Offer:
    """`price` is a text; `is_free` costs nothing."""

    name: str
    title: str
    price: str
    every: str
    included: tuple[str, ...]
    is_current: bool
    does: Does
    action: str = ""
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """In which currency and by which interval prices are shown, and what else there is."""

    currency: str
    interval: str
    currencies: tuple[str, ...]
    is_fixed: bool  # a customer's currency stays what it was at first


def shown(request: HttpRequest, view: AccountView) -> Shown:
    """The customer's currency; else the one asked for; else the language's."""
    known = tuple(
        PlanPrice.objects.filter(is_offered=True).order_by("currency")
        .values_list("currency", flat=True).distinct()
    )
    fixed = view.customer.currency if view.customer else ""
    wanted = request.GET.get("currency", "").lower()
    usual = CURRENCIES[formats.language()]
    first = next((one for one in (wanted, usual) if one in known), known[0] if known else usual)
    every = request.GET.get("interval", "")
    return Shown(
        currency=fixed or first,
        interval=every if every in INTERVALS else view.plan.interval or INTERVALS[0],
        currencies=known, is_fixed=bool(fixed),
    )


def offers(view: AccountView, show: Shown) -> tuple[Offer, ...]:
    """By rank, the plan without a payment first."""
    all_prices = payments.offers(currency=show.currency)
    prices = {price.tier_id: price for price in all_prices if price.interval == show.interval}
    wanted = Q(name__in=[*prices, FREE, view.tier.name])
    tiers = Tier.objects.filter(wanted).order_by("rank", "name")
    return tuple(_offer(tier, prices.get(tier.name), view, show) for tier in tiers)


def _offer(tier: Tier, price: PlanPrice | None, view: AccountView, show: Shown) -> Offer:
    is_mine = tier.name == view.tier.name
    does, action, url = _press(tier, price, view)
    return Offer(
        name=tier.name, title=tier.title,
        price=_price(tier, price, show),
        every=words.per(price.interval) if price else "",
        included=tuple(words.included(TierRules.of(tier))),
        is_current=is_mine and not _is_other_interval(price, view),
        does=does, action=action, url=url,
        note=_note(tier, price, view),
    )


def _price(tier: Tier, price: PlanPrice | None, show: Shown) -> str:
    if price is not None:
        return formats.minor(price.amount_minor, price.currency)
    return formats.minor(0, show.currency) if tier.name == FREE else _("As agreed")


def _press(tier: Tier, price: PlanPrice | None, view: AccountView) -> tuple[Does, str, str]:
    plan = view.plan
    if tier.name == plan.tier and plan.standing in (Standing.ENDING, Standing.CHANGING):
        return Does.RESUME, _("Keep %(plan)s") % {"plan": tier.title}, reverse("mine:resume")
    if price is None:
        can_cancel = tier.name == FREE and plan.is_paid and plan.standing != Standing.ENDING
        if can_cancel:
            return Does.CANCEL, _("Cancel and go back to this"), reverse("mine:cancel")
        return Does.NOTHING, "", ""
    if tier.name == view.tier.name and not _is_other_interval(price, view):
        return Does.NOTHING, "", ""
    url = reverse("mine:plan", args=[price.lookup_key])
    return Does.CHOOSE, _choose(tier, price, view), url


def _choose(tier: Tier, price: PlanPrice, view: AccountView) -> str:
    if tier.name == view.plan.tier:
        return _("Pay by the year") if price.interval == "year" else _("Pay by the month")
    if tier.rank > view.rank:
        return _("Get %(plan)s") % {"plan": tier.title}
    return _("Change to %(plan)s") % {"plan": tier.title}


def _is_other_interval(price: PlanPrice | None, view: AccountView) -> bool:
    return price is not None and view.plan.is_paid and price.interval != view.plan.interval


def _note(tier: Tier, price: PlanPrice | None, view: AccountView) -> str:
    if view.plan.next_tier == tier.name:
        return _("From your next period on.")
    if tier.name == FREE and view.plan.standing == Standing.ENDING:
        return _("When your paid plan ends.")
    if price is not None and price.trial_days and may_try(view):
        return ngettext(
            "The first %(days)d day is free.", "The first %(days)d days are free.",
            price.trial_days,
        ) % {"days": price.trial_days}
    return ""


def may_try(view: AccountView) -> bool:
    """A trial is for those who never had a subscription."""
    return view.customer is None or not view.customer.subscriptions.exists()
