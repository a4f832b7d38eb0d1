"""How a call can fail.

CostControlError
    BadRequest                  the call cannot be understood or carried out as written
    Unauthenticated             no such key
    NotFound
    Conflict                    the same idempotency key, another call
    Refused                     we said no; may carry retry_after
        RateLimited (Suspended), QuotaExceeded, PaymentRequired, TierFeature, BudgetExhausted,
        UnpricedModel,
        Unavailable             nobody is left who could answer
        PaymentsOff             nothing can be bought: no Stripe is configured
        PaymentRefused          the card, the bank or an open invoice says no
    ProviderError               they failed; says whether another try can help and what is owed
        ProviderTimeout, ProviderRateLimited, ProviderRejected, ProviderUnavailable,
        ProviderQuotaSpent, ProviderMalformed, ReservationLost

`code` and `status` live on the class; the message is a sentence for a customer that says what to
do next. Catch only where there is a decision: the gateway (next candidate), the outermost view
(render).
"""

from typing import Any, ClassVar


class CostControlError(Exception):
    """The root. `details` are extra public fields of the error body."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.param = param
        self.details = details
        self.call_id = ""  # set by the gateway, so that a refused call can be explained too


class BadRequest(CostControlError):
    code, status = "invalid_request", 400


class PayloadTooLarge(BadRequest):
    code, status = "payload_too_large", 413


class UnsupportedParameter(BadRequest):
    code = "unsupported_parameter"


class ContextTooLong(BadRequest):
    code = "context_length_exceeded"


class UnknownModel(BadRequest):
    code, status = "model_not_found", 404


class Unauthenticated(CostControlError):
    code, status = "invalid_api_key", 401


class NotFound(CostControlError):
    code, status = "not_found", 404


class Conflict(CostControlError):
    code, status = "idempotency_conflict", 409


class Refused(CostControlError):
    code, status = "refused", 403


class RateLimited(Refused):
    code, status = "rate_limited", 429


class Suspended(RateLimited):
    """The operator lets this user make no calls for now."""

    code = "account_suspended"


class QuotaExceeded(Refused):
    """The caller's own limit: which one, how much is used, when it opens again."""

    code, status = "quota_exceeded", 429


class PaymentRequired(Refused):
    code, status = "payment_required", 402


class TierFeature(Refused):
    code, status = "tier_feature", 403


class BudgetExhausted(Refused):
    """A budget of the operator (platform, tier, provider) is closed."""

    code, status = "budget_exhausted", 503


class UnpricedModel(Refused):
    """No price, no call: an unknown price is never $0."""

    code, status = "unpriced_model", 400


class Unavailable(Refused):
    code, status = "upstream_unavailable", 503


class PaymentsOff(Refused):
    """This server has no Stripe key: everything works but the payment."""

    code, status = "payments_off", 503


class PaymentRefused(Refused):
    """The card was declined, a bank or an invoice waits, or Stripe cannot be reached."""

    code, status = "payment_refused", 402


class ProviderError(CostControlError):
    """An upstream failed.

    `may_retry`: the same call could succeed there later. `is_billed`: False when the upstream
    answered with an error (nothing is owed), None when we cannot know (time-out, cut line).
    """

    code, status = "upstream_unavailable", 503
    may_retry: ClassVar[bool] = True
    opens_breaker: ClassVar[bool] = True

    def __init__(
        self, message: str, *, is_billed: bool | None = False, retry_after_s: float | None = None,
        upstream_status: int | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.is_billed = is_billed
        self.upstream_status = upstream_status


class ProviderTimeout(ProviderError):
    code = "upstream_timeout"


class ProviderRateLimited(ProviderError):
    code = "upstream_rate_limited"


class ProviderQuotaSpent(ProviderError):
    """The account at the provider is out of money or over its own limit: a retry cannot help."""

    code = "upstream_quota_spent"
    may_retry = False


class ProviderRejected(ProviderError):
    """The upstream says that the call itself is wrong: nobody's health suffers."""

    code, status = "upstream_rejected", 400
    may_retry = False
    opens_breaker = False


class ProviderUnavailable(ProviderError):
    pass


class ReservationLost(ProviderError):
    """The lease ran out under a call (a process that slept): the fault is ours."""

    code = "reservation_lost"
    may_retry = False
    opens_breaker = False


class ProviderMalformed(ProviderError):
    code = "upstream_malformed"
