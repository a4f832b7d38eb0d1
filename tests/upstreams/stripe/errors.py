"""What Stripe answers when it refuses: a status, a type, often a code, the parameter at fault."""

from typing import Any


class Refusal(Exception):
    """Becomes an error body. What was changed before it stays, as at Stripe (a failed payment)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, **more}
        if code:
            self.error |= {"code": code, "doc_url": f"https://docs.stripe.com/error-codes/{code}"}
        if param:
            self.error["param"] = param


def missing(kind: str, id: str, *, param: str = "id", status: int = 404) -> Refusal:
    name = kind.rpartition(".")[2].replace("_", " ")
    return Refusal(f"No such {name}: '{id}'", status=status, code="resource_missing", param=param)


def declined(code: str, message: str, **more: Any) -> Refusal:
    return Refusal(message, status=402, kind="card_error", code=code, **more)


def mixed_currencies(now_in: str) -> Refusal:
    return Refusal(
        "You cannot combine currencies on a single customer. This customer has an active "
        "subscription, subscription schedule, discount, quote, or invoice item with currency "
        f"{now_in}"
    )
