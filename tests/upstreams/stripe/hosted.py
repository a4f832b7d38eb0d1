"""The pages that customers click through: Checkout, the bank's question, an invoice to pay."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.upstreams.stripe import pages
from tests.upstreams.stripe.cards import attach, new_method
from tests.upstreams.stripe.checkout import add_up, trial_end
from tests.upstreams.stripe.discounts import code_named, redeemable
from tests.upstreams.stripe.errors import Refusal, missing
from tests.upstreams.stripe.invoices import collect, intent_of, mark_paid, subscription_of
from tests.upstreams.stripe.payments import confirm, decline
from tests.upstreams.stripe.proration import iso_day, written
from tests.upstreams.stripe.purchases import complete, give_card
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import invoice_settled
from tests.upstreams.stripe.texts import words


@dataclass(frozen=True)
class Visit:
    """What a browser sent."""

    method: str
    form: dict[str, str] = field(default_factory=dict)
    accepts: str = ""


@dataclass(frozen=True)
class Shown:
    body: bytes
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    location: str = ""


Page = Callable[..., Shown]
_pages: list[tuple[re.Pattern[str], Page]] = []


def hosted(path: str) -> Callable[[Page], Page]:
    pattern = re.compile(path.replace("{id}", "([^/]+)"))

    def register(view: Page) -> Page:
        _pages.append((pattern, view))
        return view

    return register


def visited(state: State, path: str, visit: Visit) -> Shown:
    for pattern, view in _pages:
        if match := pattern.fullmatch(path):
            return view(state, visit, *match.groups())
    raise Refusal("There is no such page.", status=404)


def html(text: str, *, status: int = 200) -> Shown:
    return Shown(text.encode(), status=status)


def go_to(url: str) -> Shown:
    return Shown(b"", status=303, location=url)


@hosted("/checkout/{id}")
def checkout_page(state: State, visit: Visit, id: str) -> Shown:
    session = state.get("checkout.session", id)
    say = words(session["locale"], visit.accepts)
    if session["status"] != "open":
        back = pages.link(_back(session), say["return"], id="back")
        return html(pages.page(say["checkout"], back, say, error=say["over"]), status=410)
    if visit.method == "GET":
        return html(_checkout(state, session, say))
    if visit.form.get("do") == "code":
        return _with_code(state, session, visit, say)
    try:
        if not give_card(
            state, session, visit.form.get("number", ""), email=visit.form.get("email", "")
        ):
            return go_to(f"{state.origin}/3ds/{id}")
    except Refusal as refusal:
        return html(_checkout(state, session, say, error=str(refusal)), status=402)
    return go_to(_success(session))


def _success(session: Obj) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _back(session: Obj) -> str:
    return session["cancel_url"] or _success(session)


def _with_code(state: State, session: Obj, visit: Visit, say: pages.Words) -> Shown:
    code = code_named(state, visit.form.get("code", ""))
    try:
        if code is None or not session["allow_promotion_codes"]:
            raise Refusal(say["unknown"])
        redeemable(state, {"promotion_code": code["id"]})
    except Refusal:
        return html(_checkout(state, session, say, error=say["unknown"]), status=400)
    session["_codes"] = [{"promotion_code": code["id"]}]
    add_up(state, session)
    return html(_checkout(state, session, say))


def _checkout(state: State, session: Obj, say: pages.Words, *, error: str = "") -> str:
    currency = session["currency"]
    rows = [
        (f"{it['quantity']} × {it['description']}", pages.price_text(it["price"], currency, say))
        for it in session["_items"]
    ]  # fmt: skip
    ends = trial_end(state, session) if session["mode"] == "subscription" else None
    if off := session["total_details"]["amount_discount"]:
        rows.append((say["discount"], written(-off, currency)))
    if currency:
        rows.append((say["total"], written(session["amount_total"], currency)))
    if ends:
        rows.append((say["then"].format(date=iso_day(ends), amount=rows[0][1]), ""))
    label = {
        "payment": say["pay"],
        "subscription": say["try" if ends else "subscribe"],
        "setup": say["save"],
    }
    text = label[session["mode"]].format(
        amount=written(session["amount_total"] or 0, currency or "usd")
    )
    inside = pages.card_fields(say) + pages.button(text)
    if not session["customer"]:
        inside = (
            pages.field("email", say["email"], value=session["customer_email"] or "", type="email")
            + inside
        )
    codes = ""
    if session["allow_promotion_codes"]:
        codes = pages.form(
            pages.field("code", say["code"]) + pages.button(say["use"], value="code", is_plain=True)
        )
    body = pages.table(rows) + codes + pages.form(inside + pages.card_help(say))
    body += pages.link(session["cancel_url"] or "", say["back"], id="back")
    return pages.page(say["checkout"], body, say, error=error)


@hosted("/3ds/{id}")
def bank_page(state: State, visit: Visit, id: str) -> Shown:
    """The bank's question, about a session or a payment."""
    thing = state.find(id)
    if thing is None:
        raise missing("payment_intent", id)
    is_session = thing["object"] == "checkout.session"
    say = words(thing.get("locale") if is_session else None, visit.accepts)
    if visit.method == "GET":
        inside = pages.button(say["confirm"], value="complete") + pages.button(
            say["fail"], value="fail", is_plain=True
        )
        return html(pages.page(say["3ds"], f"<p>{say['bank']}</p>" + pages.form(inside), say))
    is_yes = visit.form.get("do") == "complete"
    if is_session:
        return _session_answered(state, thing, say, is_yes=is_yes)
    return _intent_answered(state, thing, is_yes=is_yes)


def _session_answered(state: State, session: Obj, say: pages.Words, *, is_yes: bool) -> Shown:
    if session["status"] != "open":
        return go_to(_back(session))
    if not is_yes:
        return html(_checkout_again(state, session, say), status=402)
    try:
        complete(state, session, is_authenticated=True)
    except Refusal as refusal:
        return html(_checkout(state, session, say, error=str(refusal)), status=402)
    return go_to(_success(session))


def _checkout_again(state: State, session: Obj, say: pages.Words) -> str:
    body = pages.link(f"{state.origin}/checkout/{session['id']}", say["return"], id="again")
    return pages.page(say["3ds"], body, say, error=say["refused"])


def answer_bank(state: State, intent: Obj, *, is_yes: bool) -> None:
    """What the customer said, from the page or from a test."""
    if intent["status"] != "requires_action":
        raise Refusal("Nobody waits for an answer here.", code="payment_intent_unexpected_state")
    method = state.tables["payment_method"][intent["payment_method"]]
    invoice = state.tables["invoice"].get(intent.get("_invoice") or "")
    if is_yes:
        confirm(state, intent, method, is_off_session=False, is_authenticated=True)
    else:
        decline(state, intent, method)
    if invoice is None:
        return
    if intent["status"] == "succeeded":
        mark_paid(state, invoice)
    else:
        state.emit("invoice.payment_failed", invoice)
    invoice_settled(state, invoice)


def _intent_answered(state: State, intent: Obj, *, is_yes: bool) -> Shown:
    if intent["status"] == "requires_action":
        answer_bank(state, intent, is_yes=is_yes)
    back = intent.get("_return_url")
    invoice = intent.get("_invoice")
    return go_to(
        back or f"{state.origin}/{'invoice/' + invoice if invoice else 'receipt/' + intent['id']}"
    )


@hosted("/invoice/{id}")
def invoice_page(state: State, visit: Visit, id: str) -> Shown:
    invoice = state.get("invoice", id)
    say = words(None, visit.accepts)
    if visit.method == "GET" or invoice["status"] != "open":
        return html(_invoice(state, invoice, say))
    try:
        result = pay_with(state, invoice, visit.form.get("number", ""))
    except Refusal as refusal:
        return html(_invoice(state, invoice, say, error=str(refusal)), status=402)
    if result == "action":
        return go_to(f"{state.origin}/3ds/{invoice['_intent']}")
    if result == "declined":
        problem = intent_of(state, invoice)["last_payment_error"]["message"]
        return html(_invoice(state, invoice, say, error=problem), status=402)
    return go_to(f"{state.origin}/invoice/{id}")


def pay_with(state: State, invoice: Obj, number: str) -> str:
    """A new card, for this invoice and the subscription behind it."""
    customer = state.tables["customer"][invoice["customer"]]
    method = new_method(state, number)
    attach(state, method, customer)
    subscription = subscription_of(state, invoice)
    if subscription:
        with state.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = method["id"]
    result = collect(state, invoice, method=method, is_off_session=False, with_retries=False)
    invoice_settled(state, invoice)
    return result


def _invoice(state: State, invoice: Obj, say: pages.Words, *, error: str = "") -> str:
    currency = invoice["currency"]
    rows = [
        (it["description"] or "", written(it["amount"], currency))
        for it in invoice["lines"]["data"]
    ]
    rows.append((pages.status_word(invoice, say), written(invoice["amount_due"], currency)))
    body = pages.table(rows) + pages.link(invoice["invoice_pdf"] or "", say["pdf"], id="pdf")
    if invoice["status"] == "open":
        pay = say["pay"].format(amount=written(invoice["amount_due"], currency))
        body += pages.form(pages.card_fields(say) + pages.button(pay) + pages.card_help(say))
    return pages.page(say["invoice"].format(number=invoice["number"]), body, say, error=error)


@hosted("/invoice/{id}/pdf")
def invoice_pdf(state: State, visit: Visit, id: str) -> Shown:
    invoice = state.get("invoice", id)
    currency = invoice["currency"]
    lines: list[Any] = [
        "TEST - no real money", f"Invoice {invoice['number']}", invoice["customer_email"] or "", "",
        *(
            f"{it['description']}: {written(it['amount'], currency)}"
            for it in invoice["lines"]["data"]
        ),
        "", f"Total {written(invoice['total'], currency)} - {invoice['status']}",
    ]  # fmt: skip
    return Shown(pages.pdf(lines), kind="application/pdf")


@hosted("/receipt/{id}")
def receipt(state: State, visit: Visit, id: str) -> Shown:
    intent = state.get("payment_intent", id)
    say = words(None, visit.accepts)
    rows = [(intent["status"], written(intent["amount"], intent["currency"]))]
    return html(pages.page(say["receipt"], pages.table(rows), say))
