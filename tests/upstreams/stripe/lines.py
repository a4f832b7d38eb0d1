"""The lines of an invoice, their sum, discounts and the customer's balance."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.upstreams.stripe.catalog import amount_in
from tests.upstreams.stripe.proration import share
from tests.upstreams.stripe.state import Obj, State


@dataclass(frozen=True)
class Totals:
    subtotal: int
    discounts: tuple[tuple[str, int], ...]  # discount id, amount
    total: int
    starting_balance: int
    ending_balance: int
    due: int


def line(
    state: State, *, amount: int, currency: str, text: str, start: int, end: int,
    price: Obj | None = None, quantity: int = 1, subscription: str | None = None,
    item: str | None = None, invoice_item: str | None = None, is_proration: bool = False,
    metadata: Obj | None = None,
) -> Obj:  # fmt: skip
    """A part of an invoice; kept nowhere else."""
    return state.new(
        "line_item", is_kept=False, amount=amount, currency=currency, description=text,
        discount_amounts=[], discountable=not is_proration, discounts=[], invoice=None,
        metadata=metadata or {}, period={"start": start, "end": end}, quantity=quantity,
        parent=_parent(subscription, item, invoice_item, is_proration=is_proration),
        pricing=price and {
            "type": "price_details", "unit_amount_decimal": str(amount_in(price, currency)),
            "price_details": {"price": price["id"], "product": price["product"]},
        },
        quantity_decimal=str(quantity), subscription=subscription, subtotal=amount, taxes=[],
    )  # fmt: skip


def _parent(
    subscription: str | None, item: str | None, invoice_item: str | None, *, is_proration: bool
) -> Obj:
    details: Obj = {
        "invoice_item": invoice_item, "proration": is_proration, "proration_details": None,
        "subscription": subscription,
    }  # fmt: skip
    if item is None:
        return {
            "type": "invoice_item_details", "invoice_item_details": details,
            "subscription_item_details": None,
        }  # fmt: skip
    return {
        "type": "subscription_item_details", "invoice_item_details": None,
        "subscription_item_details": details | {"subscription_item": item},
    }  # fmt: skip


def invoice_item(state: State, customer: Obj, source: Obj) -> Obj:
    """A line that waits for the next invoice."""
    made = state.new(
        "invoiceitem", amount=source["amount"], currency=source["currency"],
        customer=customer["id"], date=state.now, description=source["description"],
        discountable=source["discountable"], discounts=[], invoice=None,
        metadata=source["metadata"], period=dict(source["period"]), pricing=source["pricing"],
        proration=not source["discountable"], quantity=source["quantity"],
        quantity_decimal=str(source["quantity"]), tax_rates=[], parent=None, _line=source,
    )  # fmt: skip
    if source["subscription"]:
        made["parent"] = {
            "type": "subscription_details",
            "subscription_details": {
                "subscription": source["subscription"], "subscription_item": None,
            },
        }  # fmt: skip
    state.emit("invoiceitem.created", made)
    return made


def pending_items(state: State, customer: str, *, currency: str) -> list[Obj]:
    rows = state.all("invoiceitem", customer=customer, invoice=None, currency=currency)
    return [it for it in rows if not it.get("deleted")]


def totals_of(
    state: State, lines: Iterable[Obj], *, discounts: Iterable[Obj], balance: int
) -> Totals:
    subtotal = sum(it["amount"] for it in lines)
    left, taken = subtotal, []
    for discount in discounts:
        amount = _taken_by(state.get("coupon", discount["source"]["coupon"]), left)
        taken.append((discount["id"], amount))
        left -= amount
    if left <= 0:
        return Totals(subtotal, tuple(taken), left, balance, balance + left, 0)
    used = min(left, max(0, -balance))
    return Totals(subtotal, tuple(taken), left, balance, balance + used, left - used)


def _taken_by(coupon: Obj, amount: int) -> int:
    if amount <= 0:
        return 0
    if coupon["percent_off"] is not None:
        return share(amount, round(coupon["percent_off"] * 100), 10_000)
    return min(amount, int(coupon["amount_off"]))


def as_fields(totals: Totals) -> dict[str, Any]:
    return {
        "subtotal": totals.subtotal, "subtotal_excluding_tax": totals.subtotal,
        "total": totals.total, "total_excluding_tax": totals.total, "total_taxes": [],
        "total_discount_amounts": [
            {"discount": id, "amount": amount} for id, amount in totals.discounts
        ],
        "total_pretax_credit_amounts": [], "starting_balance": totals.starting_balance,
        "ending_balance": totals.ending_balance, "amount_due": totals.due,
        "amount_remaining": totals.due,
    }  # fmt: skip
