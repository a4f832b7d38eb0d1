"""Payment intents and charges: what happens to a card. Who asked for money looks at the outcome."""

from typing import Any

from tests.upstreams.stripe.cards import Outcome, attach, card_of, outcome, refusal_of
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.proration import DAY, LEAST, written
from tests.upstreams.stripe.state import Obj, State


def check_amount(amount: int, currency: str) -> None:
    if amount < LEAST.get(currency, 50):
        raise Refusal(
            f"The amount must be at least {written(LEAST.get(currency, 50), currency)}.",
            code="amount_too_small", param="amount",
        )  # fmt: skip
    if amount > 99_999_999:
        raise Refusal(
            "The amount must be no more than 99,999,999.", code="amount_too_large", param="amount"
        )


def new_intent(
    state: State, *, amount: int, currency: str, customer: str | None, metadata: Obj | None = None,
    **more: Any,
) -> Obj:  # fmt: skip
    intent = state.new(
        "payment_intent", amount=amount, amount_capturable=0, amount_received=0, currency=currency,
        customer=customer, capture_method="automatic", confirmation_method="automatic",
        metadata=metadata or {}, next_action=None, last_payment_error=None, latest_charge=None,
        payment_method=None, payment_method_types=["card"], status="requires_payment_method",
        **more,
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_fake"
    state.emit("payment_intent.created", intent)
    return intent


def confirm(
    state: State, intent: Obj, method: Obj | None, *, is_off_session: bool,
    is_authenticated: bool = False, may_ask_later: bool = False,
) -> Outcome:  # fmt: skip
    """Try to take the money. `may_ask_later`: off session too, a card's owner is asked."""
    if method is None:
        intent["status"] = "requires_payment_method"
        return "declined"
    intent["payment_method"] = method["id"]
    result = outcome(method, is_off_session=is_off_session, is_authenticated=is_authenticated)
    if result == "declined" and may_ask_later and card_of(method).does.startswith("asks"):
        result = "action"
    match result:
        case "succeeded":
            _take(state, intent, method)
        case "action":
            _ask(state, intent)
        case _:
            decline(state, intent, method)
    return result


def _take(state: State, intent: Obj, method: Obj) -> None:
    _save_card(state, intent, method)
    charge = _charge(state, intent, method, status="succeeded")
    intent |= {
        "status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"],
        "next_action": None, "last_payment_error": None,
    }  # fmt: skip
    state.emit("charge.succeeded", charge)
    state.emit("payment_intent.succeeded", intent)
    if card_of(method).does == "disputes":
        dispute(state, charge)


def _save_card(state: State, intent: Obj, method: Obj) -> None:
    customer = state.tables["customer"].get(intent["customer"] or "")
    if customer is not None and intent.get("setup_future_usage"):
        attach(state, method, customer)
        method["_is_set_up"] = True


def _ask(state: State, intent: Obj) -> None:
    """3-D Secure: the owner has to say yes on a page."""
    url = f"{state.origin}/3ds/{intent['id']}"
    intent |= {
        "status": "requires_action",
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": url, "return_url": intent.get("_return_url")},
        },
    }
    state.emit("payment_intent.requires_action", intent)


def decline(state: State, intent: Obj, method: Obj) -> None:
    refusal = refusal_of(method)
    charge = _charge(state, intent, method, status="failed", error=refusal.error)
    # Stripe puts the card here too; the SDK has these fields only
    kept = ("type", "code", "decline_code", "message", "doc_url", "param")
    intent |= {
        "status": "requires_payment_method", "latest_charge": charge["id"], "payment_method": None,
        "next_action": None,
        "last_payment_error": {
            **{key: refusal.error[key] for key in kept if key in refusal.error},
            "charge": charge["id"], "payment_method": dict(method),
        },
    }  # fmt: skip
    state.emit("charge.failed", charge)
    state.emit("payment_intent.payment_failed", intent)


def declined_error(intent: Obj, method: Obj | None) -> Refusal:
    """As the answer of a request: 402 with the intent in it."""
    if method is None:
        return Refusal(
            "This customer has no attached payment source or default payment method.",
            code="resource_missing",
        )
    refusal = refusal_of(method)
    refusal.error |= {"payment_intent": intent, "charge": intent["latest_charge"]}
    return refusal


def _charge(
    state: State, intent: Obj, method: Obj, *, status: str, error: Obj | None = None
) -> Obj:
    is_paid = status == "succeeded"
    card = method["card"]
    details = {
        key: card[key] for key in ("brand", "last4", "exp_month", "exp_year", "funding", "country")
    }
    return state.new(
        "charge", amount=intent["amount"], amount_captured=intent["amount"] if is_paid else 0,
        amount_refunded=0, billing_details=dict(method["billing_details"]), captured=is_paid,
        currency=intent["currency"], customer=intent["customer"],
        description=intent.get("description"), disputed=False, fraud_details={},
        failure_code=error and error["code"], failure_message=error and error["message"],
        metadata=dict(intent["metadata"]), paid=is_paid, payment_intent=intent["id"],
        payment_method=method["id"], refunded=False, status=status,
        payment_method_details={"type": "card", "card": details},
        receipt_email=intent.get("receipt_email"),
        receipt_url=f"{state.origin}/receipt/{intent['id']}",
    )  # fmt: skip


def dispute(state: State, charge: Obj, *, reason: str = "fraudulent") -> Obj:
    charge["disputed"] = True
    case = state.new(
        "dispute", amount=charge["amount"], currency=charge["currency"], charge=charge["id"],
        payment_intent=charge["payment_intent"], reason=reason, status="needs_response",
        balance_transactions=[], enhanced_eligibility_types=[], evidence={},
        evidence_details={
            "due_by": state.now + 7 * DAY, "has_evidence": False, "past_due": False,
            "submission_count": 0, "enhanced_eligibility": {}, "submission_method": None,
        },
        is_charge_refundable=False, metadata={},
    )  # fmt: skip
    state.emit("charge.dispute.created", case)
    return case


def close_dispute(state: State, case: Obj, *, is_won: bool) -> Obj:
    if case["status"] in ("won", "lost"):
        raise Refusal("This dispute is already closed.", code="charge_disputed")
    case["status"] = "won" if is_won else "lost"
    if is_won:
        state.tables["charge"][case["charge"]]["disputed"] = False
    state.emit("charge.dispute.closed", case)
    return case


def refund(
    state: State, charge: Obj, *, amount: int | None = None, reason: str | None = None,
    metadata: Obj | None = None,
) -> Obj:  # fmt: skip
    left = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"] or left <= 0:
        raise Refusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"]:
        raise Refusal(f"Charge {charge['id']} has been charged back.", code="charge_disputed")
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise Refusal(
            f"Refund amount ({written(wanted, charge['currency'])}) is greater than unrefunded "
            f"amount on charge ({written(left, charge['currency'])})", param="amount",
        )  # fmt: skip
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    made = state.new(
        "refund", amount=wanted, charge=charge["id"], currency=charge["currency"],
        payment_intent=charge["payment_intent"], reason=reason, status="succeeded",
        metadata=metadata or {},
    )  # fmt: skip
    state.emit("refund.created", made)
    state.emit("charge.refunded", charge)
    return made
