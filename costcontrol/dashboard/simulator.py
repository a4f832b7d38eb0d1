"""The price simulator as a page: an address becomes a what-if, its answer becomes sentences.

Whatever stands in the address there is a page: what cannot be used is replaced by what holds now,
and a note says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Tier
from billing.models import PlanPrice
from billing.reports import margin, simulator, subscriptions
from billing.reports.margin import Use
from billing.reports.rates import Rates
from billing.reports.simulator import MAX_QUOTA, Estimate, Side, WhatIf
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Table, count, money, share, text
from costcontrol.dashboard.filters import shown
from costcontrol.lib.currencies import from_minor, places_of, to_minor

CURRENCIES = ("krw", "usd")
MOST = {"krw": Decimal(10_000_000), "usd": Decimal(10_000)}


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds now: `prices` a month, in minor units by currency."""

    tier: str
    title: str
    quota: int | None
    prices: Mapping[str, int]


@dataclass
class Asked:
    """What the form shows: the what-if, and what was wrong with the address."""

    plan: Plan
    what_if: WhatIf
    notes: list[str] = field(default_factory=list)

    @property
    def prices(self) -> list[tuple[str, str, str, str]]:
        """Currency, value, step and the most that may be asked."""
        return [
            (name, written(self.what_if.prices[name], name) if name in self.what_if.prices else "",
             "1" if places_of(name) == 0 else "0.01", str(MOST[name]))
            for name in CURRENCIES
        ]

    @property
    def quota(self) -> str:
        return "" if self.what_if.quota is None else str(self.what_if.quota)


def page(query: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    plans = plans_known()
    if not plans:
        return {"plans": ()}
    asked = asked_of(query, plans)
    rates = Rates.of_settings()
    estimate = estimate_of(asked, rates, now=now)
    return {
        "plans": plans, "asked": asked, "estimate": estimate, "max_quota": MAX_QUOTA,
        "table": comparison(estimate, asked.plan),
        "assumptions": assumptions(asked, estimate, rates),
        "verdict": verdict(estimate), "days": margin.DAYS, "is_asked": bool(query),
    }


def plans_known() -> tuple[Plan, ...]:
    """Plans that cost something: those above the lowest, cheapest first."""
    prices: dict[str, dict[str, int]] = {}
    monthly = PlanPrice.objects.filter(interval=PlanPrice.Interval.MONTH, is_offered=True)
    for tier, currency, minor in monthly.values_list("tier_id", "currency", "amount_minor"):
        prices.setdefault(tier, {}).setdefault(currency, minor)
    tiers = Tier.objects.filter(rank__gt=0).order_by("rank", "name")
    return tuple(
        Plan(tier.name, tier.title, tier.debates_per_day, prices.get(tier.name, {}))
        for tier in tiers
    )


def asked_of(query: Mapping[str, str], plans: tuple[Plan, ...]) -> Asked:
    notes: list[str] = []
    by_name = {plan.tier: plan for plan in plans}
    name = query.get("plan", "")
    if name and name not in by_name:
        notes.append(_("There is no plan “%(name)s” that costs something.") % {"name": shown(name)})
    plan = by_name.get(name, plans[0])
    prices = {
        currency: price for currency in CURRENCIES
        if (price := _price(query, currency, plan.prices.get(currency), notes)) is not None
    }
    what_if = WhatIf(
        plan.tier, prices, _quota(query, plan.quota, notes),
        leave=_percent(query, "leave", notes), join=_percent(query, "join", notes),
    )
    return Asked(plan, what_if, notes)


def _price(
    query: Mapping[str, str], currency: str, now: int | None, notes: list[str]
) -> int | None:
    said = query.get(currency, "").strip().replace(",", "")
    if not said:
        return now
    try:
        number = Decimal(said)
        if not (number.is_finite() and 0 <= number <= MOST[currency]):
            raise ValueError(said)
        return to_minor(number, currency)
    except (InvalidOperation, ValueError):
        notes.append(
            _("“%(text)s” is no price in %(currency)s: write 0 to %(most)s.")
            % {"text": shown(said), "currency": currency.upper(), "most": f"{MOST[currency]:,}"}
        )
        return now


def _quota(query: Mapping[str, str], now: int | None, notes: list[str]) -> int | None:
    """An empty field of a form that was sent means no limit."""
    if "quota" not in query:
        return now
    said = query["quota"].strip()
    if not said:
        return None
    if said.isascii() and said.isdecimal() and len(said) <= 6 and int(said) <= MAX_QUOTA:
        return int(said)
    notes.append(
        _("“%(text)s” is no number of debates a day: write 0 to %(most)s, or nothing for no limit.")
        % {"text": shown(said), "most": formats.count(MAX_QUOTA)}
    )
    return now


def _percent(query: Mapping[str, str], name: str, notes: list[str]) -> int:
    said = query.get(name, "").strip()
    if not said:
        return 0
    if said.isascii() and said.isdecimal() and len(said) <= 3 and int(said) <= 100:
        return int(said)
    notes.append(
        _("“%(text)s” is no share of users: write 0 to 100.") % {"text": shown(said)}
    )
    return 0


def estimate_of(asked: Asked, rates: Rates, *, now: datetime) -> Estimate:
    days, span = margin.days_of(now, zone=settings.DEFAULT_ZONE)
    uses, what_if, subs = margin.read_whole_hours(days), asked.what_if, subscriptions.read()
    if any(sub.tier == what_if.tier and sub.has_access for sub in subs):
        what_if = replace(what_if, prices=_changed(asked))
    paid = set(Tier.objects.filter(rank__gt=0).values_list("name", flat=True))
    return simulator.simulate(
        what_if,
        uses=[use for use in uses if use.tier == what_if.tier],
        limited=simulator.read_limited(
            days, tier=what_if.tier, quota_now=asked.plan.quota, quota=what_if.quota
        ),
        free=_free(uses, paid), subs=subs, span=span, rates=rates,
    )


def _changed(asked: Asked) -> dict[str, int]:
    """A price that stays as it is changes nobody’s: who pays by the year, or an older price, goes
    on doing so."""
    return {
        currency: minor for currency, minor in asked.what_if.prices.items()
        if minor != asked.plan.prices.get(currency)
    }


def _free(uses: tuple[Use, ...], paid: set[str]) -> list[Use]:
    return [use for use in uses if use.tier not in paid]


def comparison(estimate: Estimate, plan: Plan) -> Table:
    sides = (
        (plan.title, estimate.plan_before, estimate.plan_after),
        (_("Plans without a price"), estimate.free_before, estimate.free_after),
        (_("Together"), estimate.before, estimate.after),
    )
    names = (_("Users"), _("Brings in"), _("Cost of models"), _("Margin"), _("Margin, share"))
    columns = (Column(_("Plan")), *(Column(name, is_number=True) for name in names))
    rows = [
        row
        for title, before, after in sides
        for row in (_side(title, _("as it was"), before), _side(title, _("estimate"), after))
    ]
    return Table(_("The last 30 days as they were, and as they would have been (estimate)"),
                 columns, tuple(rows), is_caption_hidden=True)


def _side(title: str, which: str, side: Side) -> tuple[Cell, ...]:
    return (
        text(title, note=which), count(side.users),
        *(money(nanos, places=2) for nanos in (side.earned_nanos, side.cost_nanos, side.nanos)),
        share(side.share_bp),
    )


def verdict(estimate: Estimate) -> str:
    change = estimate.after.nanos - estimate.before.nanos
    values = {
        "before": formats.money(estimate.before.nanos, places=2),
        "after": formats.money(estimate.after.nanos, places=2),
        "change": formats.money(abs(change), places=2),
    }
    if change == 0:
        return _("Estimate: the margin stays at %(before)s.") % values
    if change > 0:
        return _("Estimate: the margin would have been %(after)s, %(change)s more.") % values
    return _("Estimate: the margin would have been %(after)s, %(change)s less.") % values


def assumptions(asked: Asked, estimate: Estimate, rates: Rates) -> list[str]:
    """What the arithmetic takes for granted, in words."""
    return [
        _("It is arithmetic on the calls of the last %(days)s days. Nothing is predicted.")
        % {"days": margin.DAYS},
        _("Yearly subscriptions count by a twelfth, and get the new monthly price too."),
        _("%(left)s users leave for a plan without a price, %(joined)s come from one. Both are "
          "taken to make as many calls as the average user of the plan that they go to.")
        % {"left": formats.count(estimate.left), "joined": formats.count(estimate.joined)},
        _quota_said(asked),
        _("Calls outside debates stay as they were. So do all prices of models."),
        _("1 USD is %(rate)s KRW.") % {"rate": formats.count(int(rates.krw_per_usd))},
    ]


def _quota_said(asked: Asked) -> str:
    quota, now = asked.what_if.quota, asked.plan.quota
    if quota == now:
        return _("The quota stays as it is.")
    if quota is None:
        return _("Without a quota nobody has more debates than they had.")
    if now is not None and quota > now:
        return _("Whoever used up %(now)s debates on a day would have used up %(quota)s, at the "
                 "same cost a debate.") % {"now": now, "quota": quota}
    return _("On a day with more than %(quota)s debates, the cost of debates is cut in "
             "proportion.") % {"quota": quota}


def written(minor: int, currency: str) -> str:
    """For a number field: no separators."""
    return f"{from_minor(minor, currency):.{places_of(currency)}f}"
