"""What a customer must know before anything else, as strips over the page: what happened, until
when, and the one thing to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.payments import services as payments
from billing.reports.account import AccountView, PlanState, Standing
from billing.reports.bills import Bill
from costcontrol import formats
from costcontrol.account.access import Role
from costcontrol.account.words import is_web
from costcontrol.dashboard.components import Tone


@dataclass(frozen=True, slots=True)
class Banner:
    """`is_post`: the button leads through a form, because it begins something at Stripe."""

    tone: Tone
    title: str
    text: str
    action: str = ""
    url: str = ""
    is_post: bool = False


def banners(view: AccountView, *, role: Role, zone: str) -> tuple[Banner, ...]:
    may_pay = role in ("owner", "billing")
    return tuple(_for(view, may_pay=may_pay, zone=zone))


def _for(view: AccountView, *, may_pay: bool, zone: str) -> Iterator[Banner]:
    if view.is_frozen:
        yield _frozen()
    match view.plan.standing:
        case Standing.PAST_DUE if view.plan.is_grace_over(view.as_of):
            yield _suspended(view.plan, may_pay=may_pay)
        case Standing.PAST_DUE:
            yield _past_due(view.plan, zone=zone, may_pay=may_pay)
        case Standing.SUSPENDED:
            yield _suspended(view.plan, may_pay=may_pay)
        case Standing.UNCONFIRMED:
            yield _unconfirmed(view, may_pay=may_pay)
        case _ if view.unpaid is not None and view.unpaid.has_failed:
            yield _waiting(view.unpaid, may_pay=may_pay)


def _frozen() -> Banner:
    return Banner(
        Tone.WARN, _("Credit and use beyond the plan are paused."),
        _("A payment of yours was disputed or given back. Your plan goes on as it is, and nothing "
          "is lost. Write to whoever runs this server, and it is looked at."),
    )


def _past_due(plan: PlanState, *, zone: str, may_pay: bool) -> Banner:
    text = _("Please pay to keep %(plan)s.") % {"plan": plan.title}
    if plan.grace_until is not None:
        text = _("%(plan)s stays until %(time)s (%(zone)s). Use another card, or pay the open "
                 "invoice, to keep it.") % {
            "plan": plan.title, "time": formats.when(plan.grace_until, zone=zone), "zone": zone,
        }
    return _to_portal(Tone.BAD, _("Your last payment failed."), text, may_pay=may_pay)


def _suspended(plan: PlanState, *, may_pay: bool) -> Banner:
    return _to_portal(
        Tone.BAD, _("%(plan)s is paused, because it was not paid.") % {"plan": plan.title},
        _("Until then the free plan holds. Add a card or pay the open invoice, and it is back "
          "at once."),
        may_pay=may_pay,
    )


def _unconfirmed(view: AccountView, *, may_pay: bool) -> Banner:
    title = _("Your bank wants you to confirm the payment.")
    text = _("%(plan)s starts as soon as you did. Nothing has been charged so far.") % {
        "plan": view.plan.title
    }
    page = view.unpaid.page_url if view.unpaid else ""
    if may_pay and is_web(page):
        return Banner(Tone.WARN, title, text, _("Confirm the payment"), page)
    return _to_portal(Tone.WARN, title, text, may_pay=may_pay)


def _waiting(bill: Bill, *, may_pay: bool) -> Banner:
    """An upgrade that the bank asks about, or use beyond the plan that was not paid."""
    title = _("A payment waits for you.")
    text = _("%(amount)s could not be charged. Confirm it with your bank, or pay it in another "
             "way. Until then nothing changes.") % {
        "amount": formats.minor(bill.left_minor, bill.currency)
    }
    if may_pay and is_web(bill.page_url):
        return Banner(Tone.WARN, title, text, _("Confirm the payment"), bill.page_url)
    return _to_portal(Tone.WARN, title, text, may_pay=may_pay)


def _to_portal(tone: Tone, title: str, text: str, *, may_pay: bool) -> Banner:
    if not may_pay:
        ask = _("An owner of your organisation, or who looks after its bills, can do that.")
        return Banner(tone, title, f"{text} {ask}")
    if not payments.is_on():
        return Banner(tone, title, text)
    return Banner(
        tone, title, text, _("Card and invoices"), reverse("mine:portal"), is_post=True
    )
