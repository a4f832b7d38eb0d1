"""The life of a subscription: it starts, renews, falls behind, ends."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.upstreams.stripe.cards import Outcome
from tests.upstreams.stripe.catalog import amount_in, currencies
from tests.upstreams.stripe.customers import default_method
from tests.upstreams.stripe.discounts import live_discounts, use_up
from tests.upstreams.stripe.errors import Refusal, mixed_currencies
from tests.upstreams.stripe.invoices import (
    collect,
    draft,
    finalize,
    subscription_of,
    void,
    write_off,
)  # fmt: skip
from tests.upstreams.stripe.lines import line
from tests.upstreams.stripe.lists import whole
from tests.upstreams.stripe.proration import DAY, later, next_end
from tests.upstreams.stripe.state import Obj, State

FIRST_PAYMENT_WITHIN = 23 * 3_600
RUNNING = ("active", "past_due", "trialing", "unpaid")
OVER = ("canceled", "incomplete_expired")

# Called with the subscription when a period ends, before it renews (schedules).
before_renewal: list[Callable[[State, Obj], None]] = []


def items_of(subscription: Obj) -> list[Obj]:
    return list(subscription["items"]["data"])


def period_of(subscription: Obj) -> tuple[int, int]:
    first = items_of(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def currency_for(customer: Obj, price: Obj, wanted: str | None) -> str:
    """The asked-for currency, else the customer's if the price has it, else the price's."""
    fixed = customer["currency"]
    currency = wanted or (fixed if fixed in currencies(price) else price["currency"])
    if fixed not in (None, currency):
        raise mixed_currencies(fixed)
    amount_in(price, currency)
    return str(currency)


def new_item(
    state: State, price: Obj, *, subscription: str, quantity: int, start: int, end: int,
    metadata: Obj | None = None,
) -> Obj:  # fmt: skip
    if price["recurring"] is None:
        raise Refusal(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.", param="items[0][price]",
        )  # fmt: skip
    if not price["active"]:
        raise Refusal(f"The price `{price['id']}` is inactive.", param="items[0][price]")
    return state.new(
        "subscription_item", price=price, quantity=quantity, subscription=subscription,
        current_period_start=start, current_period_end=end, discounts=[], metadata=metadata or {},
        tax_rates=[],
    )  # fmt: skip


def create(
    state: State, customer: Obj, wanted: Sequence[tuple[Obj, int]], *, currency: str | None = None,
    method: Obj | None = None, trial_end: int | None = None, trial_settings: Any = None,
    metadata: Obj | None = None, **more: Any,
) -> Obj:  # fmt: skip
    """Incomplete or trialing; `first_payment` makes it active."""
    currency = currency_for(customer, wanted[0][0], currency)
    for price, _ in wanted:
        amount_in(price, currency)
    now = state.now
    end = trial_end or later(now, wanted[0][0]["recurring"] or {"interval": "month"})
    behavior = {"end_behavior": {"missing_payment_method": "create_invoice"}}
    subscription = state.new(
        "subscription", automatic_tax={"enabled": False}, billing_cycle_anchor=trial_end or now,
        billing_mode={"type": "flexible"}, billing_schedules=[], cancel_at_period_end=False,
        cancellation_details={}, collection_method="charge_automatically", currency=currency,
        customer=customer["id"], default_tax_rates=[], discounts=[],
        invoice_settings={"issuer": {"type": "self"}},
        metadata=metadata or {}, payment_settings={"save_default_payment_method": "off"},
        start_date=now, status="trialing" if trial_end else "incomplete", trial_end=trial_end,
        trial_start=now if trial_end else None, trial_settings=trial_settings or behavior,
        default_payment_method=method and method["id"], latest_invoice=None, pending_update=None,
        schedule=None, cancel_at=None, canceled_at=None, ended_at=None, pause_collection=None,
        **more,
    )  # fmt: skip
    try:
        rows = [
            new_item(
                state, price, subscription=subscription["id"], quantity=quantity, start=now, end=end
            )
            for price, quantity in wanted
        ]  # fmt: skip
    except Refusal:
        del state.tables["subscription"][subscription["id"]]
        raise
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    subscription["items"] = whole(rows, url=url)
    return subscription


def first_payment(
    state: State, subscription: Obj, *, is_tried: bool = True, is_off_session: bool = True,
    is_authenticated: bool = False,
) -> Outcome:  # fmt: skip
    """Announce it, bill it and try to be paid."""
    customer = state.tables["customer"][subscription["customer"]]
    state.emit("customer.subscription.created", subscription)
    if subscription["status"] == "trialing":
        for moment in (subscription["trial_end"] - 3 * DAY, subscription["trial_end"]):
            state.clock.at(max(moment, state.now), subscription["id"])
    invoice = bill(state, subscription, period_lines(state, subscription), "subscription_create")
    if invoice["status"] == "paid":
        invoice_settled(state, invoice)
        return "succeeded"
    state.clock.at(state.now + FIRST_PAYMENT_WITHIN, subscription["id"])
    if not is_tried:
        return "action"
    method = default_method(state, customer, subscription)
    result = collect(
        state, invoice, method=method, is_off_session=is_off_session,
        is_authenticated=is_authenticated, with_retries=False,
    )  # fmt: skip
    invoice_settled(state, invoice)
    return result


def period_lines(state: State, subscription: Obj) -> list[Obj]:
    """The current period of every item, free while on trial."""
    is_trial = subscription["status"] == "trialing"
    return [
        _period_line(state, subscription, it, is_trial=is_trial) for it in items_of(subscription)
    ]


def _period_line(state: State, subscription: Obj, item: Obj, *, is_trial: bool) -> Obj:
    price, quantity, currency = item["price"], item["quantity"], subscription["currency"]
    name = state.tables["product"][price["product"]]["name"]
    return line(
        state, amount=0 if is_trial else amount_in(price, currency) * quantity, currency=currency,
        text=f"Trial period for {name}" if is_trial else f"{quantity} × {name}", price=price,
        quantity=quantity, subscription=subscription["id"], item=item["id"],
        start=item["current_period_start"], end=item["current_period_end"],
    )  # fmt: skip


def bill(state: State, subscription: Obj, lines: Sequence[Obj], reason: str) -> Obj:
    """A finalized invoice of these lines and whatever waited."""
    customer = state.tables["customer"][subscription["customer"]]
    discounts = live_discounts(state, subscription)
    invoice = draft(
        state, customer, currency=subscription["currency"], lines=lines, reason=reason,
        subscription=subscription, discounts=discounts,
    )  # fmt: skip
    use_up(state, subscription, discounts)
    subscription["latest_invoice"] = invoice["id"]
    if reason == "subscription_cycle" and _keeps_back(state, subscription, invoice):
        return invoice
    finalize(state, invoice)
    return invoice


def _keeps_back(state: State, subscription: Obj, invoice: Obj) -> bool:
    """Unpaid ones collect drafts; paused collection does what it was told."""
    if subscription["status"] == "unpaid":
        invoice["auto_advance"] = False
        return True
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    if behavior is None:
        return False
    invoice["auto_advance"] = False
    if behavior != "keep_as_draft":
        finalize(state, invoice)
        if invoice["status"] == "open":
            (void if behavior == "void" else write_off)(state, invoice)
    return True


# What is done when the invoice of an upgrade that waited for it is paid (changes.py sets it).
apply_pending: list[Callable[[State, Obj], None]] = []


def invoice_settled(state: State, invoice: Obj) -> None:
    """After every attempt and every payment: what it means for the subscription."""
    subscription = subscription_of(state, invoice)
    if subscription is None or subscription["status"] in OVER:
        return
    waits_for = (subscription["pending_update"] or {}).get("_invoice")
    with state.changing(subscription, "customer.subscription.updated"):
        if invoice["status"] != "open":
            _closed(state, subscription, invoice, waits_for)
        elif waits_for != invoice["id"] and subscription["status"] in ("active", "trialing"):
            subscription["status"] = "past_due"
            _tell_of_debt(state, subscription, True)
    if subscription["status"] == "past_due" and _is_given_up(invoice):
        _after_dunning(state, subscription)


def _closed(state: State, subscription: Obj, invoice: Obj, waits_for: str | None) -> None:
    """Paid, or given up by the shop: either way nothing is owed on it any more."""
    is_paid = invoice["status"] == "paid"
    if waits_for == invoice["id"]:
        for apply in apply_pending if is_paid else ():
            apply(state, subscription)
    elif subscription["status"] == "incomplete":
        if is_paid:
            _catch_up(state, subscription)
    elif not _owes(state, subscription):
        _catch_up(state, subscription)


def _catch_up(state: State, subscription: Obj) -> None:
    if subscription["status"] == "incomplete":
        state.clock.at(period_of(subscription)[1], subscription["id"])
    if subscription["status"] in ("incomplete", "past_due", "unpaid"):
        subscription["status"] = "active"
        _tell_of_debt(state, subscription, False)


def _tell_of_debt(state: State, subscription: Obj, owes: bool) -> None:
    customer = state.tables["customer"][subscription["customer"]]
    with state.changing(customer, "customer.updated"):
        customer["delinquent"] = owes


def _owes(state: State, subscription: Obj) -> bool:
    return any(
        subscription_of(state, it) is subscription and it["id"] != _waiting_invoice(subscription)
        for it in state.all("invoice", status="open", customer=subscription["customer"])
    )


def _waiting_invoice(subscription: Obj) -> str | None:
    return (subscription["pending_update"] or {}).get("_invoice")


def _is_given_up(invoice: Obj) -> bool:
    return invoice["status"] == "open" and invoice["next_payment_attempt"] is None


def _after_dunning(state: State, subscription: Obj) -> None:
    match state.settings.dunning_end:
        case "cancel":
            finish(state, subscription, reason="payment_failed")
        case "unpaid":
            with state.changing(subscription, "customer.subscription.updated"):
                subscription["status"] = "unpaid"


def finish(state: State, subscription: Obj, *, reason: str = "cancellation_requested") -> None:
    """Over, now."""
    subscription |= {
        "status": "canceled", "ended_at": state.now, "cancel_at_period_end": False,
        "canceled_at": subscription["canceled_at"] or state.now, "pending_update": None,
    }  # fmt: skip
    subscription["cancellation_details"].setdefault("reason", reason)
    for invoice in state.all("invoice", customer=subscription["customer"]):
        if subscription_of(state, invoice) is subscription and invoice["status"] in (
            "open",
            "draft",
        ):
            invoice |= {"next_payment_attempt": None, "auto_advance": False}
    if schedule := state.tables["subscription_schedule"].get(subscription["schedule"] or ""):
        schedule |= {"status": "canceled", "canceled_at": state.now, "current_phase": None}
        state.emit("subscription_schedule.canceled", schedule)
    state.emit("customer.subscription.deleted", subscription)


def renew(state: State, subscription: Obj) -> None:
    """The next period begins, is billed, and its bill is tried."""
    before_items = items_of(subscription)
    with state.changing(subscription, "customer.subscription.updated"):
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        for item in before_items:
            start = item["current_period_end"]
            anchor = subscription["billing_cycle_anchor"]
            item |= {
                "current_period_start": start,
                "current_period_end": next_end(anchor, start, item["price"]["recurring"]),
            }
        state.clock.at(period_of(subscription)[1], subscription["id"])
        invoice = bill(state, subscription, period_lines(state, subscription), "subscription_cycle")
    if invoice["status"] == "open":
        collect(state, invoice)
    invoice_settled(state, invoice)
