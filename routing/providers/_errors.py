"""Vendor failures into our own. Every adapter translates here, once.

Messages are for customers: they name the vendor and what to do, never a key, and never an
upstream's text, except where it says what is wrong with the call itself.
"""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import httpx2

from costcontrol.lib import clock
from costcontrol.lib.errors import (
    ProviderError,
    ProviderMalformed,
    ProviderQuotaSpent,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from costcontrol.lib.sentences import Sentence as _

T = TypeVar("T")

LONGEST_QUOTE = 200  # characters of an upstream's own words
REJECTED = frozenset({400, 413, 422})
MISCONFIGURED = frozenset({401, 403, 404, 405})
CUT_BY_A_PROXY = frozenset({504, 524})  # the vendor behind it may have finished, and may bill

# What vendors call "your account has no money left", whatever status they send it with.
QUOTA_KINDS = frozenset({
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error",
    "contract_spend_limit_reached", "enforced_spend_limit_reached",
    "linked_organization_spend_limit_reached",
})  # fmt: skip

# An error inside a stream has a name but no status.
STATUS_OF_KIND = {
    "invalid_request_error": 400, "authentication_error": 401, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429,
    "rate_limit_exceeded": 429, "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip

# Ollama's client is built on httpx, the other two on httpx2: the same tree, twice.
NEVER_SENT = (
    httpx.InvalidURL, httpx2.InvalidURL, httpx.UnsupportedProtocol, httpx2.UnsupportedProtocol,
    httpx.LocalProtocolError, httpx2.LocalProtocolError, UnicodeError,
)  # fmt: skip
NEVER_CONNECTED = (
    httpx.ConnectError, httpx2.ConnectError, httpx.ConnectTimeout, httpx2.ConnectTimeout,
    httpx.PoolTimeout, httpx2.PoolTimeout, httpx.ProxyError, httpx2.ProxyError,
)  # fmt: skip
TIMEOUTS = (httpx.TimeoutException, httpx2.TimeoutException)
TRANSPORT_ERRORS = (
    httpx.HTTPError, httpx2.HTTPError, httpx.StreamError, httpx2.StreamError, *NEVER_SENT,
)  # fmt: skip


class ProviderMisconfigured(ProviderUnavailable):
    """The provider refuses our key, or does not know the model: the operator has to act."""

    code = "upstream_misconfigured"
    may_retry = False


def from_status(
    vendor: str, status: int, *, headers: Mapping[str, str], kind: str = "", message: str = ""
) -> ProviderError:
    """The error for an HTTP error reply. Nothing is owed for one."""
    facts: dict[str, Any] = {
        "retry_after_s": retry_after_s(headers),
        "upstream_status": status,
        "is_billed": None if status in CUT_BY_A_PROXY else False,
    }
    named = {"vendor": vendor, "status": status}
    if status == 402 or kind in QUOTA_KINDS:
        return ProviderQuotaSpent(
            _("The platform's account at %(vendor)s is used up.") % named, **facts
        )
    if status == 429:
        return ProviderRateLimited(
            _("%(vendor)s is busy. Try again in a moment.") % named, **facts
        )
    if status in MISCONFIGURED:
        return ProviderMisconfigured(
            _("%(vendor)s does not accept the platform's key or does not know the model "
              "(status %(status)d). The operator has to correct the deployment.") % named,
            **facts,
        )
    if status in REJECTED:
        return ProviderRejected(
            _("%(vendor)s refused this call: %(quote)s") % (named | {"quote": _quote(message)}),
            **facts,
        )
    if status in CUT_BY_A_PROXY:
        return ProviderTimeout(
            _("%(vendor)s did not answer in time. Try again.") % named, **facts
        )
    return ProviderUnavailable(
        _("%(vendor)s failed (status %(status)d). Try again.") % named, **facts
    )


def from_event(vendor: str, error: Any) -> ProviderError:
    """The error for an `error` object inside a stream: work may have been done, and billed."""
    fields = error if isinstance(error, dict) else {"message": error}
    code, kind = fields.get("code"), str(fields.get("type") or "")
    if isinstance(code, str) and (code in STATUS_OF_KIND or code in QUOTA_KINDS):
        kind = code
    is_status = isinstance(code, int) and 400 <= code <= 599
    status = int(code or 0) if is_status else STATUS_OF_KIND.get(kind, 500)
    message = str(fields.get("message") or "")
    failure = from_status(vendor, status, headers={}, kind=kind, message=message)
    failure.is_billed = None
    return failure


def from_transport(vendor: str, error: BaseException | None) -> ProviderError:
    """The error for a line that was never open, went silent or was cut."""
    if isinstance(error, NEVER_SENT):
        return misaddressed(vendor)
    is_billed = False if isinstance(error, NEVER_CONNECTED) else None
    named = {"vendor": vendor, "what": type(error).__name__}
    if isinstance(error, TIMEOUTS):
        return ProviderTimeout(
            _("%(vendor)s did not answer in time (%(what)s). Try again.") % named,
            is_billed=is_billed,
        )
    return ProviderUnavailable(
        _("%(vendor)s could not be reached or hung up (%(what)s). Try again.") % named,
        is_billed=is_billed,
    )


def misaddressed(vendor: str) -> ProviderMisconfigured:
    return ProviderMisconfigured(
        _("The address or the key for %(vendor)s is not usable. The operator has to correct it.")
        % {"vendor": vendor}
    )


def malformed(vendor: str) -> ProviderMalformed:
    return ProviderMalformed(
        _("%(vendor)s sent an answer that cannot be read.") % {"vendor": vendor}, is_billed=None
    )


def parsed(vendor: str, parse: Callable[[Any], T], value: Any) -> T:
    """`parse(value)`, where a value of another shape than agreed is the upstream's failure."""
    try:
        return parse(value)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise malformed(vendor) from None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None without a usable one."""
    if (value := headers.get("retry-after", "").strip()) == "":
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return seconds if 0 <= seconds < float("inf") else None


def _seconds_until(http_date: str) -> float:
    try:
        return max(0.0, (parsedate_to_datetime(http_date) - clock.now()).total_seconds())
    except (TypeError, ValueError):
        return float("inf")


def _quote(message: str) -> str:
    text = " ".join(message.split())
    if not text:
        return _("it gave no reason")
    text = "".join(each if each.isprintable() else "\ufffd" for each in text[:LONGEST_QUOTE + 1])
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
