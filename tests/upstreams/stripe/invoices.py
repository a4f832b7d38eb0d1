"""Invoices from draft to paid, void or uncollectible, and when a failed one is tried again."""

from collections.abc import Sequence
from typing import Any

from tests.upstreams.stripe.cards import Outcome
from tests.upstreams.stripe.customers import default_method
from tests.upstreams.stripe.errors import Refusal, mixed_currencies
from tests.upstreams.stripe.lines import as_fields, pending_items, totals_of
from tests.upstreams.stripe.lists import when_asked, whole
from tests.upstreams.stripe.payments import confirm, new_intent
from tests.upstreams.stripe.proration import in_days
from tests.upstreams.stripe.state import Obj, State


def check_currency(customer: Obj, currency: str) -> None:
    if customer["currency"] not in (None, currency):
        raise mixed_currencies(customer["currency"])


def draft(
    state: State, customer: Obj, *, currency: str, lines: Sequence[Obj], reason: str,
    subscription: Obj | None = None, discounts: Sequence[Obj] = (), with_pending: bool = True,
    is_kept: bool = True, **more: Any,
) -> Obj:  # fmt: skip
    """With `is_kept=False` only a look at what one would be."""
    check_currency(customer, currency)
    waiting = pending_items(state, customer["id"], currency=currency) if with_pending else []
    lines = [*lines, *(dict(it["_line"]) for it in waiting)]
    totals = totals_of(state, lines, discounts=discounts, balance=customer["balance"])
    start = min((it["period"]["start"] for it in lines), default=state.now)
    end = max((it["period"]["end"] for it in lines), default=state.now)
    invoice = state.new(
        "invoice", is_kept=is_kept, amount_paid=0, amount_overpaid=0, amount_shipping=0,
        attempt_count=0, attempted=False, auto_advance=True, billing_reason=reason,
        automatic_tax={"enabled": False}, collection_method="charge_automatically",
        currency=currency, customer=customer["id"], customer_email=customer["email"],
        customer_name=customer["name"], customer_tax_exempt="none", customer_tax_ids=[],
        default_tax_rates=[], discounts=[it["id"] for it in discounts], issuer={"type": "self"},
        parent=_parent(subscription), period_start=start, period_end=end, status="draft",
        payment_settings={}, post_payment_credit_notes_amount=0, pre_payment_credit_notes_amount=0,
        next_payment_attempt=None, status_transitions={}, number=None, metadata={},
        account_name="Test shop (no real money)", account_country="KR", **as_fields(totals), **more,
    )  # fmt: skip
    invoice["lines"] = whole(
        [it | {"invoice": invoice["id"]} for it in lines], url=f"/v1/invoices/{invoice['id']}/lines"
    )
    if is_kept:
        for it in waiting:
            it["invoice"] = invoice["id"]
        state.emit("invoice.created", invoice)
    return invoice


def _parent(subscription: Obj | None) -> Obj | None:
    if subscription is None:
        return None
    details = {
        "subscription": subscription["id"], "metadata": dict(subscription["metadata"]),
        "subscription_proration_date": None,
    }  # fmt: skip
    return {"type": "subscription_details", "subscription_details": details, "quote_details": None}


def subscription_of(state: State, invoice: Obj) -> Obj | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return state.tables["subscription"].get(details["subscription"]) if details else None


def finalize(state: State, invoice: Obj) -> None:
    """Open with a number and a page; nothing to pay is paid at once."""
    if invoice["status"] != "draft":
        raise Refusal(
            "This invoice is already finalized, you can't finalize it again.",
            code="invoice_not_editable",
        )
    customer = state.tables["customer"][invoice["customer"]]
    sequence = customer["next_invoice_sequence"]
    customer |= {
        "next_invoice_sequence": sequence + 1, "currency": invoice["currency"],
        "balance": invoice["ending_balance"],
    }  # fmt: skip
    page = f"{state.origin}/invoice/{invoice['id']}"
    invoice |= {
        "status": "open", "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "effective_at": state.now, "hosted_invoice_url": page, "invoice_pdf": f"{page}/pdf",
    }  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = state.now
    state.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        mark_paid(state, invoice)


def card_for(state: State, invoice: Obj) -> Obj | None:
    """The invoice's own, else its subscription's, else the customer's."""
    if own := state.tables["payment_method"].get(invoice.get("default_payment_method") or ""):
        return own
    customer = state.tables["customer"][invoice["customer"]]
    return default_method(state, customer, subscription_of(state, invoice))


def intent_of(state: State, invoice: Obj, *, intent: Obj | None = None) -> Obj:
    """The one payment intent of an invoice: made when it is first needed, unless there is one."""
    if id := invoice.get("_intent"):
        return state.tables["payment_intent"][id]
    intent = intent or new_intent(
        state, amount=invoice["amount_due"], currency=invoice["currency"],
        customer=invoice["customer"], setup_future_usage="off_session",
        description=f"Invoice {invoice['number']}",
    )  # fmt: skip
    intent["_invoice"] = invoice["id"]
    invoice["_intent"] = intent["id"]
    state.new(
        "invoice_payment", amount_paid=None, amount_requested=invoice["amount_due"],
        currency=invoice["currency"], invoice=invoice["id"], is_default=True, status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]}, status_transitions={},
        _intent=intent["id"],
    )  # fmt: skip
    return intent


def collect(
    state: State, invoice: Obj, *, method: Obj | None = None, is_off_session: bool = True,
    is_authenticated: bool = False, with_retries: bool = True,
) -> Outcome:  # fmt: skip
    """Charge what is due. A failure says when it is tried again, unless nobody wants that."""
    method = method or card_for(state, invoice)
    intent = intent_of(state, invoice)
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    result = confirm(
        state, intent, method, is_off_session=is_off_session, is_authenticated=is_authenticated,
        may_ask_later=True,
    )  # fmt: skip
    if result == "succeeded":
        mark_paid(state, invoice)
        return result
    if with_retries:
        _plan_retry(state, invoice)
    if result == "action":
        state.emit("invoice.payment_action_required", invoice)
    state.emit("invoice.payment_failed", invoice)
    return result


def _plan_retry(state: State, invoice: Obj) -> None:
    first = invoice.setdefault("_first_failure", state.now)
    days = state.settings.retry_days
    tries = invoice["attempt_count"] - 1
    if tries >= len(days) or not invoice["auto_advance"]:
        invoice["next_payment_attempt"] = None
        return
    invoice["next_payment_attempt"] = max(first + in_days(days[tries]), state.now + 1)
    state.clock.at(invoice["next_payment_attempt"], invoice["id"])


def mark_paid(state: State, invoice: Obj, *, is_elsewhere: bool = False) -> None:
    invoice |= {
        "status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0,
        "next_payment_attempt": None, "auto_advance": False, "attempted": True,
        "amount_paid_off_stripe": invoice["amount_due"] if is_elsewhere else 0,
    }  # fmt: skip
    invoice["status_transitions"]["paid_at"] = state.now
    for payment in state.all("invoice_payment", invoice=invoice["id"]):
        payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        payment["status_transitions"]["paid_at"] = state.now
    state.emit("invoice.paid", invoice)
    state.emit("invoice.payment_succeeded", invoice)


def void(state: State, invoice: Obj) -> None:
    _require_open(invoice, "void")
    invoice |= {"status": "void", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = state.now
    state.emit("invoice.voided", invoice)


def write_off(state: State, invoice: Obj) -> None:
    _require_open(invoice, "mark as uncollectible")
    invoice |= {"status": "uncollectible", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["marked_uncollectible_at"] = state.now
    state.emit("invoice.marked_uncollectible", invoice)


def _require_open(invoice: Obj, what: str) -> None:
    if invoice["status"] not in ("open", "uncollectible"):
        raise Refusal(f"You can only {what} an invoice that is open.", code="invoice_not_editable")


@when_asked("invoice", "payments")
def _payments(state: State, invoice: Obj) -> Obj:
    rows = state.all("invoice_payment", invoice=invoice["id"])
    return whole(rows, url="/v1/invoice_payments")
