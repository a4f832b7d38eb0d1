"""`/v1/invoices`, `/v1/invoiceitems` and `/v1/invoice_payments`."""

from tests.upstreams.stripe.changes import plan, preview_lines, wanted_items
from tests.upstreams.stripe.customers import live_customer
from tests.upstreams.stripe.discounts import live_discounts
from tests.upstreams.stripe.errors import Refusal, missing
from tests.upstreams.stripe.invoices import (
    card_for,
    collect,
    draft,
    finalize,
    intent_of,
    mark_paid,
    subscription_of,
    void,
    write_off,
)  # fmt: skip
from tests.upstreams.stripe.lines import invoice_item, line
from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.payments import declined_error
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import OVER, invoice_settled, period_of


@route("GET", "/v1/invoices", "invoice_list")
def list_invoices(state: State, params: Obj) -> Obj:
    same = {name: params[name] for name in ("customer", "status") if name in params}
    wanted = params.get("subscription")
    rows = [
        it for it in state.all("invoice", **same)
        if not wanted or (subscription_of(state, it) or {}).get("id") == wanted
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/invoices")


@route("POST", "/v1/invoices", "invoice_create")
def create_invoice(state: State, params: Obj) -> Obj:
    """Of what waits, one-off."""
    customer = live_customer(state, params.get("customer", ""))
    currency = params.get("currency") or customer["currency"] or "usd"
    with_pending = params.get("pending_invoice_items_behavior", "exclude") == "include"
    invoice = draft(
        state, customer, currency=currency, lines=[], reason="manual", with_pending=with_pending,
        description=params.get("description"),
    )  # fmt: skip
    invoice |= {
        "auto_advance": params.get("auto_advance", False), "metadata": params.get("metadata") or {},
        "default_payment_method": _own_card(state, params.get("default_payment_method"), customer),
    }  # fmt: skip
    return invoice


def _own_card(state: State, id: str | None, customer: Obj) -> str | None:
    if id is None:
        return None
    method = state.get("payment_method", id, param="default_payment_method")
    if method["customer"] != customer["id"]:
        raise Refusal(
            f"The customer does not have a payment method with the ID {id}.",
            param="default_payment_method",
        )
    return str(id)


@route("POST", "/v1/invoices/create_preview", "invoice_create_preview")
def create_preview(state: State, params: Obj) -> Obj:
    """The next invoice, or the one that a change would bring. Nothing is kept."""
    subscription = _previewed(state, params)
    details = params.get("subscription_details") or {}
    customer = state.tables["customer"][subscription["customer"]]
    behavior = details.get("proration_behavior", "create_prorations")
    at = details.get("proration_date", state.now)
    items = wanted_items(state, subscription, details.get("items") or [])
    change = plan(
        state, subscription, items, at=at, behavior=behavior,
        is_anew=details.get("billing_cycle_anchor") == "now",
    )  # fmt: skip
    lines = list(change.lines)
    is_change = bool(details.get("items")) or change.starts_anew
    if not (is_change and (behavior == "always_invoice" or change.starts_anew)):
        lines += preview_lines(state, subscription, change)
    invoice = draft(
        state, customer, currency=subscription["currency"], lines=lines, reason="upcoming",
        subscription=subscription, discounts=live_discounts(state, subscription), is_kept=False,
    )  # fmt: skip
    if is_change:
        invoice["parent"]["subscription_details"]["subscription_proration_date"] = at
    invoice["next_payment_attempt"] = (
        at if behavior == "always_invoice" else period_of(subscription)[1]
    )
    invoice["id"] = f"upcoming_{invoice['id']}"
    return invoice


def _previewed(state: State, params: Obj) -> Obj:
    if id := params.get("subscription"):
        subscription = state.get("subscription", id, param="subscription")
        if subscription["status"] in OVER:
            raise Refusal(
                "You cannot preview a canceled subscription.", code="invoice_upcoming_none"
            )
        return subscription
    customer = live_customer(state, params.get("customer", ""))
    rows = state.all("subscription", customer=customer["id"])
    running = [it for it in rows if it["status"] not in OVER]
    if not running:
        raise Refusal(
            f"No upcoming invoices for customer: {customer['id']}", status=404,
            code="invoice_upcoming_none",
        )  # fmt: skip
    return running[-1]


@route("GET", "/v1/invoices/{id}", "invoice_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    return state.get("invoice", id)


@route("POST", "/v1/invoices/{id}/finalize", "invoice_finalize_invoice")
def finalize_invoice(state: State, params: Obj, id: str) -> Obj:
    invoice = state.get("invoice", id)
    invoice["auto_advance"] = params.get("auto_advance", invoice["auto_advance"])
    finalize(state, invoice)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        invoice["next_payment_attempt"] = state.now  # charged when this answer is out
        state.clock.at(state.now, id)
    return invoice


@route("POST", "/v1/invoices/{id}/pay", "invoice_pay")
def pay(state: State, params: Obj, id: str) -> Obj:
    invoice = state.get("invoice", id)
    if invoice["status"] == "draft":
        finalize(state, invoice)
    if invoice["status"] == "paid":
        raise Refusal("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise Refusal("Invoice is void", code="invoice_not_editable")
    if params.get("paid_out_of_band"):
        mark_paid(state, invoice, is_elsewhere=True)
        invoice_settled(state, invoice)
        return invoice
    named = params.get("payment_method")
    method = (
        state.get("payment_method", named, param="payment_method")
        if named
        else card_for(state, invoice)
    )
    result = collect(
        state, invoice, method=method, is_off_session=bool(params.get("off_session")),
        with_retries=False,
    )  # fmt: skip
    invoice_settled(state, invoice)
    if result == "action":
        raise Refusal(
            "Payment for this invoice requires additional user action before it can be completed.",
            status=402, kind="card_error", code="invoice_payment_intent_requires_action",
        )  # fmt: skip
    if result == "declined":
        raise declined_error(intent_of(state, invoice), method)
    return invoice


@route("POST", "/v1/invoices/{id}/void", "invoice_void_invoice")
def void_invoice(state: State, params: Obj, id: str) -> Obj:
    invoice = state.get("invoice", id)
    void(state, invoice)
    invoice_settled(state, invoice)
    return invoice


@route("POST", "/v1/invoices/{id}/mark_uncollectible", "invoice_mark_uncollectible")
def mark_uncollectible(state: State, params: Obj, id: str) -> Obj:
    invoice = state.get("invoice", id)
    write_off(state, invoice)
    invoice_settled(state, invoice)
    return invoice


@route("GET", "/v1/invoices/{id}/lines", "invoice_line_item_list")
def list_lines(state: State, params: Obj, id: str) -> Obj:
    rows = state.get("invoice", id)["lines"]["data"]
    return page_of(rows[::-1], params, url=f"/v1/invoices/{id}/lines")


@route("GET", "/v1/invoice_payments", "invoice_payment_list")
def list_payments(state: State, params: Obj) -> Obj:
    """`payment[payment_intent]` leads from a payment to its invoice."""
    intent = (params.get("payment") or {}).get("payment_intent")
    rows = [
        it for it in state.all("invoice_payment")
        if params.get("invoice", it["invoice"]) == it["invoice"]
        and (not intent or it["_intent"] == intent)
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/invoice_payments")


@route("POST", "/v1/invoiceitems", "invoice_item_create")
def create_item(state: State, params: Obj) -> Obj:
    customer = live_customer(state, params.get("customer", ""))
    currency = params.get("currency") or customer["currency"] or "usd"
    if "amount" not in params:
        raise Refusal("Missing required param: amount.", code="parameter_missing", param="amount")
    period = params.get("period") or {"start": state.now, "end": state.now}
    made = line(
        state, amount=params["amount"], currency=currency, text=params.get("description", ""),
        start=period["start"], end=period["end"], subscription=params.get("subscription"),
        metadata=params.get("metadata"),
    )  # fmt: skip
    item = invoice_item(state, customer, made)
    if id := params.get("invoice"):
        _add(state, item, state.get("invoice", id, param="invoice"))
    return item


def _add(state: State, item: Obj, invoice: Obj) -> None:
    if invoice["status"] != "draft":
        raise Refusal("Invoice is already finalized.", code="invoice_not_editable", param="invoice")
    item["invoice"] = invoice["id"]
    lines = invoice["lines"]["data"]
    lines.append(item["_line"] | {"invoice": invoice["id"]})
    total = sum(it["amount"] for it in lines)
    for name in ("subtotal", "total", "amount_due", "amount_remaining"):
        invoice[name] = max(0, total) if name.startswith("amount") else total


@route("GET", "/v1/invoiceitems", "invoice_item_list")
def list_items(state: State, params: Obj) -> Obj:
    rows = [
        it for it in state.all("invoiceitem")
        if not it.get("deleted") and params.get("customer", it["customer"]) == it["customer"]
        and params.get("pending", it["invoice"] is None) == (it["invoice"] is None)
        and params.get("invoice", it["invoice"]) == it["invoice"]
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/invoiceitems")


@route("GET", "/v1/invoiceitems/{id}", "invoice_item_retrieve")
def retrieve_item(state: State, params: Obj, id: str) -> Obj:
    return state.get("invoiceitem", id)


@route("DELETE", "/v1/invoiceitems/{id}", "invoice_item_delete")
def delete_item(state: State, params: Obj, id: str) -> Obj:
    item = state.get("invoiceitem", id)
    if item["invoice"]:
        raise missing("invoiceitem", id)
    item["deleted"] = True
    state.emit("invoiceitem.deleted", item)
    return {"id": id, "object": "invoiceitem", "deleted": True}
