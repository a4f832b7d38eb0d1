"""What a row of usage should have cost, and the row that says by how much it was wrong.

A row is reckoned from what stands in it: its own tokens, at the price that it was booked at and at
the right one, by the function that booked it. What was corrected before counts, so correcting
twice, or back, ends at the figure that the last correction says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.models import ModelPrice, PriceCorrection, UsageRecord
from billing.prices import PRICE_FIELDS, Price, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from costcontrol.lib.money import Nanos

Outcome = UsageRecord.Outcome
COPIED = (
    "call_id", "attempt", "at", "user_id", "key_prefix", "tier", "debate_id", "call_kind",
    "complexity", "language", "requested_model", "deployment", "model_class", "provider", "model",
    "is_economy", "confidence", "payer", "paid_from", "stage", "speaker", "parent_call_id",
    "is_holdout", "baseline",
)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of one row, or of a difference."""

    cost_nanos: int = 0
    prompt_cache_nanos: int = 0
    search_nanos: int = 0

    @classmethod
    def of(cls, row: UsageRecord) -> "Amounts":
        return cls(row.cost_nanos, row.prompt_cache_nanos, row.search_nanos or 0)

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.cost_nanos + other.cost_nanos, self.prompt_cache_nanos + other.prompt_cache_nanos,
            self.search_nanos + other.search_nanos,
        )

    def __sub__(self, other: "Amounts") -> "Amounts":
        return self + Amounts(-other.cost_nanos, -other.prompt_cache_nanos, -other.search_nanos)


@dataclass(frozen=True, slots=True)
class Change:
    """One row: as it stands in the sums now, and as it should."""

    row: UsageRecord
    booked: Amounts
    right: Amounts

    @property
    def difference(self) -> Amounts:
        return self.right - self.booked


def book_of(correction: PriceCorrection) -> dict[int, Price]:
    """All prices that ever were of the one that is corrected, by their ids."""
    rows = ModelPrice.objects.filter(
        provider=correction.provider, model=correction.model, processing=correction.processing,
        min_input_tokens=correction.min_input_tokens,
    )
    return {row["id"]: Price(**row) for row in rows.values(*PRICE_FIELDS)}


def price_of(correction: PriceCorrection) -> Price:
    """The right one."""
    return Price(**{name: getattr(correction, name) for name in PRICE_FIELDS})


def changes_of(
    rows: Sequence[UsageRecord], correction: PriceCorrection, book: Mapping[int, Price]
) -> list[Change]:
    """Under the lock of whoever posts: what was corrected before is read here."""
    before = _corrected(rows)
    found = []
    for row in rows:
        earlier = before[row.pk]
        booked = sum(map(Amounts.of, earlier), Amounts.of(row))
        if correction.takes_back_id:
            taken = [one for one in earlier if one.correction_id == correction.takes_back_id]
            right = booked - sum(map(Amounts.of, taken), Amounts())
        else:
            right = right_of(row, was=_as_booked(row, book), new=price_of(correction))
        found.append(Change(row, booked, right))
    return found


def right_of(row: UsageRecord, *, was: Price, new: Price) -> Amounts:
    """At another price. What was booked below its price, as an estimate that was held for less,
    stays the same part of it."""
    usage = usage_of(row)
    listed, right = cost(usage, was), cost(usage, new)
    if row.cost_nanos != listed:
        right = Nanos(-(-row.cost_nanos * right // listed) if listed else row.cost_nanos)
    cached = row.prompt_cache_nanos
    if cached == prompt_cache_nanos(usage, was):
        cached = prompt_cache_nanos(usage, new)
    searched = 0
    if row.search_nanos is not None:  # older rows do not say
        searched = min(right, cost(Usage(searches=usage.searches), new))
    return Amounts(right, cached, searched)


def usage_of(row: UsageRecord) -> Usage:
    return Usage(
        row.fresh_input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens,
        row.searches,
    )


def row_of(change: Change, correction: PriceCorrection) -> UsageRecord:
    """Differences only. No tokens, no times, no price: nothing of it is counted."""
    row, by = change.row, change.difference
    is_known = row.outcome == Outcome.FAILED or row.baseline_nanos is not None
    return UsageRecord(
        **{name: getattr(row, name) for name in COPIED}, outcome=Outcome.CORRECTED,
        correction_id=correction.pk, corrects_id=row.pk, corrects_outcome=row.outcome,
        cost_nanos=by.cost_nanos, prompt_cache_nanos=by.prompt_cache_nanos,
        search_nanos=None if row.search_nanos is None else by.search_nanos,
        baseline_nanos=0 if is_known else None,  # what others would have cost stays as it is
    )


def _corrected(rows: Sequence[UsageRecord]) -> Mapping[int, list[UsageRecord]]:
    """By the row that they correct."""
    found: dict[int, list[UsageRecord]] = defaultdict(list)
    made = UsageRecord.objects.filter(
        call_id__in={row.call_id for row in rows}, outcome=Outcome.CORRECTED
    )
    for row in made:
        found[row.corrects_id or 0].append(row)
    return found


def _as_booked(row: UsageRecord, book: Mapping[int, Price]) -> Price:
    """The prices that were copied into the row; what a search cost is only in the book."""
    price = book[row.price_id or 0]
    copied: dict[str, Any] = {
        "fresh_input": row.price_fresh_input, "cache_read": row.price_cache_read,
        "cache_write": row.price_cache_write, "output": row.price_output,
    }
    values = {name: getattr(price, name) for name in PRICE_FIELDS}
    return Price(**values | {name: each for name, each in copied.items() if each is not None})


def changed(changes: Iterable[Change]) -> list[Change]:
    return [each for each in changes if each.difference != Amounts()]
