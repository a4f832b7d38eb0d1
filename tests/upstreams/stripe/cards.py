"""The test cards and what they do, and the payment methods made of them."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.upstreams.stripe.errors import Refusal, declined
from tests.upstreams.stripe.state import Obj, State

Outcome = Literal["succeeded", "declined", "action"]


@dataclass(frozen=True)
class Card:
    number: str
    does: str  # ok, declines, declines_later, asks_once, asks_always, disputes
    brand: str = "visa"
    code: str = "card_declined"
    message: str = "Your card was declined."
    decline_code: str = "generic_decline"


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "ok"),
        Card("5555555555554444", "ok", brand="mastercard"),
        Card("4000000000000002", "declines"),
        Card("4000000000009995", "declines", message="Your card has insufficient funds.",
             decline_code="insufficient_funds"),
        Card("4000002500003155", "asks_once"),
        Card("4000002760003184", "asks_always"),
        Card("4000000000000341", "declines_later"),
        Card("4000000000000259", "disputes"),
    )
}  # fmt: skip
SHARED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_threeDSecureRequired": "4000002760003184",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_createDispute": "4000000000000259",
}


def card_numbered(number: str) -> Card:
    digits = number.replace(" ", "")
    if digits not in CARDS:
        raise declined(
            "incorrect_number", "Your card number is incorrect. Use one of the test cards.",
            param="number",
        )  # fmt: skip
    return CARDS[digits]


def card_of(method: Obj) -> Card:
    return CARDS[method["_number"]]


def new_method(state: State, number: str, *, billing: Any = None, metadata: Any = None) -> Obj:
    card = card_numbered(number)
    details = {
        "brand": card.brand, "display_brand": card.brand, "last4": card.number[-4:],
        "exp_month": 12, "exp_year": 2034, "funding": "credit", "country": "US",
        "fingerprint": f"fake{card.number[-8:]}", "checks": None, "networks": None,
        "three_d_secure_usage": {"supported": True}, "wallet": None, "generated_from": None,
        "regulated_status": "unregulated",
    }  # fmt: skip
    empty = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    return state.new(
        "payment_method", type="card", card=details, customer=None, allow_redisplay="unspecified",
        billing_details=empty | (billing or {}), metadata=metadata or {}, _number=card.number,
        _is_set_up=False,
    )  # fmt: skip


def method_named(state: State, id: str) -> Obj:
    """One of Stripe's shared test methods becomes one of its own each time it is used."""
    if id in SHARED:
        return new_method(state, SHARED[id])
    return state.get("payment_method", id, param="payment_method")


def attach(state: State, method: Obj, customer: Obj) -> Obj:
    card = card_of(method)
    if card.does == "declines":
        raise declined(card.code, card.message, decline_code=card.decline_code)
    if method["customer"] not in (None, customer["id"]):
        raise Refusal(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if method["customer"] is None:
        method["customer"] = customer["id"]
        state.emit("payment_method.attached", method)
    return method


def outcome(method: Obj, *, is_off_session: bool, is_authenticated: bool = False) -> Outcome:
    """What a charge on it comes to. A card that asks once is silent after it was set up."""
    match card_of(method).does:
        case "declines" | "declines_later":
            return "declined"
        case "asks_always" if not is_authenticated:
            return "declined" if is_off_session else "action"
        case "asks_once" if not (is_authenticated or method["_is_set_up"]):
            return "declined" if is_off_session else "action"
    return "succeeded"


def refusal_of(method: Obj) -> Refusal:
    card = card_of(method)
    if card.does in ("asks_once", "asks_always"):
        return declined(
            "authentication_required", "Your card was declined. This transaction requires "
            "authentication.", decline_code="authentication_required",
        )  # fmt: skip
    return declined(card.code, card.message, decline_code=card.decline_code)
