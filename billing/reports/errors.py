"""What went wrong at a provider or with us, apart from what we refused on purpose."""

from collections.abc import Callable

from billing.models import UsageRecord
from billing.reports.facts import Facts, by_bucket
from billing.reports.reading import OutcomeSum
from billing.reports.shapes import Series, Unit

Outcome = UsageRecord.Outcome

# Refused by our own rules: limits, budgets, plans, and calls that nobody could answer as written.
REFUSALS = frozenset({
    "invalid_request", "payload_too_large", "unsupported_parameter", "context_length_exceeded",
    "model_not_found", "method_not_allowed", "invalid_api_key", "not_found",
    "idempotency_conflict", "refused", "rate_limited", "quota_exceeded", "payment_required",
    "tier_feature", "budget_exhausted", "unpriced_model", "payments_off", "payment_refused",
    "account_suspended",
})


def by_code(facts: Facts) -> Series:
    """Failed attempts, and calls that ended in an error that was not the caller's."""
    return _by_code(facts, lambda row: row.outcome == Outcome.FAILED or is_failed_call(row))


def refusals(facts: Facts) -> Series:
    return _by_code(facts, is_refusal)


def is_refusal(row: OutcomeSum) -> bool:
    return row.outcome == Outcome.REFUSED and row.error_code in REFUSALS


def is_failed_call(row: OutcomeSum) -> bool:
    """Ended without an answer, or with a part of one. A caller who hung up is no error."""
    if row.outcome == Outcome.REFUSED:
        return not is_refusal(row)
    return row.outcome == Outcome.INCOMPLETE and bool(row.error_code)


def _by_code(facts: Facts, is_meant: Callable[[OutcomeSum], bool]) -> Series:
    """Most frequent first."""
    rows = [row for row in facts.outcomes if is_meant(row)]
    sums = by_bucket(rows, lambda row: row.error_code or "unknown", lambda row: row.attempts)
    total = {code: sum(count or 0 for count in line.values()) for code, line in sums.items()}
    ranked = sorted(sums, key=lambda code: (-total[code], code))
    return facts.series({code: sums[code] for code in ranked}, Unit.CALLS)
