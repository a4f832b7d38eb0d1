"""Changing what a subscription is for: new items, proration lines, and who pays when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.upstreams.stripe.catalog import amount_in
from tests.upstreams.stripe.discounts import live_discounts, use_up
from tests.upstreams.stripe.errors import Refusal, declined
from tests.upstreams.stripe.invoices import collect, draft, finalize, intent_of, void
from tests.upstreams.stripe.lines import invoice_item, line
from tests.upstreams.stripe.payments import declined_error
from tests.upstreams.stripe.proration import DAY, day_of, later, share
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import (
    apply_pending,
    bill,
    invoice_settled,
    items_of,
    new_item,
    period_of,
)  # fmt: skip

WAITS_FOR = 23 * 3_600


@dataclass(frozen=True)
class Change:
    """Items as they will be, what is credited and charged, and the new period if one begins."""

    items: tuple[Obj, ...]
    lines: tuple[Obj, ...]
    starts_anew: bool
    start: int
    end: int


def wanted_items(state: State, subscription: Obj, given: Sequence[Obj]) -> list[Obj]:
    """The items after `items` of an update: named ones changed, others added or deleted."""
    now_has = {it["id"]: dict(it) for it in items_of(subscription)}
    start, end = period_of(subscription)
    for one in given:
        id = one.get("id")
        if id is not None and id not in now_has:
            raise Refusal(
                f"Invalid subscription item id: {id}", code="resource_missing", param="items[0][id]"
            )
        if one.get("deleted"):
            now_has.pop(id or "", None)
            continue
        price = (
            state.get("price", one["price"], param="items[0][price]") if "price" in one else None
        )
        if price is not None:
            amount_in(price, subscription["currency"])
        if id is None:
            _refuse_twice(now_has.values(), price)
            item = new_item(
                state, price or {}, subscription=subscription["id"],
                quantity=one.get("quantity", 1), start=start, end=end,
            )  # fmt: skip
            now_has[item["id"]] = item
            continue
        item = now_has[id]
        item |= {"price": price or item["price"], "quantity": one.get("quantity", item["quantity"])}
    if not now_has:
        raise Refusal("A subscription must have at least one active plan.", param="items")
    return list(now_has.values())


def _refuse_twice(items: Any, price: Obj | None) -> None:
    if price is None:
        raise Refusal("Missing required param: items[0][price].", code="parameter_missing")
    if any(it["price"]["id"] == price["id"] for it in items):
        raise Refusal(
            f"Cannot add multiple subscription items with the same plan: {price['id']}",
            param="items[0][price]",
        )


def plan(
    state: State, subscription: Obj, items: Sequence[Obj], *, at: int, behavior: str,
    is_anew: bool = False,
) -> Change:  # fmt: skip
    """Nothing changes here: also what a preview shows."""
    old = {it["id"]: it for it in items_of(subscription)}
    start, end = period_of(subscription)
    is_trial = subscription["status"] == "trialing"
    anew = not is_trial and (is_anew or _starts_anew(subscription, items))
    new_end = later(at, items[0]["price"]["recurring"]) if anew else end
    lines: list[Obj] = []
    for item in () if is_trial or behavior == "none" else old.values():
        if anew or _differs(item, next((it for it in items if it["id"] == item["id"]), None)):
            lines.append(_part(state, subscription, item, at=at, start=start, end=end, sign=-1))
    for item in () if is_trial else items:
        if anew:
            lines.append(_full(state, subscription, item, start=at, end=new_end))
        elif behavior != "none" and _differs(item, old.get(item["id"])):
            lines.append(_part(state, subscription, item, at=at, start=start, end=end, sign=1))
    return Change(tuple(items), tuple(lines), anew, at if anew else start, new_end)


def _differs(one: Obj, other: Obj | None) -> bool:
    return other is None or (one["price"]["id"], one["quantity"]) != (
        other["price"]["id"], other["quantity"],
    )  # fmt: skip


def _starts_anew(subscription: Obj, items: Sequence[Obj]) -> bool:
    """Another interval, or free until now: the period begins with the change."""

    def key(it: Obj) -> tuple[str, int]:
        return it["price"]["recurring"]["interval"], it["price"]["recurring"]["interval_count"]

    was = items_of(subscription)
    is_other = {key(it) for it in was} != {key(it) for it in items}
    currency = subscription["currency"]
    was_free = not any(amount_in(it["price"], currency) for it in was)
    return is_other or (was_free and any(amount_in(it["price"], currency) for it in items))


def _part(
    state: State, subscription: Obj, item: Obj, *, at: int, start: int, end: int, sign: int
) -> Obj:
    """The rest of a period, given back or charged."""
    price, quantity, currency = item["price"], item["quantity"], subscription["currency"]
    name = state.tables["product"][price["product"]]["name"]
    amount = share(amount_in(price, currency) * quantity, max(0, end - at), end - start)
    word = "Unused time on" if sign < 0 else "Remaining time on"
    return line(
        state, amount=sign * amount, currency=currency, text=f"{word} {name} after {day_of(at)}",
        price=price, quantity=quantity, subscription=subscription["id"], item=item["id"], start=at,
        end=end, is_proration=True,
    )  # fmt: skip


def _full(state: State, subscription: Obj, item: Obj, *, start: int, end: int) -> Obj:
    price, quantity, currency = item["price"], item["quantity"], subscription["currency"]
    name = state.tables["product"][price["product"]]["name"]
    return line(
        state, amount=amount_in(price, currency) * quantity, currency=currency,
        text=f"{quantity} × {name}", price=price, quantity=quantity, start=start, end=end,
        subscription=subscription["id"], item=item["id"],
    )  # fmt: skip


def apply(state: State, subscription: Obj, change: Change) -> None:
    for item in change.items:
        item |= {"current_period_start": change.start, "current_period_end": change.end}
        state.tables["subscription_item"][item["id"]] = item
    subscription["items"]["data"] = list(change.items)
    if change.starts_anew:
        subscription["billing_cycle_anchor"] = change.start
        state.clock.at(change.end, subscription["id"])


def carry_out(
    state: State, subscription: Obj, change: Change, *, behavior: str, payment: str,
    is_off_session: bool = False,
) -> None:  # fmt: skip
    """`behavior`: when the difference is billed; `payment`: what happens if it cannot be paid."""
    customer = state.tables["customer"][subscription["customer"]]
    is_billed = change.starts_anew or (behavior == "always_invoice" and change.lines)
    if not is_billed:
        for it in change.lines:
            invoice_item(state, customer, it)
        with state.changing(subscription, "customer.subscription.updated"):
            apply(state, subscription, change)
        return
    if payment == "pending_if_incomplete":
        _wait_for_payment(state, subscription, change, is_off_session=is_off_session)
        return
    was = _snapshot(subscription)
    with state.changing(subscription, "customer.subscription.updated"):
        apply(state, subscription, change)
        invoice = bill(state, subscription, change.lines, "subscription_update")
    if invoice["status"] != "open" or payment == "default_incomplete":
        return
    result = collect(state, invoice, is_off_session=is_off_session)
    if result != "succeeded" and payment == "error_if_incomplete":
        void(state, invoice)
        with state.changing(subscription, "customer.subscription.updated"):
            subscription |= was
        raise _refusal(state, invoice)
    invoice_settled(state, invoice)


def _snapshot(subscription: Obj) -> Obj:
    names = ("billing_cycle_anchor", "latest_invoice", "status")
    items = {**subscription["items"], "data": [dict(it) for it in items_of(subscription)]}
    return {"items": items, **{name: subscription[name] for name in names}}


def _refusal(state: State, invoice: Obj) -> Refusal:
    intent = intent_of(state, invoice)
    charge = state.tables["charge"].get(intent["latest_charge"] or "")
    if charge is None:
        return declined(
            "subscription_payment_intent_requires_action", "Payment needs the customer."
        )
    return declined_error(intent, state.tables["payment_method"][charge["payment_method"]])


def _wait_for_payment(
    state: State, subscription: Obj, change: Change, *, is_off_session: bool
) -> None:
    """The items change when the money is there; until then `pending_update` says what waits."""
    customer = state.tables["customer"][subscription["customer"]]
    if old := subscription["pending_update"]:
        void(state, state.tables["invoice"][old["_invoice"]])
        subscription["pending_update"] = None
    discounts = live_discounts(state, subscription)
    invoice = draft(
        state, customer, currency=subscription["currency"], lines=change.lines,
        reason="subscription_update", subscription=subscription, discounts=discounts,
    )  # fmt: skip
    use_up(state, subscription, discounts)
    finalize(state, invoice)
    expires = min(state.now + WAITS_FOR, period_of(subscription)[1])
    with state.changing(subscription, "customer.subscription.updated"):
        subscription["latest_invoice"] = invoice["id"]
        subscription["pending_update"] = {
            "expires_at": expires, "subscription_items": list(change.items),
            "billing_cycle_anchor": change.start if change.starts_anew else None,
            "_invoice": invoice["id"], "_change": change,
        }  # fmt: skip
        if invoice["status"] == "open":
            collect(state, invoice, is_off_session=is_off_session, with_retries=False)
        if invoice["status"] == "paid":
            apply_waiting(state, subscription)
        else:
            state.clock.at(expires, subscription["id"])


def apply_waiting(state: State, subscription: Obj) -> None:
    change = subscription["pending_update"]["_change"]
    subscription["pending_update"] = None
    apply(state, subscription, change)
    state.emit("customer.subscription.pending_update_applied", subscription)


def preview_lines(state: State, subscription: Obj, change: Change) -> list[Obj]:
    """What the period after this one will cost."""
    items = change.items
    end = later(change.end, items[0]["price"]["recurring"])
    return [_full(state, subscription, it, start=change.end, end=end) for it in items]


def trial_ends_now(state: State, subscription: Obj) -> None:
    """The trial is over: the first paid period begins."""
    anchor = state.now
    subscription |= {"trial_end": anchor, "billing_cycle_anchor": anchor}
    for item in items_of(subscription):
        item["current_period_end"] = anchor
    state.clock.at(anchor, subscription["id"])


def trial_until(state: State, subscription: Obj, end: int) -> None:
    if end > state.now + 730 * DAY:
        raise Refusal("trial_end is more than two years away.", param="trial_end")
    subscription |= {
        "status": "trialing", "trial_end": end, "billing_cycle_anchor": end, "_told_of_end": False,
        "trial_start": subscription["trial_start"] or state.now,
    }  # fmt: skip
    for item in items_of(subscription):
        item["current_period_end"] = end
    for moment in (end - 3 * DAY, end):
        state.clock.at(max(moment, state.now), subscription["id"])


apply_pending.append(apply_waiting)
