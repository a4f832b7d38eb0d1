"""What billing knows about one person, for the file that they may take away."""

from collections.abc import Iterator
from typing import Any

from billing.models import CreditGrant, Invoice, SpendingAlert, UsageRecord

ROWS_AT_ONCE = 2_000
USAGE = (
    "call_id", "attempt", "at", "key_prefix", "tier", "payer", "paid_from", "debate_id",
    "call_kind", "complexity", "language", "requested_model", "deployment", "cache_layer",
    "outcome", "error_code", "fresh_input_tokens", "cache_read_tokens", "cache_write_tokens",
    "output_tokens", "searches", "cost_nanos", "latency_ms",
)
INVOICES = (
    "number", "created_at", "status", "subject", "currency", "total_minor", "paid_minor",
    "refunded_minor", "paid_at", "stripe_id",
)
CREDIT = ("granted_at", "expires_at", "nanos", "lapsed_nanos", "reversed_nanos")
ALERTS = ("kind", "threshold", "is_on", "created_at")
Row = tuple[Any, ...]


def usage_rows(user_id: int) -> Iterator[Row]:
    """The oldest first, read a piece at a time."""
    rows = UsageRecord.objects.filter(user_id=user_id).order_by("at", "pk")
    return rows.values_list(*USAGE).iterator(chunk_size=ROWS_AT_ONCE)


def invoice_rows(user_id: int) -> Iterator[Row]:
    """Those addressed to the person; an organisation's are its own."""
    rows = Invoice.objects.filter(customer__user=user_id).order_by("created_at")
    return rows.values_list(*INVOICES).iterator()


def credit_rows(user_id: int) -> Iterator[Row]:
    rows = CreditGrant.objects.filter(customer__user=user_id).order_by("granted_at")
    return rows.values_list(*CREDIT).iterator()


def alert_rows(user_id: int) -> Iterator[Row]:
    rows = SpendingAlert.objects.filter(customer__user=user_id).order_by("pk")
    return rows.values_list(*ALERTS).iterator()
