"""What the explorer can show of calls: spend, calls, tokens, savings, the price of a thousand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import savings
from billing.reports.shapes import Unit
from billing.reports.slices import SliceRow

CALLS_OF_A_PRICE = 1_000
TOKENS = ("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
Value = Callable[[SliceRow], int | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """`note` is its definition. `value` is made of the `columns`. The parts of a ratio do not add
    up. `is_less_better` None: neither is."""

    key: str
    title: str | Promise
    note: str | Promise
    unit: Unit
    value: Value
    columns: tuple[str, ...]
    is_less_better: bool | None = None
    is_ratio: bool = False


def price_of_1000(row: SliceRow) -> int | None:
    """Nanos. None: there was no call."""
    return round(row.cost_nanos * CALLS_OF_A_PRICE / row.calls) if row.calls else None


def saved(row: SliceRow) -> int | None:
    return savings.known_sum(row.saved_nanos, row.compared)


def tokens(row: SliceRow) -> int:
    return sum(getattr(row, name) for name in TOKENS)


MEASURES = (
    Measure(
        "spend", _("Spent"), _("What the ledger booked, failed attempts that were billed too."),
        Unit.NANOS, attrgetter("cost_nanos"), ("cost_nanos",), is_less_better=True,
    ),
    Measure(
        "calls", _("Calls"),
        _("Requests of clients, however many attempts each took; and our own calls, which belong "
          "to no user: judges, embeddings, answers made ahead."),
        Unit.CALLS, attrgetter("calls"), ("calls",),
    ),
    Measure(
        "per_1k", _("Cost of 1,000 calls"),
        _("What was spent, divided by the calls, times a thousand. Refused calls count as calls."),
        Unit.NANOS, price_of_1000, ("cost_nanos", "calls"), is_less_better=True, is_ratio=True,
    ),
    Measure(
        "saved", _("Saved (estimated)"),
        _("What the same calls would have cost on the baseline, less what was spent. Failed "
          "attempts and what we asked for ourselves are taken off."),
        Unit.NANOS, saved, ("saved_nanos", "compared"), is_less_better=False,
    ),
    Measure(
        "tokens", _("Tokens"), _("Read and written by models, in four buckets that add up."),
        Unit.CALLS, tokens, TOKENS,
    ),
    Measure(
        "fresh_input", _("Fresh input tokens"), _("Read by models at the full price."),
        Unit.CALLS, attrgetter("fresh_input_tokens"), ("fresh_input_tokens",),
    ),
    Measure(
        "cache_read", _("Tokens read from a provider's cache"),
        _("Read by models at a tenth of the price or so, because they had been sent before."),
        Unit.CALLS, attrgetter("cache_read_tokens"), ("cache_read_tokens",),
    ),
    Measure(
        "cache_write", _("Tokens written to a provider's cache"),
        _("Read by models and kept by the provider for the next call, at a higher price."),
        Unit.CALLS, attrgetter("cache_write_tokens"), ("cache_write_tokens",),
    ),
    Measure(
        "output", _("Output tokens"), _("Written by models."),
        Unit.CALLS, attrgetter("output_tokens"), ("output_tokens",),
    ),
)
BY_KEY: Mapping[str, Measure] = {each.key: each for each in MEASURES}
CARDS = ("spend", "calls", "per_1k", "saved", "tokens")
TOKEN_BUCKETS = ("fresh_input", "cache_read", "cache_write", "output")
