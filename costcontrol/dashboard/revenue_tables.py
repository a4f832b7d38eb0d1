"""The lists about revenue: plans, failed payments, margins, customers."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.failed_payments import FailedPayment
from billing.reports.margin import PayerMargin, PlanMargin
from billing.reports.paying import CustomerLine
from billing.reports.revenue import PlanRevenue, Slice
from costcontrol import formats
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Table,
    Tone,
    count,
    link,
    minor,
    money,
    share,
    text,
    when,
)
from costcontrol.dashboard.revenue import Lists, RevenueFacts

STATUSES = {
    "active": (gettext_lazy("active"), Tone.OK),
    "trialing": (gettext_lazy("trial"), Tone.OK),
    "past_due": (gettext_lazy("past due"), Tone.BAD),
    "paused": (gettext_lazy("paused"), Tone.OFF),
    "unpaid": (gettext_lazy("unpaid"), Tone.BAD),
    "incomplete": (gettext_lazy("not finished"), Tone.WARN),
    "": (gettext_lazy("no subscription"), Tone.OFF),
}
TEST_KEYS = ("sk_test_", "rk_test_")


def plans(facts: RevenueFacts) -> Table:
    names = (_("Customers"), _("A month"), _("In US dollars"), _("Ends with its period"),
             _("Trials"), _("Past due"))
    columns = (Column(_("Plan")), *(Column(name, is_number=True) for name in names))
    return Table(
        _("What each plan brings in a month"), columns,
        tuple(_plan(plan, facts) for plan in facts.recurring.plans),
        empty_text=_("Nobody has a subscription."), is_caption_hidden=True,
    )


def _plan(plan: PlanRevenue, facts: RevenueFacts) -> tuple[Cell, ...]:
    currency = plan.currency
    return (
        text(plan.tier or _("no plan"), note=currency.upper()),
        count(plan.paid.number),
        minor(plan.paid.minor, currency),
        money(facts.rates.nanos(plan.paid.minor, currency), places=2),
        count(plan.ending.number, note=_minor(plan.ending, currency)),
        count(plan.trial.number, note=_minor(plan.trial, currency)),
        count(plan.past_due.number, note=_minor(plan.past_due, currency)),
    )


def _minor(part: Slice, currency: str) -> str:
    return formats.minor(part.minor, currency) if part.number else ""


def failed(lists: Lists, *, zone: str) -> Table:
    columns = (
        Column(_("Customer")), Column(_("Owes"), is_number=True),
        Column(_("Tries"), is_number=True), Column(_("Since")), Column(_("Next try")),
        Column(_("Keeps the plan until")),
    )
    return Table(
        _("Failed payments, oldest first"), columns,
        tuple(_failed(each, zone) for each in lists.failed.invoices), is_caption_hidden=True,
    )


def _failed(each: FailedPayment, zone: str) -> tuple[Cell, ...]:
    return (
        customer_link(each.name, note=each.number),
        minor(each.due_minor, each.currency),
        count(each.tries),
        when(each.created_at, zone=zone),
        when(each.next_try_at, zone=zone),
        when(each.grace_until, zone=zone),
    )


def customer_link(name: str, *, note: str = "") -> Cell:
    if not name:
        return text(_("deleted account"), note=note)
    where = f"{reverse('dashboard:revenue_customers')}?{urlencode({'q': name})}"
    return link(name, where, note=note)


def margins(found: Sequence[PlanMargin]) -> Table:
    names = (
        _("Users"), _("Paying"), _("Brings in"), _("Cost"), _("Margin"), _("Share"),
        _("Median cost"), _("Average cost"), _("Cost at p95"), _("Margin at p95"),
    )
    columns = (Column(_("Plan")), *(Column(name, is_number=True) for name in names))
    return Table(
        _("Margin of each plan, last 30 days"), columns, tuple(map(_margin, found)),
        empty_text=_("There were no calls in these days, and nothing was earned."),
        is_caption_hidden=True,
    )


def _margin(plan: PlanMargin) -> tuple[Cell, ...]:
    cost = plan.cost
    return (
        text(plan.tier or _("no plan")), count(plan.users), count(plan.paying),
        money(plan.earned_nanos, places=2), money(plan.cost_nanos, places=2),
        money(plan.nanos, places=2), share(plan.share_bp),
        money(cost.median_nanos, places=4), money(cost.mean_nanos, places=4),
        money(cost.p95_nanos, places=4), money(plan.margin_at(cost.p95_nanos), places=2),
    )


def losing(facts: RevenueFacts, lists: Lists) -> Table:
    names = (_("Calls"), _("Pays"), _("Costs"), _("Margin"))
    columns = (
        Column(_("User")), Column(_("Plan")), *(Column(name, is_number=True) for name in names)
    )
    return Table(
        _("Users who cost more than they pay, worst first"), columns,
        tuple(_losing(each, lists.names.get(each.payer, "")) for each in facts.margins.losing),
        empty_text=_("Everybody pays for what their calls cost."), is_caption_hidden=True,
    )


def _losing(each: PayerMargin, name: str) -> tuple[Cell, ...]:
    kind, _colon, number = each.payer.partition(":")
    label = name or each.payer
    is_user = kind == "user"
    calls = f"{reverse('dashboard:calls')}?user={number}"
    return (
        link(label, calls) if is_user else text(label), text(each.tier or _("no plan")),
        count(each.calls), money(each.earned_nanos, places=2), money(each.cost_nanos, places=2),
        money(each.nanos, places=2),
    )


def status_badge(line: CustomerLine) -> Badge:
    words, tone = STATUSES.get(line.status, (line.status, Tone.OFF))
    if line.is_ending:
        return Badge(_("%(status)s, ends") % {"status": words}, Tone.WARN)
    return Badge(str(words), tone)


def stripe_url(stripe_id: str) -> str:
    """The customer's page at Stripe; "" without Stripe, or without a customer there."""
    key = settings.STRIPE_SECRET_KEY
    if not stripe_id or not key or not settings.STRIPE_API_BASE.endswith(".stripe.com"):
        return ""
    mode = "test/" if key.startswith(TEST_KEYS) else ""
    return f"https://dashboard.stripe.com/{mode}customers/{stripe_id}"
