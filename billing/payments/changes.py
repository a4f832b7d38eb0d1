"""Another plan: upgrades at once and paid now, downgrades with the next period; cancelling at the
period's end, and taking either of these back.

Every change begins with a fresh look at Stripe, is written down as a request, and ends with a look.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.models import Customer, PlanPrice, StripeRequest, Subscription
from billing.payments import downgrades, requests
from billing.payments.catalogue import is_upgrade, price_check
from billing.payments.checkout import price_id_of
from billing.payments.client import asking, stripe_client
from billing.payments.downgrades import DOWNGRADE, RELEASE
from billing.payments.mirror import current
from billing.payments.sync import sync
from billing.payments.types import Changed, Preview, PreviewLine
from costcontrol.lib.currencies import format_minor
from costcontrol.lib.errors import Conflict, PaymentRefused
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

UPGRADE, CANCEL, RESUME = "upgrade", "cancel", "resume"
OF_A_PLAN = (UPGRADE, CANCEL, RESUME, RELEASE, DOWNGRADE)
UNPAID = ("past_due", "unpaid")


def change_preview(*, customer: Customer, price: PlanPrice, now: datetime) -> Preview:
    """What the change would cost, and when it starts. Changes nothing."""
    stripe_client()
    row = subscription_of(customer, now=now, because="preview")
    if row is None:
        price_check(price, customer=customer)
        return _preview_of_start(price, now=now)
    change_check(customer, row, price)
    if not _is_upgrade(row, price):
        return Preview(0, price.currency, (_line(price),), row.period_end or now, is_later=True)
    with asking() as client:
        invoice = client.v1.invoices.create_preview({
            "customer": str(customer.stripe_id), "subscription": row.stripe_id,
            "subscription_details": {
                "items": [{"id": _item_id(client, row), "price": price_id_of(price)}],
                "proration_behavior": "always_invoice",
            },
        })
    lines = tuple(PreviewLine(it.description or "", it.amount) for it in invoice.lines.data)
    return Preview(invoice.amount_due, invoice.currency, lines, now)


def plan_change_begin(*, customer: Customer, price: PlanPrice, now: datetime) -> Changed:
    stripe_client()
    row = subscription_of(customer, now=now, because="change")
    if row is None:
        raise Conflict(_("You have no plan that could be changed. Buy this one instead."))
    change_check(customer, row, price)
    if not _is_upgrade(row, price):
        _undo_cancel(customer, row, now=now)
        downgrades.downgrade(customer=customer, row=row, price_id=price_id_of(price),
                             interval=price.interval, now=now)
        sync(customer=customer, now=now, because="change")
        return Changed("scheduled")
    return _upgrade(customer, row, price, now=now)


def cancel(*, customer: Customer, now: datetime) -> None:
    """The plan stays until the end of what is paid."""
    stripe_client()
    row = subscription_of(customer, now=now, because=CANCEL)
    if row is None:
        raise Conflict(_("You have no plan that could be cancelled."))
    if row.is_ending:
        raise Conflict(_("Your plan is cancelled already: it ends with the period that is paid."))
    _release(customer, row, now=now)
    _set_ending(customer, row, is_ending=True, now=now)
    sync(customer=customer, now=now, because=CANCEL)


def resume(*, customer: Customer, now: datetime) -> None:
    """Take back a cancellation, or a downgrade that has not happened yet."""
    stripe_client()
    row = subscription_of(customer, now=now, because=RESUME)
    if row is None or not (row.is_ending or row.schedule_id):
        raise Conflict(_("There is no change that could be taken back: your plan goes on."))
    _release(customer, row, now=now)
    _undo_cancel(customer, row, now=now)
    sync(customer=customer, now=now, because=RESUME)


def subscription_of(customer: Customer, *, now: datetime, because: str) -> Subscription | None:
    """The plan that is paid for, as Stripe describes it at this moment."""
    if not customer.stripe_id:
        return None
    sync(customer=customer, now=now, because=because)
    customer.refresh_from_db()
    return current(list(customer.subscriptions.select_related("tier", "next_tier")))


def change_check(customer: Customer, row: Subscription, price: PlanPrice) -> None:
    price_check(price, customer=customer)
    if row.status in UNPAID:
        raise PaymentRefused(
            _("Your last payment did not go through. Pay the open invoice first, then change.")
        )
    if row.status == "paused":
        raise PaymentRefused(_("Your plan is paused. Save a card first, under “Manage card”."))
    if row.tier_id != price.tier_id or row.interval != price.interval:
        return
    if row.next_tier_id:
        raise Conflict(_("You have this plan. Take back the change that is planned to keep it."))
    raise Conflict(_("You have this plan already."))


def _is_upgrade(row: Subscription, price: PlanPrice) -> bool:
    now = PlanPrice(interval=row.interval)
    return is_upgrade(now=now, to=price, tier_now=row.tier)


def _preview_of_start(price: PlanPrice, *, now: datetime) -> Preview:
    return Preview(price.amount_minor, price.currency, (_line(price),), now)


def _line(price: PlanPrice) -> PreviewLine:
    per = _("a year") if price.interval == PlanPrice.Interval.YEAR else _("a month")
    text = _("%(plan)s, %(amount)s %(per)s") % {
        "plan": price.tier.title, "amount": format_minor(price.amount_minor, price.currency),
        "per": per,
    }
    return PreviewLine(text, price.amount_minor)


def _upgrade(
    customer: Customer, row: Subscription, price: PlanPrice, *, now: datetime
) -> Changed:
    """Only a paid upgrade takes back a cancellation: else nothing would end that was to end."""
    _release(customer, row, now=now)
    with asking() as client:
        item = _item_id(client, row)
    wish = requests.request_open(customer=customer, kind=UPGRADE, now=now, params={
        "subscription": row.stripe_id, "from": row.price_id,
        "call": {
            "items": [{"id": item, "price": price_id_of(price)}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
            "expand": ["latest_invoice"],
        },
    })
    updated = update_run(wish)
    if updated.pending_update is None:
        _undo_cancel(customer, row, now=now)
    sync(customer=customer, now=now, because=UPGRADE)
    if updated.pending_update is None:
        return Changed("upgraded")
    return Changed("needs_action", updated.latest_invoice.hosted_invoice_url or "")


def update_run(wish: StripeRequest) -> Any:
    """Of upgrades, cancellations and their opposite."""
    return requests.request_run(wish, lambda client: client.v1.subscriptions.update(
        wish.params["subscription"], wish.params["call"], requests.key(wish)
    ))


def _item_id(client: "StripeClient", row: Subscription) -> str:
    found = client.v1.subscriptions.retrieve(row.stripe_id)
    return str(found["items"].data[0].id)


def _set_ending(
    customer: Customer, row: Subscription, *, is_ending: bool, now: datetime
) -> None:
    wish = requests.request_open(
        customer=customer, kind=CANCEL if is_ending else RESUME, now=now, params={
            "subscription": row.stripe_id, "call": {"cancel_at_period_end": is_ending},
            "look": customer.sync_written,  # cancelled, taken back and cancelled again in a minute
        },
    )
    update_run(wish)


def _undo_cancel(customer: Customer, row: Subscription, *, now: datetime) -> None:
    if row.is_ending:
        _set_ending(customer, row, is_ending=False, now=now)


def _release(customer: Customer, row: Subscription, *, now: datetime) -> None:
    """End a schedule, and with it the change that it was to make; the subscription goes on."""
    if not row.schedule_id:
        return
    wish = requests.request_open(customer=customer, kind=RELEASE, now=now, params={
        "schedule": row.schedule_id, "call": {},
    })
    release_run(wish)


def release_run(wish: StripeRequest) -> Any:
    return requests.request_run(wish, lambda client: client.v1.subscription_schedules.release(
        wish.params["schedule"], {}, requests.key(wish)
    ))


